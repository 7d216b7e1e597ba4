-- When the caption was last edited, by the edit's own time; null while it is the one that came with the message.
alter table media add column caption_edited_at integer;

-- New captions of messages that are not here yet, as long as the deliveries that brought them are kept.
create table caption_edits (
  instance   text not null references instances (id),
  message_id text not null,
  delivery   text not null references deliveries (id) on delete cascade deferrable initially deferred,
  kind       text not null,
  chat_id    text,
  sender_id  text,
  sender_lid text,
  from_me    integer not null,
  is_group   integer not null,
  -- null when the caption was taken away
  caption    text,
  edited_at  integer not null,
  primary key (instance, message_id, delivery)
) strict;
create index caption_edits_by_instance on caption_edits (instance, delivery);
create index caption_edits_by_delivery on caption_edits (delivery);

-- A delivery that is kept and not read is set aside; quarantine is for files.
update deliveries set verdict = 'set_aside' where verdict = 'quarantined';
