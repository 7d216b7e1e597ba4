-- Times are unix milliseconds in UTC; booleans are 0 or 1; ids are text (UUIDv7) unless they are named by the operator.

create table clients (
  id         integer primary key,
  name       text not null unique,
  created_at integer not null
) strict;

create table instances (
  id               text primary key,
  client           integer not null references clients (id),
  gateway          text not null,
  api_base         text not null,
  -- one or several origins with commas, in order; null for WhatsApp's own
  cdn_base         text,
  -- a list with commas, in order; null for the usual one
  routes           text,
  token_sealed     blob,
  hook_hash        blob not null unique,
  -- the address before the last configure-webhooks, taken as well until rotate-hook
  hook_hash_before blob,
  state            text not null default 'unknown',
  state_at         integer,
  -- why the gateway refuses what is asked of it, until it no longer does
  problem          text,
  last_delivery_at integer,
  delivery_count   integer not null default 0,
  ignored_count    integer not null default 0,
  created_at       integer not null,
  removed_at       integer
) strict;

create table deliveries (
  id          text primary key,
  instance    text not null references instances (id),
  received_at integer not null,
  verdict     text not null,
  reason      text,
  body_size   integer not null,
  body_lz4    blob not null
) strict;

-- One row per file that a message carries, and at the same time the job that fetches it.
create table media (
  id            text primary key,
  instance      text not null references instances (id),
  client        integer not null references clients (id),
  gateway       text not null,
  message_id    text not null,
  slot          integer not null,
  delivery      text not null,
  kind          text not null,
  key_kind      text not null,
  mime_declared text,
  file_name     text,
  caption       text,
  chat_id       text,
  sender_id     text,
  sender_lid    text,
  sender_name   text,
  from_me       integer not null,
  is_group      integer not null,
  voice_note    integer not null,
  width         integer,
  height        integer,
  seconds       integer,
  sent_at       integer,
  received_at   integer not null,
  named_at      integer not null,
  -- what the message told of the bytes
  media_key     blob,
  media_key_malformed integer not null,
  direct_path   text,
  static_url    text,
  -- whether the delivery itself holds the bytes
  inline        integer not null,
  sha256_told   blob,
  enc_sha256_told blob,
  length_told   integer,
  expires_at    integer,
  -- the job
  status        text not null,
  reason        text,
  deadline      integer not null,
  next_attempt_at integer,
  rounds        integer not null default 0,
  attempts      integer not null default 0,
  fence         integer not null default 0,
  -- whether a repeat came while it was being fetched
  rearmed       integer not null default 0,
  lease_owner   text,
  lease_until   integer,
  -- what is held
  stored_at     integer,
  route         text,
  mime          text,
  size_bytes    integer,
  sha256        blob,
  verified      text,
  path          text,
  unique (instance, message_id, slot)
) strict;
create index media_ready on media (instance, deadline) where status = 'pending' and next_attempt_at is null;
create index media_postponed on media (next_attempt_at) where status = 'pending' and next_attempt_at is not null;
create index media_leased on media (lease_until) where status = 'downloading';
create index media_held on media (client, sha256) where status = 'stored';
create index media_by_time on media (received_at);

create table attempts (
  media       text not null references media (id) on delete cascade,
  n           integer not null,
  route       text not null,
  host        text,
  started_at  integer not null,
  duration_ms integer not null,
  http_status integer,
  size_bytes  integer not null,
  reason      text,
  primary key (media, n)
) strict;

create table events (
  seq      integer primary key autoincrement,
  at       integer not null,
  kind     text not null,
  client   integer,
  instance text,
  media    text,
  data     text not null
) strict;
create index events_by_time on events (at);
