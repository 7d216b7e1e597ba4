-- The tables of SQLite's migrations 1 to 34. From here on each migration has a file of the same name for both engines.
-- Every text is compared byte by byte, as in SQLite.

create table clients (
  id         bigint primary key,
  name       text collate "C" not null unique,
  created_at bigint not null,
  removed_at bigint
);
create table instances (
  id                text collate "C" primary key,
  client            bigint not null references clients (id),
  gateway           text collate "C" not null,
  api_base          text collate "C" not null,
  cdn_base          text collate "C",
  routes            text collate "C",
  token_sealed      bytea,
  hook_hash         bytea not null unique,
  state             text collate "C" not null default 'unknown',
  state_at          bigint,
  problem           text collate "C",
  last_delivery_at  bigint,
  delivery_count    bigint not null default 0,
  ignored_count     bigint not null default 0,
  created_at        bigint not null,
  removed_at        bigint,
  secret_sealed     bytea,
  session           text collate "C",
  undelivered_count bigint not null default 0,
  undelivered_at    bigint
);
create table deliveries (
  id             text collate "C" primary key,
  instance       text collate "C" not null references instances (id),
  received_at    bigint not null,
  verdict        text collate "C" not null,
  reason         text collate "C",
  body_size      bigint not null,
  body_lz4       bytea not null,
  body_sha256    bytea,
  signed         text collate "C",
  arrival        text collate "C" not null default 'webhook',
  unreadable     bigint not null default 0,
  other_instance bigint not null default 0
);
create table media (
  id                  text collate "C" primary key,
  instance            text collate "C" not null references instances (id),
  client              bigint not null references clients (id),
  gateway             text collate "C" not null,
  message_id          text collate "C" not null,
  slot                bigint not null,
  delivery            text collate "C" not null,
  kind                text collate "C" not null,
  key_kind            text collate "C" not null,
  mime_declared       text collate "C",
  file_name           text collate "C",
  caption             text collate "C",
  chat_id             text collate "C",
  sender_id           text collate "C",
  sender_lid          text collate "C",
  sender_name         text collate "C",
  from_me             bigint not null,
  is_group            bigint not null,
  voice_note          bigint not null,
  width               bigint,
  height              bigint,
  seconds             bigint,
  sent_at             bigint,
  received_at         bigint not null,
  file_time           bigint not null,
  media_key           bytea,
  media_key_malformed bigint not null,
  direct_path         text collate "C",
  static_url          text collate "C",
  inline              bigint not null,
  expected_sha256     bytea,
  expected_enc_sha256 bytea,
  declared_length     bigint,
  expires_at          bigint,
  status              text collate "C" not null,
  reason              text collate "C",
  deadline            bigint not null,
  next_attempt_at     bigint,
  rounds              bigint not null default 0,
  attempts            bigint not null default 0,
  fence               bigint not null default 0,
  repeated            bigint not null default 0,
  lease_owner         text collate "C",
  lease_until         bigint,
  stored_at           bigint,
  route               text collate "C",
  mime                text collate "C",
  size_bytes          bigint,
  sha256              bytea,
  verified            text collate "C",
  path                text collate "C",
  fetched_bytes       bigint,
  refused_since       bigint,
  refused_rounds      bigint not null default 0,
  caption_edited_at   bigint,
  link                text collate "C",
  media_id            text collate "C",
  link_dies_at        bigint,
  deleted_at          bigint,
  unique (instance, message_id, slot)
);
create table attempts (
  media       text collate "C" not null references media (id) on delete cascade,
  n           bigint not null,
  route       text collate "C" not null,
  host        text collate "C",
  started_at  bigint not null,
  duration_ms bigint not null,
  http_status bigint,
  size_bytes  bigint not null,
  reason      text collate "C",
  primary key (media, n)
);
-- Events are numbered by a row, and not by a sequence: the row is locked until the commit, so that numbers have the order of
-- commits, and none is missing.
create table event_numbers (
  id   bigint primary key check (id = 1),
  last bigint not null
);
insert into event_numbers (id, last) values (1, 0);
create function next_event_number() returns bigint language sql volatile as
  'update event_numbers set last = last + 1 where id = 1 returning last';
