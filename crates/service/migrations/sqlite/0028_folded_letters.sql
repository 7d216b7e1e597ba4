-- Words with letters that were not folded are indexed again.
insert or ignore into words_due (media)
  select media from media_words where words glob '*[ßæœøđðłþħŧıŋ]*';
