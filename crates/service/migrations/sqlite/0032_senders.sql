-- Each sender once for each chat, empty where a media has none, to find the media of a person without an index of all media.
create table media_senders (
  client     integer not null,
  chat_id    text not null,
  sender_id  text not null,
  sender_lid text not null,
  primary key (client, chat_id, sender_id, sender_lid)
) strict, without rowid;
create index media_senders_by_id on media_senders (sender_id);
create index media_senders_by_lid on media_senders (sender_lid);
-- By the last eight digits of a phone number.
create index media_senders_by_tail on media_senders
  (substr(substr(sender_id, 1, min(instr(sender_id || '@', '@'), instr(sender_id || ':', ':')) - 1), -8));
create index media_chats_by_tail on media_chats
  (substr(substr(chat_id, 1, min(instr(chat_id || '@', '@'), instr(chat_id || ':', ':')) - 1), -8));
create index media_chats_by_person_tail on media_chats
  (substr(substr(person_id, 1, min(instr(person_id || '@', '@'), instr(person_id || ':', ':')) - 1), -8));
create trigger media_senders_added after insert on media when new.sender_id is not null or new.sender_lid is not null begin
  insert or ignore into media_senders (client, chat_id, sender_id, sender_lid)
    values (new.client, coalesce(new.chat_id, ''), coalesce(new.sender_id, ''), coalesce(new.sender_lid, ''));
end;
create trigger media_senders_changed after update of sender_id, sender_lid, chat_id on media
  when (new.sender_id is not null or new.sender_lid is not null)
    and (new.sender_id is not old.sender_id or new.sender_lid is not old.sender_lid or new.chat_id is not old.chat_id) begin
  insert or ignore into media_senders (client, chat_id, sender_id, sender_lid)
    values (new.client, coalesce(new.chat_id, ''), coalesce(new.sender_id, ''), coalesce(new.sender_lid, ''));
end;
create trigger media_senders_left after delete on media_chats begin
  delete from media_senders where client = old.client and chat_id = old.chat_id;
end;
insert or ignore into media_senders (client, chat_id, sender_id, sender_lid)
  select client, coalesce(chat_id, ''), coalesce(sender_id, ''), coalesce(sender_lid, '') from media
  where sender_id is not null or sender_lid is not null;
