-- Keys of the API. A key is a random token; only its hash is here.
create table api_keys (
  id           text primary key,
  name         text not null,
  hash         blob not null unique,
  role         text not null,
  -- null for all clients
  client       integer references clients (id),
  created_at   integer not null,
  expires_at   integer,
  last_used_at integer,
  revoked_at   integer
) strict;

-- Signed links to media: a link without a row, or with a revoked one, is not valid.
create table links (
  id          text primary key,
  media       text not null,
  client      integer not null,
  disposition text not null,
  -- the key or the user that made it
  created_by  text not null,
  created_at  integer not null,
  expires_at  integer not null,
  revoked_at  integer
) strict;
create index links_by_media on links (media);
create index links_by_creator on links (created_by);
create index links_by_end on links (expires_at);

create table users (
  id              text primary key,
  name            text not null unique,
  password_hash   text not null,
  role            text not null,
  client          integer references clients (id),
  created_at      integer not null,
  last_sign_in_at integer,
  removed_at      integer
) strict;

-- Signed-in browsers, by the hash of their cookie.
create table sessions (
  hash       blob primary key,
  user       text not null references users (id),
  created_at integer not null,
  used_at    integer not null,
  expires_at integer not null
) strict;
create index sessions_by_user on sessions (user);

-- One-time links with which a user sets a password.
create table setup_links (
  hash       blob primary key,
  -- null for the first administrator
  user       text references users (id),
  created_at integer not null,
  expires_at integer not null
) strict;

-- Who did what. No phone numbers.
create table audit (
  seq      integer primary key autoincrement,
  at       integer not null,
  actor    text not null,
  action   text not null,
  client   integer,
  instance text,
  media    text,
  data     text not null
) strict;
create index audit_by_time on audit (at);

create index events_by_client on events (client, seq);

-- Outgoing webhooks.
create table endpoints (
  id                text primary key,
  url               text not null,
  -- null for all clients
  client            integer references clients (id),
  -- event types with commas; null for all
  types             text,
  secret_sealed     blob not null,
  -- signs as well until then
  old_secret_sealed blob,
  old_secret_until  integer,
  created_at        integer not null,
  -- since when every attempt fails
  failing_since     integer,
  disabled_at       integer,
  -- gone, failing or operator
  disabled_reason   text,
  removed_at        integer
) strict;

-- One row per event and endpoint, written in the transaction of the event.
create table notifications (
  id              text primary key,
  endpoint        text not null references endpoints (id),
  event           integer not null,
  type            text not null,
  client          integer,
  status          text not null,
  attempts        integer not null default 0,
  created_at      integer not null,
  next_attempt_at integer,
  ended_at        integer,
  lease_until     integer
) strict;
create index notifications_ready on notifications (next_attempt_at) where status = 'pending';
create index notifications_by_endpoint on notifications (endpoint, event);
create index notifications_by_time on notifications (created_at);

create table notification_attempts (
  notification text not null references notifications (id) on delete cascade,
  n            integer not null,
  started_at   integer not null,
  duration_ms  integer not null,
  http_status  integer,
  -- null when it was accepted
  reason       text,
  -- the beginning of the answer
  answer       text,
  primary key (notification, n)
) strict;

-- The folded words of each media, and their index. The index refers to the rows by number, because a number stays when the
-- file is compacted.
create table media_words (
  n     integer primary key autoincrement,
  media text not null unique,
  words text not null
) strict;
create virtual table media_search using fts5(words, content = 'media_words', content_rowid = 'n', tokenize = 'unicode61');
-- Deleted words leave the index's pages at once.
insert into media_search (media_search, rank) values ('secure-delete', 1);
create trigger media_words_added after insert on media_words begin
  insert into media_search (rowid, words) values (new.n, new.words);
end;
create trigger media_words_deleted after delete on media_words begin
  insert into media_search (media_search, rowid, words) values ('delete', old.n, old.words);
