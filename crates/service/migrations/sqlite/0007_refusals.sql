-- Deliveries that were refused (401, 404, 413, 415), added up: nothing else of them is kept. What is not known is empty.
create table refusals (
  gateway    text not null,
  instance   text not null,
  -- the instance at whose address it came, where that is another one
  address_of text not null,
  reason     text not null,
  count      integer not null,
  first_at   integer not null,
  last_at    integer not null,
  primary key (gateway, instance, address_of, reason)
) strict, without rowid;

-- Tokens of webhook addresses that are no longer accepted, the last few of each instance: a gateway that still uses one
-- is recognised by it.
create table hooks_retired (
  number   integer primary key,
  hash     blob not null unique,
  instance text not null references instances (id)
) strict;
create index hooks_retired_by_instance on hooks_retired (instance);
