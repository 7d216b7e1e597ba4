-- When the message was deleted for everyone; null while it was not.
alter table media add column deleted_at integer;

-- Messages that were deleted for everyone and are not here, because they come later, or have no media.
create table early_deletions (
  instance   text not null references instances (id),
  message_id text not null,
  chat_id    text,
  -- null where the gateway does not say who deleted it
  by_me      integer,
  deleted_at integer not null,
  -- when the deletion came
  at         integer not null,
  primary key (instance, message_id)
) strict, without rowid;
create index early_deletions_by_age on early_deletions (instance, at);