create table events (
  seq      bigint primary key default next_event_number(),
  at       bigint not null,
  kind     text collate "C" not null,
  client   bigint,
  instance text collate "C",
  media    text collate "C",
  data     text collate "C" not null
);
create table slots_before (
  instance       text collate "C" not null references instances (id),
  field          text collate "C" not null,
  sealed_address bytea,
  ours           bigint not null default 0,
  primary key (instance, field)
);
create table hooks_before (
  hash     bytea primary key,
  instance text collate "C" not null references instances (id)
);
create table hours (
  instance   text collate "C" not null references instances (id),
  hour       bigint not null,
  deliveries bigint not null,
  primary key (instance, hour)
);
create table identity (
  id          text collate "C" not null,
  commits     bigint not null,
  nonce       bigint not null,
  -- whether a storage carries the id
  has_storage bigint not null
);
create table refusals (
  gateway    text collate "C" not null,
  instance   text collate "C" not null,
  -- the instance at whose address it came, where that is another one
  address_of text collate "C" not null,
  reason     text collate "C" not null,
  count      bigint not null,
  first_at   bigint not null,
  last_at    bigint not null,
  primary key (gateway, instance, address_of, reason)
);
create table hooks_retired (
  number   bigint generated by default as identity primary key,
  hash     bytea not null unique,
  instance text collate "C" not null references instances (id)
);
create table clock (
  id     bigint primary key check (id = 1),
  wall   bigint not null,
  uptime bigint not null,
  -- which boot; null where the system does not tell
  boot   text collate "C"
);
create table delivery_parts (
  delivery       text collate "C" not null references deliveries (id) on delete cascade,
  n              bigint not null,
  kind           text collate "C" not null,
  file           bigint,
  start          bigint not null,
  length         bigint not null,
  text           bytea,
  decoded_sha256 bytea,
  media          text collate "C",
  primary key (delivery, n)
);
create table caption_edits (
  instance   text collate "C" not null references instances (id),
  message_id text collate "C" not null,
  delivery   text collate "C" not null references deliveries (id) on delete cascade deferrable initially deferred,
  kind       text collate "C" not null,
  chat_id    text collate "C",
  sender_id  text collate "C",
  sender_lid text collate "C",
  from_me    bigint not null,
  is_group   bigint not null,
  -- null when the caption was taken away
  caption    text collate "C",
  edited_at  bigint not null,
  primary key (instance, message_id, delivery)
);
create table checkpoints (
  kind  text collate "C" not null,
  -- which of its kind: a run, a client, an instance; else empty
  scope text collate "C" not null,
  state text collate "C" not null,
  at    bigint not null,
  primary key (kind, scope)
);
create table api_keys (
  id           text collate "C" primary key,
  name         text collate "C" not null,
  hash         bytea not null unique,
  role         text collate "C" not null,
  -- null for all clients
  client       bigint references clients (id),
  created_at   bigint not null,
  expires_at   bigint,
  last_used_at bigint,
  revoked_at   bigint
);
create table links (
  id          text collate "C" primary key,
  media       text collate "C" not null,
  client      bigint not null,
  disposition text collate "C" not null,
  -- the key or the user that made it
  created_by  text collate "C" not null,
  created_at  bigint not null,
  expires_at  bigint not null,
  revoked_at  bigint
);
create table users (
  id              text collate "C" primary key,
  name            text collate "C" not null unique,
  password_hash   text collate "C" not null,
  role            text collate "C" not null,
  client          bigint references clients (id),
  created_at      bigint not null,
  last_sign_in_at bigint,
  password_set_at bigint
);
create table sessions (
  hash       bytea primary key,
  user_id    text collate "C" not null references users (id),
  created_at bigint not null,
  used_at    bigint not null,
  expires_at bigint not null
);
create table setup_links (
  hash       bytea primary key,
  -- null for the first administrator
  user_id    text collate "C" references users (id),
  created_at bigint not null,
  expires_at bigint not null
);
create table audit (
  seq        bigint generated by default as identity primary key,
  at         bigint not null,
  actor      text collate "C" not null,
  action     text collate "C" not null,
  client     bigint,
  instance   text collate "C",
  media      text collate "C",
  data       text collate "C" not null,
  actor_name text collate "C"
);
create table endpoints (
  id                text collate "C" primary key,
  url               text collate "C" not null,
  -- null for all clients
  client            bigint references clients (id),
  -- event types with commas; null for all
  types             text collate "C",
  secret_sealed     bytea not null,
  -- signs as well until then
  old_secret_sealed bytea,
  old_secret_until  bigint,
  created_at        bigint not null,
  -- since when every attempt fails
  failing_since     bigint,
  disabled_at       bigint,
  -- gone, failing or operator
  disabled_reason   text collate "C",
  removed_at        bigint
);
create table notifications (
  id              text collate "C" primary key,
  endpoint        text collate "C" not null references endpoints (id),
  event           bigint not null,
  type            text collate "C" not null,
  client          bigint,
  status          text collate "C" not null,
  attempts        bigint not null default 0,
  created_at      bigint not null,
  next_attempt_at bigint,
  ended_at        bigint,
  lease_until     bigint,
  lease_owner     text collate "C"
);
create table notification_attempts (
  notification text collate "C" not null references notifications (id) on delete cascade,
  n            bigint not null,
  started_at   bigint not null,
  duration_ms  bigint not null,
  http_status  bigint,
  -- null when it was accepted
  reason       text collate "C",
  -- the beginning of the answer
  answer       text collate "C",
  primary key (notification, n)
);
create table media_words (
  n     bigint generated by default as identity primary key,
  media text collate "C" not null unique,
  words text collate "C" not null,
  -- The words as they are: they are folded already, and the engine's own parser must not divide them.
  search tsvector not null generated always as (array_to_tsvector(string_to_array(words, ' '))) stored
);
create table words_due (
  media text collate "C" primary key
);
create table media_chats (
  client     bigint not null,
  chat_id    text collate "C" not null,
  last_at    bigint not null,
  person_id  text collate "C",
  person_lid text collate "C",
  primary key (client, chat_id)
);
create table early_deletions (
  instance   text collate "C" not null references instances (id),
  message_id text collate "C" not null,
  chat_id    text collate "C",
  -- null where the gateway does not say who deleted it
  by_me      bigint,
  deleted_at bigint not null,
  -- when the deletion came
  at         bigint not null,
  primary key (instance, message_id)
);
create table inline_media (
  delivery text collate "C" not null,
  media    text collate "C" not null,
  primary key (delivery, media)
);
create table media_counts (
  client   bigint not null,
  instance text collate "C" not null,
  kind     text collate "C" not null,
  status   text collate "C" not null,
  -- empty for none
  reason   text collate "C" not null,
  count    bigint not null,
  size     bigint not null,
  primary key (instance, client, status, kind, reason)
);
create table examinations (
  task            text collate "C" not null,
  media           text collate "C" not null,
  attempts        bigint not null default 0,
  next_attempt_at bigint not null,
  client          bigint not null default 0,
  primary key (task, media)
);
create table transcripts (
  media text collate "C" primary key,
  text  text collate "C" not null,
  at    bigint not null
);
create table holds (
  id          text collate "C" primary key,
  client      bigint not null references clients (id),
  -- as it was given; both are null for everything of the client
  chat        text collate "C",
  person      text collate "C",
  reason      text collate "C" not null,
  created_by  text collate "C" not null,
  created_at  bigint not null,
  released_at bigint
);
create table hold_ids (
  hold      text collate "C" not null references holds (id),
  -- empty for everything of the client
  id        text collate "C" not null,
  -- 1: also what the id sent in other chats
  of_sender bigint not null,
  primary key (hold, id)
);
create table hold_deliveries (
  delivery text collate "C" not null,
  hold     text collate "C" not null references holds (id),
  primary key (delivery, hold)
);
create table verdicts (
  client  bigint not null,
  sha256  bytea not null,
  -- clean, infected or error
  verdict text collate "C" not null,
  at      bigint not null,
  primary key (client, sha256)
);
create table monthly_usage (
  client bigint not null,
  -- of receipt, as 2026-11, in UTC
  month  text collate "C" not null,
  media  bigint not null,
  size   bigint not null,
  primary key (client, month)
);
create table media_senders (
  client     bigint not null,
  chat_id    text collate "C" not null,
  sender_id  text collate "C" not null,
  sender_lid text collate "C" not null,
  primary key (client, chat_id, sender_id, sender_lid)
);
create table event_marks (
  client bigint primary key,
  last   bigint not null
);


