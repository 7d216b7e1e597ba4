### What `forget` says.

forget-shared-ids = not erased, because they appear in the media of several people: { $ids }
forget-confirm = erase everything of these ids from client { $client }? Type yes to continue:
forget-give-yes = nothing was erased, because these ids are not confirmed: { $ids }
    .hint = check them and add --yes, or run the command in a terminal to confirm
forget-nothing = nothing of { $ids } is stored for client { $client }, so nothing was erased; check the number, or use an id as `midiateca media list --json` shows it
forget-erased =
    { $at }: erased for client { $client }: { $ids }: { $media } media, { $files ->
        [one] { $files } file
       *[other] { $files } files
    } ({ $bytes } bytes), { $deliveries ->
        [one] { $deliveries } raw delivery
       *[other] { $deliveries } raw deliveries
    }; named in { $mentions } media of others, where the number was masked
forget-would-be-erased =
    { $at }: would be erased for client { $client }: { $ids }: { $media } media, { $files ->
        [one] { $files } file
       *[other] { $files } files
    } ({ $bytes } bytes), { $deliveries ->
        [one] { $deliveries } raw delivery
       *[other] { $deliveries } raw deliveries
    }; named in { $mentions } media of others, where the number would be masked
forget-left =
    { $count ->
        [one] { $count } raw delivery names
       *[other] { $count } raw deliveries name
    } the person and { $count ->
        [one] contains
       *[other] contain
    } bytes of another person that are not stored yet
forget-unreadable-left =
    { $count ->
        [one] { $count } raw delivery names
       *[other] { $count } raw deliveries name
    } the person but cannot be read, and may contain the only copy of another person's media: see `midiateca deliveries list --set-aside`
forget-with-unreadable = the erasure is not complete, so this is not the proof yet: to erase those as well, run the same command with --unreadable
forget-files-left = the files of { $count } media could not be deleted; the log says why
forget-downloads-left =
    { $count ->
        [one] { $count } download has
       *[other] { $count } downloads have
    } not ended yet
forget-not-complete = the erasure is not complete, so this is not the proof yet: run the same command again
forget-left-in-database = the erasure is not complete, so this is not the proof yet: the database's files still contain erased data, because they could not be rewritten, or another program reads them; run the same command again
forget-no-space = the erasure is not complete, so this is not the proof yet: the database's files still contain erased data, because { $needed } must be free to rewrite them; free space and run the same command again
forget-import-cut-short = an import was interrupted, and there may be files of this person without a row: run the same import to its end, then this command again
forget-resumed = this continued an unfinished erasure of this person: the figures include what it erased, but its files are not listed again, so keep its output as well
forget-elsewhere = keep this as the proof; it does not reach earlier exports and backups: delete them, or make them again
forget-on-hold =
    { $count ->
        [one] { $count } media or raw delivery of others names
       *[other] { $count } media and raw deliveries of others name
    } the person and stay as they are, because of a legal hold: see `midiateca hold list`
forget-until-release = the erasure is not complete, so this is not the proof yet: run the same command again when the hold is released
