-- Stored files that the operator's programs have to look at: task is transcribe or scan.
create table examinations (
  task            text not null,
  media           text not null,
  attempts        integer not null default 0,
  next_attempt_at integer not null,
  primary key (task, media)
) strict, without rowid;
create index examinations_ready on examinations (task, next_attempt_at);

-- What the scanner said of a file.
create table scans (
  media   text primary key,
  sha256  blob not null,
  -- clean, infected or error
  verdict text not null,
  at      integer not null
) strict, without rowid;
create index scans_infected on scans (media) where verdict = 'infected';

-- What is said in a sound.
create table transcripts (
  media text primary key,
  text  text not null,
  at    integer not null
) strict, without rowid;
