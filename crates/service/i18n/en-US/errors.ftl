### What is said when a command could not do its work, and what to do next.

errors-error = error: { $what }
errors-next = { "  " }next: { $next }
errors-no-stdout = stdout cannot be written: { $why }
errors-no-threads = no threads can be started: { $why }

## The settings

errors-settings-unreadable = cannot read the settings in { $path }
errors-name-settings = name the right file with --config, or write one with `midiateca --config { $path } config init`
errors-settings-invalid = { $path } is not a valid configuration
errors-misread = line { $line }, column { $column }: `{ $text }` is not understood ({ $detail })
errors-mend-settings = mend the file; `midiateca --config NEW.toml config init` writes one that explains every setting
errors-see-settings = set it in the file or in the environment; `midiateca --config NEW.toml config init` writes a file that explains every setting
errors-renamed = { $old } is named { $new } now
errors-write-instead = write `{ $line }` as { $new } instead
errors-unknown-variable = the environment variable { $name } names no setting
errors-variable = the environment variable { $name } is not understood: { $detail }
errors-time-zone = http.time_zone is { $name }, and that is no time zone of the IANA database, such as America/Sao_Paulo
errors-too-small = { $key } must be at least { $least }
errors-listen-form = { $text } is no address and port to listen on; write it like 0.0.0.0:8000
errors-public-url = http.public_url is { $text }, and must be a plain web address such as https://midia.example.com
errors-routes = fetch.routes must name each route at most once, and at least one
errors-watermarks = storage.resume_above must not be less than storage.pause_below
errors-rule-without-limit = each of retention.rules must say older_than, larger_than or total_over
errors-url = { $key } must look like { $scheme }:///path; nothing else is spoken by this version

## The data folder

errors-no-data = there are no data in { $path }: nothing is kept there yet
errors-name-data = name the right folder with --data, or begin with `midiateca client add NAME`
errors-folder = the data folder { $path } cannot be used
errors-other-folder = run midiateca as the user that owns the folder, or name another folder with --data
errors-lock = cannot lock { $path }
errors-own-lock = give that file to the user that runs midiateca, or remove it while no midiateca runs here: it is empty
errors-taken = another midiateca already serves { $path }
errors-end-the-other = end that one first, or name another folder with --data
errors-import-under-way = another import into { $path } is under way; this one changed nothing
errors-files-held = an import, an erasure or `scrub --repair` is at work on the files of { $path }
errors-wait-and-again = wait until it has ended and run the same command again

## The clock

errors-clock-not-trusted = the machine's clock has jumped, or does not fit the last run, so nothing is deleted
errors-accept-clock = set the clock right (`timedatectl set-ntp true`); if it is right, `midiateca doctor --accept-clock`, or `midiateca sweep --accept-clock`

## A database or storage that was lost

errors-no-database = there is no database in { $path }, or an empty one, although there was one: { $trace } is still there
errors-find-database = mount its disk, move it back, or restore it from a backup. Only if it is lost for good, `midiateca serve --new-database` begins a new one: it knows no client, no instance and no stored file
errors-storage-missing = the storage { $path } is not there, although files were stored in it: is the storage mounted?
errors-storage-unmarked = the storage { $path } is not the one of this database: the file .midiateca-id is not in it, and the stored files are not there: is the storage mounted?
errors-storage-other = the storage { $path } belongs to another database: its .midiateca-id is another
errors-storage-unknown = the storage { $path } holds files, and the database has stored none: they are of another database
errors-storage-mount = mount its disk, or correct storage.url; a running midiateca goes on by itself then. If files were moved by hand, move .midiateca-id too. Only if this is the right place, `midiateca serve --adopt-storage` makes it the storage of this database
errors-storage-right = mount the right disk, or correct storage.url and database.url. Only if database and files belong together, `midiateca serve --adopt-storage` makes it the storage of this database

## The database

