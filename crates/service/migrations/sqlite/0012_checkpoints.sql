-- Where resumable work goes on, and what else survives a run; kinds are codes, states are JSON.
create table checkpoints (
  kind  text not null,
  -- which of its kind: a run, a client, an instance; else empty
  scope text not null,
  state text not null,
  at    integer not null,
  primary key (kind, scope)
) strict;
insert into checkpoints (kind, scope, state, at)
  select 'deliveries_dismissed', '', mark, at from marks where name = 'set-aside deliveries dismissed'
  union all select 'downloads_paused', '', 'null', at from marks where name = 'no room for downloads'
  union all select 'import', '', 'null', at from marks where name = 'import under way'
  union all select 'sweep', substr(name, 17), '["' || replace(mark, ',', '","') || '"]', at from marks where name like 'sweep under way %'
  union all select 'erasure', substr(name, 8), mark, at from marks where name like 'forget %'
  union all select 'compaction', '', json_quote(mark), at from marks where name = 'erased, not compacted'
  union all select 'verify', substr(name, 7), json_quote(mark), at from marks where name like 'scrub %'
  union all select 'folder', '', json_quote(mark), at from marks where name = 'folder'
  union all select 'write_test', '', json_quote(mark), at from marks where name = 'doctor';
drop table marks;
