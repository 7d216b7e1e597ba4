-- The last deleted event of each client: a reader of one client is compared with its own events only.
create table event_marks (
  client integer primary key,
  last   integer not null
) strict;
-- What was deleted before is not known by client: everything before the first event that is there.
insert into event_marks (client, last)
  select id, coalesce((select min(seq) from events where client = clients.id), kept.first) - 1
  from clients, (select coalesce((select min(seq) from events), (select seq + 1 from sqlite_sequence where name = 'events'), 1) as first) as kept
  where kept.first > 1;