errors-db-unavailable = the database cannot commit now
errors-engine-read-only = it can only be read (SQLite code { $code })
errors-engine-io = the disk or the network share gave an error (SQLite code { $code })
errors-engine-corrupt = the file is damaged (SQLite code { $code })
errors-engine-full = the disk is full (SQLite code { $code })
errors-engine-cannot-open = one of its files cannot be opened or created (SQLite code { $code })
errors-db-busy = another program holds the database
errors-db-wait = give the same command again once the other one, perhaps another midiateca, is through
errors-db-make-room = see that the disk has room, and that this user may write the file; `midiateca doctor` looks closer
errors-db-gone = the database { $path } is not there any more, although a running process has it open
errors-db-other = another database is at { $path } in place of the open one
errors-db-older = an older copy is at { $path } in place of the open database
errors-db-damaged = the database { $path } was truncated or overwritten while it was open
errors-db-other-log = the write-ahead log of { $path } was replaced or truncated while the database was open
errors-db-unproven = it cannot be determined whether the database at { $path } is still the open one
errors-db-bring-back = move the database, with its -wal and -shm files, back to { $path }; midiateca goes on by itself then. If it was deleted, restore it from a backup and restart midiateca
errors-db-bring-back-or-restart = move the newer database back to { $path }; midiateca goes on by itself then. To go on with the older copy, restart midiateca: what was stored after the copy was made is not in it
errors-db-restore = stop midiateca, restore the database from a backup, and start it again
errors-db-restart = restart midiateca, then run `midiateca doctor`
errors-db-too-new = the database was written by a newer version (migration { $version })
errors-db-use-newer = use that version, or restore a backup made before the upgrade
errors-db-foreign = the file of the database belongs to another program; nothing in it was changed
errors-db-name-right = correct database.url or --data, or put the right file back from a backup
errors-db-unsafe = SQLite { $found } is too old to be trusted with a write-ahead log
errors-db-use-released = use a released midiateca, which brings its own SQLite
errors-db-malformed = column { $column } of the database does not hold what it should
errors-db-no-copy = the database cannot be read where it is, and not be copied to { $folder }
errors-db-set-tmpdir = set TMPDIR to a folder with room for a copy of the database
errors-db-panicked = the work on the database panicked; nothing of it was committed
errors-db-not-one = the file is not a SQLite database
errors-unknown-name = its name cannot be resolved
errors-look-at-resolver = see that the name is right, and that this machine resolves names: /etc/resolv.conf
errors-db-refused = the database refused a statement
errors-db-look = `midiateca doctor` reads the whole database and says what to do

## The key

errors-key-file = the key file { $path } cannot be used
errors-key-owner = see that the file belongs to the user that runs midiateca, and that this user may read it
errors-key-missing = the key file { $path } is not there, and the gateway tokens are sealed with it
errors-key-back-or-new = put the file back from where its copy is kept; only if it is lost for good, `midiateca instance add ID --client N --token-env VAR --new-key` begins with a new key, and every instance needs its token again
errors-not-a-key = { $path } is not a key file: it must hold 32 bytes, base64url
errors-key-restore = put the right file back from a backup
errors-sealed = a sealed token cannot be opened: was secret.key replaced?
errors-key-or-token = put the right secret.key back, or add the token again: `midiateca instance add ID --client N --token-env VAR`

## The files

errors-disk-full = the disk is full
errors-free-room = make room, or let go of old files: [retention] in `midiateca config init`, then `midiateca sweep --dry-run`
errors-not-written = the file cannot be written
errors-look-at-storage = `midiateca doctor` tries the storage and says what to do
errors-behind-link = { $path } is a link, or behind one, and is left alone: what it leads to may belong to something else
errors-look-behind-link = put the folder itself, or a mount of it, in the place of the link, and run the same command again
errors-not-removed = a file could not be removed
errors-nobody = --contact { $contact } names nobody who is known: give a phone number with its country code, or an id as `midiateca media list --json` shows it
errors-several-people = { $count } other ids go with { $name }, so it is not one person's, and nothing was erased; give the person's number instead
errors-several-countries = --contact { $contact } may be any of { $held }, which are not one person's, and nothing was erased; give the one that is meant with + and its country code
errors-run-again = mend that and run the same command again; it goes on where it stopped
errors-unreadable = cannot read { $path }
errors-unusable = cannot use { $path }
errors-mend-copy = stop the program that writes it, or take a copy with `sqlite3 { $path } '.backup copy.sqlite3'` and name that

