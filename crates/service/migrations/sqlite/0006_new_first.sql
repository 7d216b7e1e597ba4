-- Ready media of an instance, those that never failed apart from those that did.
create index media_ready_new_first on media (instance, (rounds > 0), deadline) where status = 'pending' and next_attempt_at is null;
drop index media_ready;
