-- The server that sends a notification: after a restart it takes back its own claims, not those of other servers.
alter table notifications add column lease_owner text;