## The door

errors-listen = cannot listen on { $address }
errors-other-address = end the program that listens there, or choose another address and port, such as --listen 0.0.0.0:8080

## The network

errors-refused = the address is refused
errors-unresolved = its name leads to no address
errors-unreachable = no answer
errors-timed-out = too slow
errors-status = status { $status }
errors-cut-short = the connection ended early
errors-ended-early = the answer ended before the file
errors-too-large = larger than { $limit } bytes
errors-unknown-coding = the server sent the content coding { $coding }
errors-undecodable = the answer cannot be decoded
errors-proxy-authorization = the proxy asks for a user name and password
errors-unusable-proxy = { $variable } does not name a usable proxy
errors-set-proxy = set HTTPS_PROXY and HTTP_PROXY to http://USER:PASSWORD@HOST:PORT (https://, socks5:// and socks5h:// work too), and list in NO_PROXY what is reached without it
errors-look-at-network = `midiateca doctor` tries every connection and says what to do
errors-not-a-url = the link is not a URL
errors-scheme = the link's scheme or user part is not allowed
errors-host = the host { $host } is not allowed
errors-allow-host = if it is yours, name it in fetch.allowed_hosts
errors-not-public = the address { $address } is not public
errors-no-public-address = the name leads to no public address
errors-redirects = too many redirects

## The gateway

errors-no-token = no gateway token is kept for this instance
errors-add-token = add it: `midiateca instance add ID --client N --token-env VAR`
errors-token-sealed = the gateway token cannot be unsealed
errors-api-base = the API base is not a URL
errors-set-api-base = correct it: `midiateca instance add ID --client N --api-base URL`
errors-gateway-silent = the gateway does not answer
errors-gateway-status = the gateway answered { $status }
errors-gateway-refuses = the gateway refuses: { $named }
errors-gateway-empty = the gateway's answer tells nothing of the instance
errors-gateway-other = the gateway told of another instance: { $named }
errors-gateway-not-json = the gateway answered something that is not JSON
errors-look-at-instance = `midiateca doctor --instance ID` tries the instance's token and says what to do

## A point in time

errors-no-time = { $text } is no time; write it like 2026-11-24, 2026-11-24T12:00:00Z, 90m, 24h or 7d

## The terminal

errors-terminal-panicked = something in the program panicked
errors-terminal-not-taken = the terminal cannot be taken
errors-terminal-no-keys = the terminal's keys cannot be read
errors-use-lines = `midiateca monitor --lines` needs no full screen

## What the system said

errors-system = { $what } (os error { $code })
errors-not-found = no such file or directory
errors-permission-denied = permission denied
errors-already-exists = it exists already
errors-not-a-folder = not a directory
errors-is-a-folder = it is a directory
errors-folder-not-empty = the directory is not empty
errors-read-only = the file system is read-only
errors-no-room = no space left on the device
errors-quota = the quota is used up
errors-file-too-large = the file is too large
errors-busy = it is busy
errors-not-utf8 = it is not UTF-8 text
errors-interrupted = interrupted
errors-ended = it ended too early
errors-address-in-use = the address is already in use
errors-address-not-ours = the address is none of this machine
errors-connection-refused = connection refused
errors-connection-reset = connection reset by the other side
errors-not-connected = not connected
errors-broken-pipe = broken pipe
errors-os-timed-out = timed out
errors-host-unreachable = the host is unreachable
errors-network-unreachable = the network is unreachable
errors-network-down = the network is down
errors-out-of-memory = out of memory
errors-see-path = see that the path is right: `ls -l` shows what is there, and a path without / at its beginning is looked for in the current folder
errors-see-owner = see who owns it with `ls -l`, and run midiateca as that user, or give this one the right
