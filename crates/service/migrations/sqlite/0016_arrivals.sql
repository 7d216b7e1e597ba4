-- How a delivery came: from the gateway, or from its list of messages after its webhook never came.
alter table deliveries add column arrival text not null default 'webhook';
-- When a gateway deletes the file behind the link in the delivery, if that is soon: such media go first.
alter table media add column link_dies_at integer;
create index media_ready_urgent_first on media
  (instance, (rounds > 0), (case when rounds > 0 then deadline else coalesce(link_dies_at, deadline) end), deadline)
  where status = 'pending' and next_attempt_at is null;
drop index media_ready_new_first;
