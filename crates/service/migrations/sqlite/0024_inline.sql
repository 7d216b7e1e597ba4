-- The two triggers ran in the order in which they were not meant: an update that changed nothing removed the row, and with it the
-- only sign that a delivery has bytes that are stored nowhere else.
drop trigger inline_media_left;
drop trigger inline_media_joined;
create trigger inline_media_moved after update of inline, delivery on media
  when old.inline is not new.inline or old.delivery is not new.delivery begin
  delete from inline_media where delivery = old.delivery and media = old.id;
  insert or ignore into inline_media (delivery, media) select new.delivery, new.id where new.inline = 1;
end;
insert or ignore into inline_media (delivery, media) select delivery, id from media where inline = 1;
