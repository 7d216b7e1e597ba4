### What is said when a command could not do its work, and what to do next.

## The settings

errors-settings-unreadable = cannot read the settings in { $path }
errors-name-settings = name the right file with --config, or write one with `midiateca --config { $path } config init`
errors-settings-invalid = { $path } is not a valid configuration
errors-setting-misread = line { $line }, column { $column }: `{ $text }` is not understood ({ $detail })
errors-mend-settings = mend the file; `midiateca --config NEW.toml config init` writes one that explains every setting
errors-see-settings = set it in the file or in the environment; `midiateca --config NEW.toml config init` writes a file that explains every setting
errors-setting-renamed = { $old } is named { $new } now
errors-write-instead = write `{ $line }` as { $new } instead
errors-unknown-variable = the environment variable { $name } names no setting
errors-variable-invalid = the environment variable { $name } is not understood: { $detail }
errors-time-zone-invalid = http.time_zone is { $name }, and that is no time zone of the IANA database, such as America/Sao_Paulo
errors-setting-too-small = { $key } must be at least { $least }
errors-listen-invalid = { $text } is no address and port to listen on; write it like 0.0.0.0:8000
errors-public-url-invalid = http.public_url is { $text }, and must be a plain web address such as https://midia.example.com
errors-routes-invalid = fetch.routes must name each route at most once, and at least one
errors-watermarks-invalid = storage.resume_above must not be less than storage.pause_below
errors-rule-without-limit = each of retention.rules must say older_than, larger_than or total_over
errors-url-invalid = { $key } must look like { $scheme }:///path; nothing else is spoken by this version

## The data folder

errors-data-folder-unusable = the data folder { $path } cannot be used
errors-other-folder = run midiateca as the user that owns the folder, or name another folder with --data
errors-lock-unusable = cannot lock { $path }
errors-own-lock = give that file to the user that runs midiateca, or remove it while no midiateca runs here: it is empty
errors-server-running = another midiateca already serves { $path }
errors-end-the-other = end that one first, or name another folder with --data
errors-import-running = another import into { $path } is under way; this one changed nothing
errors-files-busy = an import, an erasure or `scrub --repair` is at work on the files of { $path }
errors-wait-and-again = wait until it has ended and run the same command again

## The clock

errors-clock-not-trusted = the machine's clock has jumped, or does not fit the last run, so nothing is deleted
errors-accept-clock = set the clock right (`timedatectl set-ntp true`); if it is right, `midiateca doctor --accept-clock`, or `midiateca sweep --accept-clock`

## A database or storage that was lost

errors-database-missing = there is no database in { $path }, or an empty one, although there was one: { $trace } is still there
errors-find-database = mount its disk, move it back, or restore it from a backup. Only if it is lost for good, `midiateca serve --new-database` begins a new one: it knows no client, no instance and no stored file
errors-storage-missing = the storage { $path } is not there, although files were stored in it: is the storage mounted?
errors-storage-unmarked = the storage { $path } is not the one of this database: the file .midiateca-id is not in it, and the stored files are not there: is the storage mounted?
errors-storage-of-other-database = the storage { $path } belongs to another database: its .midiateca-id is another
errors-storage-unknown = the storage { $path } holds files, and the database has stored none: they are of another database
errors-storage-mount = mount its disk, or correct storage.url; a running midiateca goes on by itself then. If files were moved by hand, move .midiateca-id too. Only if this is the right place, `midiateca serve --adopt-storage` makes it the storage of this database
errors-storage-right = mount the right disk, or correct storage.url and database.url. Only if database and files belong together, `midiateca serve --adopt-storage` makes it the storage of this database

## The database

