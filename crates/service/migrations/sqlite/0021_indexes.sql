-- Fewer indexes on media, each of which costs every insert and settle.

-- Everything that is pending: ready where next_attempt_at is null, in the order of urgency; else by the time of the next attempt.
create index media_pending on media
  (instance, next_attempt_at, (rounds > 0), (case when rounds > 0 then deadline else coalesce(link_dies_at, deadline) end), deadline, status)
  where status = 'pending';
drop index media_ready_urgent_first;
drop index media_postponed;
-- Few media are downloading at a time; media_unstored finds them.
drop index media_leased;

-- Media whose bytes are in a delivery, in place of an index of all media.
create table inline_media (
  delivery text not null,
  media    text not null,
  primary key (delivery, media)
) strict, without rowid;
insert into inline_media (delivery, media) select delivery, id from media where inline = 1;
create trigger inline_media_added after insert on media when new.inline = 1 begin
  insert into inline_media (delivery, media) values (new.delivery, new.id);
end;
create trigger inline_media_left after update of inline, delivery on media when old.inline = 1 begin
  delete from inline_media where delivery = old.delivery and media = old.id;
end;
create trigger inline_media_joined after update of inline, delivery on media when new.inline = 1 begin
  insert or ignore into inline_media (delivery, media) values (new.delivery, new.id);
end;
create trigger inline_media_removed after delete on media when old.inline = 1 begin
  delete from inline_media where delivery = old.delivery and media = old.id;
end;

-- How many media have ended, and the bytes of their files; in place of an index whose entries had to be counted.
create table media_counts (
  client   integer not null,
  instance text not null,
  kind     text not null,
  status   text not null,
  -- empty for none
  reason   text not null,
  count    integer not null,
  size     integer not null,
  primary key (instance, client, status, kind, reason)
) strict, without rowid;
insert into media_counts (client, instance, kind, status, reason, count, size)
  select client, instance, kind, status, coalesce(reason, ''), count(*), coalesce(sum(size_bytes), 0) from media
  where status not in ('pending', 'downloading') group by client, instance, kind, status, coalesce(reason, '');
create trigger media_counts_added after insert on media when new.status not in ('pending', 'downloading') begin
  insert into media_counts (client, instance, kind, status, reason, count, size)
    values (new.client, new.instance, new.kind, new.status, coalesce(new.reason, ''), 1, coalesce(new.size_bytes, 0))
    on conflict (instance, client, status, kind, reason) do update set count = count + 1, size = size + excluded.size;
end;
create trigger media_counts_removed after delete on media when old.status not in ('pending', 'downloading') begin
  update media_counts set count = count - 1, size = size - coalesce(old.size_bytes, 0)
    where instance = old.instance and client = old.client and status = old.status and kind = old.kind and reason = coalesce(old.reason, '');
end;
create trigger media_counts_left after update of client, instance, kind, status, reason, size_bytes on media
  when old.status not in ('pending', 'downloading') begin
  update media_counts set count = count - 1, size = size - coalesce(old.size_bytes, 0)
    where instance = old.instance and client = old.client and status = old.status and kind = old.kind and reason = coalesce(old.reason, '');
end;
create trigger media_counts_joined after update of client, instance, kind, status, reason, size_bytes on media
  when new.status not in ('pending', 'downloading') begin
  insert into media_counts (client, instance, kind, status, reason, count, size)
    values (new.client, new.instance, new.kind, new.status, coalesce(new.reason, ''), 1, coalesce(new.size_bytes, 0))
    on conflict (instance, client, status, kind, reason) do update set count = count + 1, size = size + excluded.size;
end;
drop index media_inline;
drop index media_ended;
