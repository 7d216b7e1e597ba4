-- In texts for people, tokens stood for what was taken out of the body of a delivery. The texts that are in rows come back.
update media set caption = substr(caption, 1, instr(caption, 'midiatecaPart') - 1)
  || coalesce((select replace(cast(p.text as text), '\', '') from delivery_parts p
       where replace(p.delivery, '-', '') = substr(caption, instr(caption, 'midiatecaPart') + 13, 32)
         and p.n = cast(substr(caption, instr(caption, 'midiatecaPart') + 45, 4) as integer)
         and p.kind = 'base64' and p.text is not null), '…')
  || substr(caption, instr(caption, 'midiatecaPart') + 49)
  where instr(caption, 'midiatecaPart') > 0
    and length(substr(caption, instr(caption, 'midiatecaPart') + 13, 36)) = 36
    and substr(caption, instr(caption, 'midiatecaPart') + 13, 36) not glob '*[^0-9a-f]*';
update media set file_name = substr(file_name, 1, instr(file_name, 'midiatecaPart') - 1)
  || coalesce((select replace(cast(p.text as text), '\', '') from delivery_parts p
       where replace(p.delivery, '-', '') = substr(file_name, instr(file_name, 'midiatecaPart') + 13, 32)
         and p.n = cast(substr(file_name, instr(file_name, 'midiatecaPart') + 45, 4) as integer)
         and p.kind = 'base64' and p.text is not null), '…')
  || substr(file_name, instr(file_name, 'midiatecaPart') + 49)
  where instr(file_name, 'midiatecaPart') > 0
    and length(substr(file_name, instr(file_name, 'midiatecaPart') + 13, 36)) = 36
    and substr(file_name, instr(file_name, 'midiatecaPart') + 13, 36) not glob '*[^0-9a-f]*';
update media set sender_name = substr(sender_name, 1, instr(sender_name, 'midiatecaPart') - 1)
  || coalesce((select replace(cast(p.text as text), '\', '') from delivery_parts p
       where replace(p.delivery, '-', '') = substr(sender_name, instr(sender_name, 'midiatecaPart') + 13, 32)
         and p.n = cast(substr(sender_name, instr(sender_name, 'midiatecaPart') + 45, 4) as integer)
         and p.kind = 'base64' and p.text is not null), '…')
  || substr(sender_name, instr(sender_name, 'midiatecaPart') + 49)
  where instr(sender_name, 'midiatecaPart') > 0
    and length(substr(sender_name, instr(sender_name, 'midiatecaPart') + 13, 36)) = 36
    and substr(sender_name, instr(sender_name, 'midiatecaPart') + 13, 36) not glob '*[^0-9a-f]*';
-- Of long texts more is indexed, of long words the beginning.
insert or ignore into words_due (media) select media from media_words where length(words) > 10000;
