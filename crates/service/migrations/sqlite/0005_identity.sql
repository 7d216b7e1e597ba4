-- Which database this is: its storage carries the same id. Every group that commits changes raises `commits` and draws
-- a new `nonce`, by which an older copy of this database is recognised.
create table identity (
  id          text not null,
  commits     integer not null,
  nonce       integer not null,
  -- whether a storage carries the id
  has_storage integer not null
) strict;
insert into identity (id, commits, nonce, has_storage) values (lower(hex(randomblob(16))), 0, 0, 0);
