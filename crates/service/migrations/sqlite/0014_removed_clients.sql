-- A removed client keeps its rows and files, and receives nothing more.
alter table clients add column removed_at integer;
