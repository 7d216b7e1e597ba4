-- Long texts that were taken out of raw deliveries: in `text`, in a file of the folder `bodies`, or, once `media` is named,
-- nowhere but in the stored file of that media. `body_lz4` holds a token in the place of each.
create table delivery_parts (
  delivery       text not null references deliveries (id) on delete cascade,
  n              integer not null,
  kind           text not null,
  file           integer,
  start          integer not null,
  length         integer not null,
  text           blob,
  decoded_sha256 blob,
  media          text,
  primary key (delivery, n)
) strict;
create index delivery_parts_by_bytes on delivery_parts (decoded_sha256) where media is null and decoded_sha256 is not null;

-- By which a large body that comes again is known; null for small ones and older rows.
alter table deliveries add column body_sha256 blob;
create index deliveries_by_body on deliveries (instance, body_sha256) where body_sha256 is not null;
