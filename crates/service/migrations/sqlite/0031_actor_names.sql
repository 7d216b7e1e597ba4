-- The names of users and keys as they were, because users can be removed.
alter table audit add column actor_name text;
update audit set actor_name = (select name from users where 'user:' || users.id = audit.actor) where actor like 'user:%';
update audit set actor_name = (select name from api_keys where 'key:' || api_keys.id = audit.actor) where actor like 'key:%';
update audit set actor_name = json_extract(data, '$.system_user') where actor = 'command_line';
create index audit_by_actor on audit (actor, seq);