-- The last eight digits of a phone number, from an id with or without a server and a device.
create function phone_tail(id text) returns text language sql immutable parallel safe as
  $$ select right(substr(id, 1, least(strpos(id || '@', '@'), strpos(id || ':', ':')) - 1), 8) $$;
-- A query of words with a beginning each, as `"rua"* "7"*`; any other one finds nothing.
create function words_query(query text) returns tsquery language sql immutable parallel safe as
  $$ select case when query like '%"*' then replace(replace(replace(query, '"* "', '":* & "'), '"*', '":*'), '"', '''')::tsquery end $$;

create index events_by_time on events (at);
create index deliveries_by_instance on deliveries (instance, id);
create index attempts_by_time on attempts (started_at);
create index hooks_before_by_instance on hooks_before (instance);
create index media_path on media (path) where path is not null;
create index hooks_retired_by_instance on hooks_retired (instance);
create index delivery_parts_by_bytes on delivery_parts (decoded_sha256) where media is null and decoded_sha256 is not null;
create index deliveries_by_body on deliveries (instance, body_sha256) where body_sha256 is not null;
create index caption_edits_by_instance on caption_edits (instance, delivery);
create index caption_edits_by_delivery on caption_edits (delivery);
create index media_by_content on media (client, sha256) where status = 'stored';
create index links_by_media on links (media);
create index links_by_creator on links (created_by);
create index links_by_end on links (expires_at);
create index sessions_by_user on sessions (user_id);
create index audit_by_time on audit (at);
create index events_by_client on events (client, seq);
create index notifications_ready on notifications (next_attempt_at) where status = 'pending';
create index notifications_by_time on notifications (created_at);
create index media_chats_by_time on media_chats (last_at, client, chat_id);
create index media_chats_of_client on media_chats (client, last_at, chat_id);
create index media_chats_by_id on media_chats (chat_id);
create index media_chats_by_person on media_chats (person_id) where person_id is not null;
create index media_chats_by_lid on media_chats (person_lid) where person_lid is not null;
create index media_by_chat on media (client, chat_id, received_at);
create index media_by_client on media (client, kind, received_at, from_me, verified);
create index media_by_instance on media (instance, received_at);
create index media_unstored on media (status, received_at) where status <> 'stored';
create index media_by_time on media (received_at, from_me, verified);
create index notifications_by_endpoint on notifications (endpoint, created_at, id);
create index early_deletions_by_age on early_deletions (instance, at);
create index media_pending on media
  (instance, next_attempt_at, (rounds > 0), (case when rounds > 0 then deadline else coalesce(link_dies_at, deadline) end), deadline, status)
  where status = 'pending';
create index holds_in_force on holds (client) where released_at is null;
create index verdicts_infected on verdicts (sha256) where verdict = 'infected';
create index examinations_clients on examinations (task, client);
create index examinations_new on examinations (task, client, next_attempt_at) where attempts = 0;
create index examinations_repeated on examinations (task, client, next_attempt_at) where attempts > 0;
create index audit_by_actor on audit (actor, seq);
create index media_senders_by_id on media_senders (sender_id);
create index media_senders_by_lid on media_senders (sender_lid);
create index media_senders_by_tail on media_senders (phone_tail(sender_id));
create index media_chats_by_tail on media_chats (phone_tail(chat_id));
create index media_chats_by_person_tail on media_chats (phone_tail(person_id));
create index media_words_search on media_words using gin (search);

insert into identity (id, commits, nonce, has_storage) values (replace(gen_random_uuid()::text, '-', ''), 0, 0, 0);

-- Adds a media to the counts of those that have ended, or takes it from them.
create function count_media(one media, sign bigint) returns void language plpgsql as $$
begin
  insert into media_counts as known (client, instance, kind, status, reason, count, size)
    values (one.client, one.instance, one.kind, one.status, coalesce(one.reason, ''), sign, sign * coalesce(one.size_bytes, 0))
    on conflict (instance, client, status, kind, reason) do update set
      count = known.count + excluded.count, size = known.size + excluded.size;
end $$;

create function count_usage(one media) returns void language plpgsql as $$
begin
  insert into monthly_usage as known (client, month, media, size)
    values (one.client, to_char(to_timestamp(one.received_at / 1000.0) at time zone 'UTC', 'YYYY-MM'), 1, coalesce(one.size_bytes, 0))
    on conflict (client, month) do update set media = known.media + 1, size = known.size + excluded.size;
end $$;

create function media_added() returns trigger language plpgsql as $$
declare
  is_private boolean;
begin
  if new.caption is not null or new.file_name is not null or new.sender_name is not null then
    insert into words_due (media) values (new.id) on conflict do nothing;
  end if;
  if new.chat_id is not null then
    is_private := new.from_me = 0 and new.is_group = 0 and new.chat_id not in ('status', 'status@broadcast')
      and new.chat_id not like '%@newsletter' and new.chat_id not like '%@broadcast' and new.chat_id not like '%@g.us';
    insert into media_chats as known (client, chat_id, last_at, person_id, person_lid)
      values (new.client, new.chat_id, new.received_at, case when is_private then new.sender_id end, case when is_private then new.sender_lid end)
      on conflict (client, chat_id) do update set
        last_at = greatest(known.last_at, excluded.last_at),
        person_id = coalesce(excluded.person_id, known.person_id),
        person_lid = coalesce(excluded.person_lid, known.person_lid)
      where excluded.last_at > known.last_at or excluded.person_id is distinct from known.person_id
        or excluded.person_lid is distinct from known.person_lid;
  end if;
  if new.sender_id is not null or new.sender_lid is not null then
    insert into media_senders (client, chat_id, sender_id, sender_lid)
      values (new.client, coalesce(new.chat_id, ''), coalesce(new.sender_id, ''), coalesce(new.sender_lid, '')) on conflict do nothing;
  end if;
  if new.inline = 1 then
    insert into inline_media (delivery, media) values (new.delivery, new.id);
  end if;
  if new.status not in ('pending', 'downloading') then
    perform count_media(new, 1);
  end if;
  if new.status = 'stored' then
    perform count_usage(new);
  end if;
  return null;
end $$;

create function media_changed() returns trigger language plpgsql as $$
begin
  if new.caption is distinct from old.caption or new.file_name is distinct from old.file_name
    or new.sender_name is distinct from old.sender_name then
    insert into words_due (media) values (new.id) on conflict do nothing;
  end if;
  if new.chat_id is distinct from old.chat_id then
    if old.chat_id is not null then
      delete from media_chats where client = old.client and chat_id = old.chat_id
        and not exists (select 1 from media where client = old.client and chat_id = old.chat_id);
    end if;
    if new.chat_id is not null then
      insert into media_chats as known (client, chat_id, last_at) values (new.client, new.chat_id, new.received_at)
        on conflict (client, chat_id) do update set last_at = greatest(known.last_at, excluded.last_at);
    end if;
  end if;
  if (new.sender_id is not null or new.sender_lid is not null)
    and (new.sender_id is distinct from old.sender_id or new.sender_lid is distinct from old.sender_lid
      or new.chat_id is distinct from old.chat_id) then
    insert into media_senders (client, chat_id, sender_id, sender_lid)
      values (new.client, coalesce(new.chat_id, ''), coalesce(new.sender_id, ''), coalesce(new.sender_lid, '')) on conflict do nothing;
  end if;
  if old.inline is distinct from new.inline or old.delivery is distinct from new.delivery then
    delete from inline_media where delivery = old.delivery and media = old.id;
    if new.inline = 1 then
      insert into inline_media (delivery, media) values (new.delivery, new.id) on conflict do nothing;
    end if;
  end if;
  if (old.client, old.instance, old.kind, old.status, old.reason, old.size_bytes)
    is distinct from (new.client, new.instance, new.kind, new.status, new.reason, new.size_bytes) then
    if old.status not in ('pending', 'downloading') then
      perform count_media(old, -1);
    end if;
    if new.status not in ('pending', 'downloading') then
      perform count_media(new, 1);
    end if;
  end if;
  -- A media that is stored again, after its file was lost, has been counted.
  if new.status = 'stored' and old.status <> 'stored' and old.stored_at is null then
    perform count_usage(new);
  end if;
  return null;
end $$;

create function media_removed() returns trigger language plpgsql as $$
begin
  if old.chat_id is not null then
    delete from media_chats where client = old.client and chat_id = old.chat_id
      and not exists (select 1 from media where client = old.client and chat_id = old.chat_id);
  end if;
  if old.inline = 1 then
    delete from inline_media where delivery = old.delivery and media = old.id;
  end if;
  if old.status not in ('pending', 'downloading') then
    perform count_media(old, -1);
  end if;
  return null;
end $$;

create function media_chats_removed() returns trigger language plpgsql as $$
begin
  delete from media_senders where client = old.client and chat_id = old.chat_id;
  return null;
end $$;

create trigger media_added after insert on media for each row execute function media_added();
create trigger media_changed after update of caption, file_name, sender_name, sender_id, sender_lid, chat_id, inline, delivery,
    client, instance, kind, status, reason, size_bytes on media
  for each row execute function media_changed();
create trigger media_removed after delete on media for each row execute function media_removed();
create trigger media_chats_removed after delete on media_chats for each row execute function media_chats_removed();
