### What `media list` and `media show` say.

media-not-stored = { $id } has no file; `midiateca media show { $id }` says why
media-file-missing = the file { $path } is missing; `midiateca scrub --repair` searches for it
media-no-opener = no program could be started to open it: { $why }
