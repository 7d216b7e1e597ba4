-- What gateways other than W-API give for a file, and what a call or a signature needs.
alter table media add column link text;
alter table media add column media_id text;
-- The secret that deliveries are signed with, sealed, and the instance's name at the gateway if it is not the id.
alter table instances add column secret_sealed blob;
alter table instances add column session text;
-- Headers and address of a delivery that was refused for its signature, as JSON, to check it again.
alter table deliveries add column signed text;
-- Messages whose delivery never came and that were found in the gateway's list.
alter table instances add column undelivered_count integer not null default 0;
alter table instances add column undelivered_at integer;
