-- expected_*: what the message promises of the bytes; declared_*: what it claims without proof.
alter table media rename column sha256_told to expected_sha256;
alter table media rename column enc_sha256_told to expected_enc_sha256;
alter table media rename column length_told to declared_length;
-- Whether a repeat came while it was downloading, so that a failure of that round requeues it.
alter table media rename column rearmed to repeated;
-- The time in the name of its file.
alter table media rename column named_at to file_time;

-- Stored files of one client by their bytes.
drop index media_held;
create index media_by_content on media (client, sha256) where status = 'stored';

-- The address in a gateway's webhook slot before configure-webhooks changed it, sealed.
alter table slots_before rename column held to sealed_address;
