-- The scanner's verdict is about bytes. Each client has its own, so that none sees that another one has the same bytes.
create table verdicts (
  client  integer not null,
  sha256  blob not null,
  -- clean, infected or error
  verdict text not null,
  at      integer not null,
  primary key (client, sha256)
) strict, without rowid;
insert into verdicts (client, sha256, verdict, at)
  select m.client, s.sha256,
    case max(case s.verdict when 'infected' then 2 when 'clean' then 1 else 0 end)
      when 2 then 'infected' when 1 then 'clean' else 'error' end,
    max(s.at)
  from scans s join media m on m.id = s.media and m.sha256 = s.sha256
  group by m.client, s.sha256;
create index verdicts_infected on verdicts (sha256) where verdict = 'infected';
drop table scans;
