-- Legal holds: what retention and erasure leave alone.
create table holds (
  id          text primary key,
  client      integer not null references clients (id),
  -- as it was given; both are null for everything of the client
  chat        text,
  person      text,
  reason      text not null,
  created_by  text not null,
  created_at  integer not null,
  released_at integer
) strict;
create index holds_in_force on holds (client) where released_at is null;

-- The ids, without server and device, by which a hold covers media.
create table hold_ids (
  hold      text not null references holds (id),
  -- empty for everything of the client
  id        text not null,
  -- 1: also what the id sent in other chats
  of_sender integer not null,
  primary key (hold, id)
) strict, without rowid;

-- The raw deliveries of media on hold: in place of an index of all media by delivery.
create table hold_deliveries (
  delivery text not null,
  hold     text not null references holds (id),
  primary key (delivery, hold)
) strict, without rowid;
