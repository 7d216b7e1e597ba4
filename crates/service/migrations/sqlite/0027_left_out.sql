-- Messages of an accepted delivery that were left out: unreadable ones, and those of another instance.
alter table deliveries add column unreadable integer not null default 0;
alter table deliveries add column other_instance integer not null default 0;
