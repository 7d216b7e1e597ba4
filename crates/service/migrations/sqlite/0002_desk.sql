-- How far a running download is; a figure for people, written once a second.
alter table media add column fetched_bytes integer;

-- What a gateway's webhook slots held before configure-webhooks changed them, sealed, for an address may hold a token.
create table slots_before (
  instance text not null references instances (id),
  field    text not null,
  held     blob,
  primary key (instance, field)
) strict;

-- Where long work that was stopped goes on.
create table marks (
  name text primary key,
  mark text not null,
  at   integer not null
) strict;

create index deliveries_by_instance on deliveries (instance, id);
create index media_inline on media (delivery) where inline = 1;
create index attempts_by_time on attempts (started_at);
-- How many media have come to an end, and how, without a look at each of a million rows.
create index media_ended on media (status, instance, kind) where status not in ('pending', 'downloading');
