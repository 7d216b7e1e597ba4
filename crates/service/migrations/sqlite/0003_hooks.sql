-- Webhook addresses that are taken as well until rotate-hook: configure-webhooks makes a new one each time, and a slot in
-- which it did not stick goes on calling an old one.
create table hooks_before (
  hash     blob primary key,
  instance text not null references instances (id)
) strict;
create index hooks_before_by_instance on hooks_before (instance);
insert into hooks_before select hook_hash_before, id from instances where hook_hash_before is not null;
alter table instances drop column hook_hash_before;

-- Whether what a slot held was an address of ours.
alter table slots_before add column ours integer not null default 0;

-- How many deliveries of any kind came in each hour (unix hours): how an instance usually sounds.
create table hours (
  instance   text not null references instances (id),
  hour       integer not null,
  deliveries integer not null,
  primary key (instance, hour)
) strict, without rowid;
insert into hours select instance, received_at / 3600000, count(*) from deliveries group by instance, received_at / 3600000;