end;

-- Media with words that are not indexed yet.
create table words_due (
  media text primary key
) strict, without rowid;
create trigger media_words_due after insert on media
  when new.caption is not null or new.file_name is not null or new.sender_name is not null begin
  insert or ignore into words_due (media) values (new.id);
end;
create trigger media_words_changed after update of caption, file_name, sender_name on media
  when new.caption is not old.caption or new.file_name is not old.file_name or new.sender_name is not old.sender_name begin
  insert or ignore into words_due (media) values (new.id);
end;
insert into words_due (media)
  select id from media where caption is not null or file_name is not null or sender_name is not null;

-- The chats of each client by their newest media, with the person of a private chat, who is known by a phone number and a LID.
create table media_chats (
  client     integer not null,
  chat_id    text not null,
  last_at    integer not null,
  person_id  text,
  person_lid text,
  primary key (client, chat_id)
) strict, without rowid;
create index media_chats_by_time on media_chats (last_at, client, chat_id);
create index media_chats_of_client on media_chats (client, last_at, chat_id);
create index media_chats_by_id on media_chats (chat_id);
create index media_chats_by_person on media_chats (person_id) where person_id is not null;
create index media_chats_by_lid on media_chats (person_lid) where person_lid is not null;
create trigger media_chats_added after insert on media when new.chat_id is not null begin
  insert into media_chats (client, chat_id, last_at, person_id, person_lid)
    select new.client, new.chat_id, new.received_at, case when is_private then new.sender_id end, case when is_private then new.sender_lid end
    from (select new.from_me = 0 and new.is_group = 0 and new.chat_id not in ('status', 'status@broadcast')
            and new.chat_id not like '%@newsletter' and new.chat_id not like '%@broadcast' and new.chat_id not like '%@g.us' as is_private)
    where true
    on conflict (client, chat_id) do update set
      last_at = max(last_at, excluded.last_at),
      person_id = coalesce(excluded.person_id, person_id),
      person_lid = coalesce(excluded.person_lid, person_lid)
    where excluded.last_at > last_at or excluded.person_id is not person_id or excluded.person_lid is not person_lid;
end;
create trigger media_chats_left after update of chat_id on media when new.chat_id is not old.chat_id and old.chat_id is not null begin
  delete from media_chats where client = old.client and chat_id = old.chat_id
    and not exists (select 1 from media where client = old.client and chat_id = old.chat_id);
end;
create trigger media_chats_moved after update of chat_id on media when new.chat_id is not old.chat_id and new.chat_id is not null begin
  insert into media_chats (client, chat_id, last_at) values (new.client, new.chat_id, new.received_at)
    on conflict (client, chat_id) do update set last_at = max(last_at, excluded.last_at);
end;
create trigger media_chats_removed after delete on media when old.chat_id is not null begin
  delete from media_chats where client = old.client and chat_id = old.chat_id
    and not exists (select 1 from media where client = old.client and chat_id = old.chat_id);
end;
insert into media_chats (client, chat_id, last_at, person_id, person_lid)
  select client, chat_id, max(received_at), max(case when is_private then sender_id end), max(case when is_private then sender_lid end)
  from (select *, from_me = 0 and is_group = 0 and chat_id not in ('status', 'status@broadcast') and chat_id not like '%@newsletter'
          and chat_id not like '%@broadcast' and chat_id not like '%@g.us' as is_private from media)
  where chat_id is not null group by client, chat_id;

-- Lists of media, newest first, by client, chat, instance and status. Columns after the time let a rare value be looked for in
-- the index alone.
create index media_by_chat on media (client, chat_id, received_at);
create index media_by_client on media (client, kind, received_at, from_me, verified);
create index media_by_instance on media (instance, received_at);
create index media_unstored on media (status, received_at) where status <> 'stored';
drop index media_by_time;
create index media_by_time on media (received_at, from_me, verified);
