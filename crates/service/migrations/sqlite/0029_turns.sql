-- Clients take turns with the programs that examine files.
alter table examinations add column client integer not null default 0;
update examinations set client = coalesce((select client from media where media.id = examinations.media), 0);
drop index examinations_ready;
create index examinations_clients on examinations (task, client);
create index examinations_new on examinations (task, client, next_attempt_at) where attempts = 0;
create index examinations_repeated on examinations (task, client, next_attempt_at) where attempts > 0;