errors-database-unavailable = the database cannot commit now
errors-database-read-only = it can only be read (SQLite code { $code })
errors-database-io = the disk or the network share gave an error (SQLite code { $code })
errors-database-corrupt = the file is damaged (SQLite code { $code })
errors-database-disk-full = the disk is full (SQLite code { $code })
errors-database-cannot-open = one of its files cannot be opened or created (SQLite code { $code })
errors-database-busy = another program holds the database
errors-database-wait = give the same command again once the other one, perhaps another midiateca, is through
errors-database-make-room = see that the disk has room, and that this user may write the file; `midiateca doctor` looks closer
errors-database-displaced = the database { $path } is not there any more, although a running process has it open
errors-database-replaced = another database is at { $path } in place of the open one
errors-database-older = an older copy is at { $path } in place of the open database
errors-database-damaged = the database { $path } was truncated or overwritten while it was open
errors-database-log-replaced = the write-ahead log of { $path } was replaced or truncated while the database was open
errors-database-unconfirmed = it cannot be determined whether the database at { $path } is still the open one
errors-database-bring-back = move the database, with its -wal and -shm files, back to { $path }; midiateca goes on by itself then. If it was deleted, restore it from a backup and restart midiateca
errors-database-bring-back-or-restart = move the newer database back to { $path }; midiateca goes on by itself then. To go on with the older copy, restart midiateca: what was stored after the copy was made is not in it
errors-database-restore = stop midiateca, restore the database from a backup, and start it again
errors-database-restart = restart midiateca, then run `midiateca doctor`
errors-database-too-new = the database was written by a newer version (migration { $version })
errors-database-use-newer = use that version, or restore a backup made before the upgrade
errors-database-foreign = the file of the database belongs to another program; nothing in it was changed
errors-database-name-right = correct database.url or --data, or put the right file back from a backup
errors-database-unsafe = SQLite { $found } is too old to be trusted with a write-ahead log
errors-database-use-released = use a released midiateca, which brings its own SQLite
errors-database-malformed = column { $column } of the database does not hold what it should
errors-database-no-copy = the database cannot be read where it is, and not be copied to { $folder }
errors-database-set-tmpdir = set TMPDIR to a folder with room for a copy of the database
errors-database-panicked = the work on the database panicked; nothing of it was committed
errors-not-a-database = the file is not a SQLite database
errors-look-at-resolver = see that the name is right, and that this machine resolves names: /etc/resolv.conf
errors-database-statement-failed = the database refused a statement
errors-database-look = `midiateca doctor` reads the whole database and says what to do

## The key

errors-key-file-unusable = the key file { $path } cannot be used
errors-key-owner = see that the file belongs to the user that runs midiateca, and that this user may read it
errors-key-missing = the key file { $path } is not there, and the gateway tokens are sealed with it
errors-key-back-or-new = put the file back from where its copy is kept; only if it is lost for good, `midiateca instance add ID --client N --token-env VAR --new-key` begins with a new key, and every instance needs its token again
errors-key-invalid = { $path } is not a key file: it must hold 32 bytes, base64url
errors-key-restore = put the right file back from a backup
errors-token-undecryptable = a sealed token cannot be opened: was secret.key replaced?
errors-key-or-token = put the right secret.key back, or add the token again: `midiateca instance add ID --client N --token-env VAR`

## The files

errors-disk-full = the disk is full
errors-free-room = make room, or let go of old files: [retention] in `midiateca config init`, then `midiateca sweep --dry-run`
errors-write-failed = the file cannot be written
errors-look-at-storage = `midiateca doctor` tries the storage and says what to do
errors-path-behind-link = { $path } is a link, or behind one, and is left alone: what it leads to may belong to something else
errors-look-behind-link = put the folder itself, or a mount of it, in the place of the link, and run the same command again
errors-remove-failed = a file could not be removed
errors-unknown-contact = --contact { $contact } names nobody who is known: give a phone number with its country code, or an id as `midiateca media list --json` shows it
errors-several-people = { $count } other ids go with { $id }, so it is not one person's, and nothing was erased; give the person's number instead
errors-several-countries = --contact { $contact } may be any of { $known }, which are not one person's, and nothing was erased; give the one that is meant with + and its country code
errors-run-again = mend that and run the same command again; it goes on where it stopped
errors-read-failed = cannot read { $path }
errors-path-unusable = cannot use { $path }
errors-mend-copy = stop the program that writes it, or take a copy with `sqlite3 { $path } '.backup copy.sqlite3'` and name that

## The door

errors-listen-failed = cannot listen on { $address }
errors-other-address = end the program that listens there, or choose another address and port, such as --listen 0.0.0.0:8080

