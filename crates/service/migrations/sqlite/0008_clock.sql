-- The wall clock as it was trusted last: unix milliseconds, and of the same moment the milliseconds since boot.
create table clock (
  id     integer primary key check (id = 1),
  wall   integer not null,
  uptime integer not null,
  -- which boot; null where the system does not tell
  boot   text
) strict;

-- Since when, and in how many rounds in a row, every answer was that the media cannot be had.
alter table media add column refused_since integer;
alter table media add column refused_rounds integer not null default 0;
