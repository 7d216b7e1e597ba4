### What `media list` and `media show` say.

media-not-stored = { $id } has no file; `midiateca media show { $id }` says why
media-file-missing = the file { $path } is missing; `midiateca scrub --repair` looks for it
media-no-opener = no program could be started for it: { $why }