## The network

errors-address-refused = the address is refused
errors-name-unresolved = its name cannot be resolved
errors-no-answer = no answer
errors-timed-out = too slow
errors-http-status = status { $status }
errors-cut-short = the connection ended early
errors-ended-early = the answer ended before the file
errors-answer-too-large =
    larger than { $limit ->
        [one] { $limit } byte
       *[other] { $limit } bytes
    }
errors-unknown-coding = the server sent the content coding { $coding }
errors-undecodable = the answer cannot be decoded
errors-proxy-authorization = the proxy asks for a user name and password
errors-proxy-unusable = { $variable } does not name a usable proxy
errors-set-proxy = set HTTPS_PROXY and HTTP_PROXY to http://USER:PASSWORD@HOST:PORT (https://, socks5:// and socks5h:// work too), and list in NO_PROXY what is reached without it
errors-look-at-network = `midiateca doctor` tries every connection and says what to do
errors-link-not-a-url = the link is not a URL
errors-link-scheme = the link's scheme or user part is not allowed
errors-host-not-allowed = the host { $host } is not allowed
errors-allow-host = if it is yours, name it in fetch.allowed_hosts
errors-address-not-public = the address { $address } is not public
errors-no-public-address = the name leads to no public address
errors-too-many-redirects = too many redirects

## What the system said

errors-system = { $what } (os error { $code })
errors-path-not-found = no such file or directory
errors-permission-denied = permission denied
errors-already-exists = it exists already
errors-not-a-directory = not a directory
errors-is-a-directory = it is a directory
errors-directory-not-empty = the directory is not empty
errors-read-only = the file system is read-only
errors-no-space = no space left on the device
errors-quota = the quota is used up
errors-file-too-large = the file is too large
errors-busy = it is busy
errors-not-utf8 = it is not UTF-8 text
errors-interrupted = interrupted
errors-unexpected-end = it ended too early
errors-address-in-use = the address is already in use
errors-address-not-available = the address is none of this machine
errors-connection-refused = connection refused
errors-connection-reset = connection reset by the other side
errors-not-connected = not connected
errors-broken-pipe = broken pipe
errors-system-timeout = timed out
errors-host-unreachable = the host is unreachable
errors-network-unreachable = the network is unreachable
errors-network-down = the network is down
errors-out-of-memory = out of memory
errors-see-path = see that the path is right: `ls -l` shows what is there, and a path without / at its beginning is looked for in the current folder
errors-see-owner = see who owns it with `ls -l`, and run midiateca as that user, or give this one the right

## Import, backup and arguments

errors-import-stopped = stopped; the same command goes on from here
errors-import-conflicts = the source's clients or instances are somebody else's here, so nothing was taken: use an empty data folder, or `midiateca instance remove ID`
errors-import-other-database = { $path } is not a database of the original system: it has no table { $table }
errors-not-sqlite = { $path } is not a SQLite database: name the original system's db.sqlite3
errors-source-damaged = { $path } is damaged, or was copied while it was written: make the copy again with `sqlite3 db.sqlite3 '.backup copy.sqlite3'`, or rescue what it holds with `sqlite3 db.sqlite3 .recover`
errors-import-own-storage = { $path } is this data folder's own storage: name the original system's media_storage
errors-import-no-space = { $needed } are to be copied, { $free } are free, and { $floor } of that stay free (storage.pause_below): make room and give the same command again, which goes on from here, or use --link if both are on one disk
errors-import-no-space-to-link = { $needed } are to be copied, for the files are on another disk than the data folder, where --link cannot help; { $free } are free, and { $floor } of that stay free (storage.pause_below): make room and give the same command again, which goes on from here
errors-backup-within-data = the backup at { $target } and { $other } lie within each other: name a folder elsewhere, best on another disk
errors-backup-target-foreign = { $path } is not empty and is not a backup made by this program, or was served as a data folder: name an empty or new folder
errors-backup-target-not-a-directory = { $path } is a file, and a backup is a folder: name a new or empty folder
errors-backup-key-missing = --with-key: the key { $path } is not there; put it back from where its copy is kept, or leave --with-key out
errors-backup-target-missing = { $path } is not there, so the backup is not made in it: make it, or mount its disk
errors-backup-other-database = { $path } holds the backup of another database, which stays as it is: name another folder; and if this is the wrong database, see --data and what is mounted there
errors-backup-running = another backup to { $path } is under way: wait for it to end
errors-backup-no-space = { $path } has room for { $free } bytes and { $needed } are needed: make room there, or name another folder
errors-backup-run-again = run the same command again; it goes on where it stopped
errors-backup-database-damaged = the database is damaged ({ $problem }), and no backup is made of that: see `midiateca doctor`
errors-backup-wrong-key = --with-key: { $path } is not the key that opens the gateway tokens; put the right one back first, or leave --with-key out
errors-not-a-number = it is not a whole number
errors-number-too-large = the number is too large
errors-number-too-small = the number is too small

