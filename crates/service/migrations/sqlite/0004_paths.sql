-- Whose a file is: asked of every one that is repaired, erased, or taken over.
create index media_path on media (path) where path is not null;
