-- What clients stored in a month, for bills: it does not shrink when files are deleted later.
create table monthly_usage (
  client integer not null,
  -- of receipt, as 2026-11, in UTC
  month  text not null,
  media  integer not null,
  size   integer not null,
  primary key (client, month)
) strict, without rowid;
insert into monthly_usage (client, month, media, size)
  select client, strftime('%Y-%m', received_at / 1000, 'unixepoch'), count(*), coalesce(sum(size_bytes), 0) from media
  where status = 'stored' group by 1, 2;
-- A media that is stored again, after its file was lost, has been counted.
create trigger monthly_usage_stored after update of status on media
  when new.status = 'stored' and old.status <> 'stored' and old.stored_at is null begin
  insert into monthly_usage (client, month, media, size)
    values (new.client, strftime('%Y-%m', new.received_at / 1000, 'unixepoch'), 1, coalesce(new.size_bytes, 0))
    on conflict (client, month) do update set media = media + 1, size = size + excluded.size;
end;
create trigger monthly_usage_imported after insert on media when new.status = 'stored' begin
  insert into monthly_usage (client, month, media, size)
    values (new.client, strftime('%Y-%m', new.received_at / 1000, 'unixepoch'), 1, coalesce(new.size_bytes, 0))
    on conflict (client, month) do update set media = media + 1, size = size + excluded.size;
end;