## Verification

errors-folder-missing = none of the { $missing } files stored in { $folder } is there: is everything mounted? Nothing was changed
errors-most-files-missing = { $missing } of { $stored } stored files are missing or of another length: is the storage mounted, and is it the right one? Nothing was changed
errors-allow-missing = if the files are really lost, add --even-if-most-are-missing
errors-many-files-orphaned = { $orphaned } of { $files } files are orphaned: is the database the right one? Nothing was changed
errors-allow-orphaned = to move them to quarantine anyway, add --even-if-many-are-orphaned

## Exports

errors-export-only-tar = { $target } is stdout, which can only be a tar archive
errors-export-no-format = leave out --format
errors-export-other-archive = { $target } is the name of another kind of archive
errors-export-tar-or-zip = media are compressed already: name a .tar or a .zip
errors-export-inside-storage = { $target } is among the stored media
errors-export-outside = name a place outside of the data folder
errors-export-target-exists = { $target } exists already, and was not changed
errors-export-other-name = name another file, or move it away first
errors-export-folder-missing = the folder for { $target } does not exist
errors-export-create-folder = create it first
errors-export-not-a-folder = { $target } is a file, not a folder
errors-export-folder-or-archive = name a folder, or a file that ends in .tar or .zip
errors-export-foreign-folder = { $target } is not empty and is not an export of midiateca, so nothing is written into it
errors-export-other-folder = name another folder
errors-export-busy = another export is writing to { $target }
errors-export-wait = wait for its end, or name another target
errors-export-no-space = { $needed } are needed and { $free } are free at { $target }
errors-export-make-space = free some space, name another place, or export less with --client, --since and --until
errors-export-failed = cannot write { $target }
errors-export-target-unreadable = cannot look at { $target }
errors-export-move-away = move it away, and run the same command again
errors-export-nothing-left = nothing was left of { $target }
errors-export-cut-short = the archive on stdout is incomplete: discard it
errors-export-continues =
    { $files ->
        [one] { $files } file is
       *[other] { $files } files are
    } in { $target }, and the same command continues from there
errors-export-blocked =
    { $files ->
        [one] { $files } file is
       *[other] { $files } files are
    } in { $target }, and something in it is in the way of the next

## The gateway's admin API

errors-gateway-token-missing = no gateway token is stored for this instance
errors-add-token = add it: `midiateca instance add ID --client N --token-env VAR`
errors-gateway-token-undecryptable = the gateway token cannot be decrypted
errors-api-base-invalid = the API base is not a URL
errors-set-api-base = correct it: `midiateca instance add ID --client N --api-base URL`
errors-gateway-token-refused = the gateway refuses the token
errors-gateway-instance-unknown = the gateway knows no such instance
errors-gateway-silent = the gateway does not answer
errors-gateway-status = the gateway answered { $status }
errors-gateway-refuses = the gateway refuses: { $said }
errors-gateway-empty = the gateway's answer does not describe the instance
errors-gateway-other = the gateway answered for another instance: { $said }
errors-gateway-not-json = the gateway answered something that is not JSON
errors-see-instance = `midiateca doctor --instance ID` tests the instance's token and shows what to do
errors-not-writable = { $path } cannot be written

## Test deliveries

errors-delivery-not-written = cannot write the delivery to the data folder
errors-media-deleted = the media was deleted after it was committed
