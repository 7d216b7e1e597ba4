### Errors of commands, and their hints.

## The settings

errors-settings-unreadable = cannot read the settings in { $path }
errors-name-settings = give the right file with --config, or write one with `midiateca --config { $path } config init`
errors-settings-invalid = { $path } is not a valid configuration
errors-setting-in-line = line { $line }: { $problem }
errors-setting-misread = line { $line }, column { $column }: `{ $text }` is not valid TOML
errors-setting-unknown = line { $line }, column { $column }: `{ $text }` is not understood: { $key } is not a setting
errors-setting-invalid = line { $line }, column { $column }: `{ $text }` is not understood as a value of { $key }
errors-fix-settings = fix the file; `midiateca --config NEW.toml config init` writes one that explains every setting
errors-see-settings = set it in the file or in the environment; `midiateca --config NEW.toml config init` writes a file that explains every setting
errors-setting-renamed = { $old } is named { $new } now
errors-write-instead = write `{ $line }` ({ $new })
errors-unknown-variable = the environment variable { $name } is not a setting
errors-variable-invalid = the environment variable { $name } is not understood: `{ $text }` is not a value of this setting
errors-time-zone-invalid = http.time_zone is { $name }, which is not a time zone of the IANA database, such as America/Sao_Paulo
errors-setting-too-small = { $key } must be at least { $least }
errors-backup-of-server = the database is at { $place }, and `midiateca backup` copies database files only
errors-backup-with-pg-dump = copy it with `pg_dump --format=custom`, and after that the storage and `secret.key`: files that the copied database names are in a storage that is copied later
errors-database-url-malformed = database.url must look like sqlite:///path or postgres://user@host/database
errors-database-tls-mode = in database.url, sslmode is disable or verify-full
errors-database-roots = the file of sslrootcert in database.url has no usable certificate in PEM
errors-listen-invalid = { $text } is not an address with a port; write it like 0.0.0.0:8000
errors-public-url-invalid = http.public_url is { $text }, and must be a plain web address such as https://midia.example.com
errors-routes-invalid = fetch.routes must name each route at most once, and at least one
errors-program-without-path = { $key } must have one argument with {"{path}"}, which stands for the file
errors-not-a-host = { $key }: "{ $text }" is not a host such as files.example.com or files.example.com:8443
errors-storage-url-invalid = storage.url must look like file:///path or s3://bucket/prefix
errors-storage-endpoint-invalid = storage.endpoint must look like https://host:port, without a path, a name or a password
errors-watermarks-invalid = storage.resume_above must not be less than storage.pause_below
errors-rule-without-limit = each of retention.rules must set older_than, larger_than or total_over
errors-url-invalid = { $key } must look like { $scheme }:///path; this version supports nothing else

## The data folder

errors-data-missing = there is no installation in { $path }
    .hint = give the right folder with --data, or start with `midiateca client add NAME`
errors-data-folder-unusable = the data folder { $path } cannot be used
errors-other-folder = run midiateca as the user that owns the folder, or give another folder with --data
errors-lock-unusable = cannot lock { $path }
errors-own-lock = give that file to the user that runs midiateca, or remove it while no midiateca runs here
errors-server-running = another midiateca already serves { $path }
errors-end-the-other = stop it first, or give another folder with --data
errors-import-running = another import into { $path } is running; this one changed nothing
errors-files-busy = an import, an erasure or `scrub --repair` is using the files of { $path }
errors-wait-and-again = wait until it has ended, then run the same command again

## The clock

errors-clock-not-trusted = the machine's clock has jumped or does not fit the last run, so nothing is deleted
errors-accept-clock = correct the clock (`timedatectl set-ntp true`); if it is right, `midiateca doctor --accept-clock` or `midiateca sweep --accept-clock`

## A database or storage that was lost

errors-database-missing = the database in { $path } is missing or empty, although there was one: { $trace } is still there
errors-find-database = mount its disk, move it back, or restore it from a backup. Only if it is lost for good, `midiateca serve --new-database` creates a new one, without any client, instance or stored file
errors-storage-missing = the storage { $path } is missing, although files are stored in it: is it mounted?
errors-storage-unmarked = the storage { $path } is not the one of this database: neither .midiateca-id nor the stored files are in it: is it mounted?
errors-storage-of-other-database = the storage { $path } belongs to another database: its .midiateca-id differs
errors-storage-unknown = the storage { $path } contains files, but this database has stored none: they belong to another database
errors-storage-mount = mount its disk, or correct storage.url; a running midiateca then continues. If the files were moved by hand, move .midiateca-id as well. Only if this is the right place, `midiateca serve --adopt-storage` makes it the storage of this database
    .api = mount its disk on the server, or correct storage.url; a running midiateca then continues
errors-storage-right = mount the right disk, or correct storage.url and database.url. Only if database and files belong together, `midiateca serve --adopt-storage` makes it the storage of this database
    .api = mount the right disk on the server, or correct storage.url and database.url

## The database

errors-database-unavailable = the database is unavailable for writing
errors-database-read-only = the database is read-only (SQLite code { $code })
errors-database-io = the disk or the network share reported an error (SQLite code { $code })
errors-database-corrupt = the file is damaged (SQLite code { $code })
errors-database-disk-full = the disk is full (SQLite code { $code })
errors-database-cannot-open = one of its files cannot be opened or created (SQLite code { $code })
errors-query-too-slow = the query takes too long
errors-narrow-query = narrow it: add a client, a chat or a period, or use longer words
errors-database-busy = another program has locked the database
errors-database-wait = run the same command again when the other program, perhaps another midiateca, has ended
errors-database-make-room = check that the disk has space and that this user may write the file; `midiateca doctor` checks it in detail
errors-database-server-refuses = the database server does not answer, or takes no writes
errors-database-check-server = check that PostgreSQL runs at the address in `database.url`, is no replica, and accepts this user; what waits is tried again by itself
errors-database-conflict = other transactions of the database were in the way
errors-database-repeat = repeat it; when it happens often, look for another program that writes to the same tables
errors-database-displaced = the database { $path } is missing, although a running process has it open
errors-database-replaced = another database is at { $path } in place of the open one
errors-database-older = an older copy is at { $path } in place of the open database
errors-database-damaged = the database { $path } was truncated or overwritten while it was open
errors-database-log-replaced = the write-ahead log of { $path } was replaced or truncated while the database was open
errors-database-unconfirmed = it cannot be determined whether the database at { $path } is still the open one
errors-database-bring-back = move the database, with its -wal and -shm files, back to { $path }; midiateca then continues. If it was deleted, restore it from a backup and restart midiateca
errors-database-bring-back-or-restart = move the newer database back to { $path }; midiateca then continues. To use the older copy, restart midiateca: what was stored after the copy was made is not in it
errors-database-restore = stop midiateca, restore the database from a backup, and start it again
errors-database-restart = restart midiateca, then run `midiateca doctor`
errors-database-too-new = the database was written by a newer version (migration { $version })
errors-database-use-newer = use that version, or restore a backup made before the upgrade
errors-database-foreign = the file of the database belongs to another program; nothing in it was changed
errors-database-name-right = correct database.url or --data, or restore the right file from a backup
errors-database-unsafe = SQLite { $found } is too old for a safe write-ahead log
errors-database-use-released = use a released midiateca, which includes its own SQLite
errors-database-malformed = column { $column } of the database contains an unexpected value
errors-database-no-copy = the database cannot be read where it is, nor copied to { $folder }
errors-database-set-tmpdir = set TMPDIR to a folder with space for a copy of the database
errors-database-panicked = the operation on the database crashed; nothing of it was committed
errors-not-a-database = the file is not a SQLite database
errors-look-at-resolver = check that the name is right, and that this machine resolves names: /etc/resolv.conf
errors-database-statement-failed = the database rejected a statement
errors-database-look = `midiateca doctor` checks the whole database and says what to do

## The key

errors-key-file-unusable = the key file { $path } cannot be used
errors-key-owner = check that the file belongs to the user that runs midiateca, and that this user may read it
errors-key-missing = the key file { $path } is missing, and the gateway tokens are encrypted with it
errors-key-back-or-new = restore the file from its copy; only if it is lost for good, `midiateca instance add ID --client N --token-env VAR --new-key` creates a new key, and every instance needs its token again
    .api = restore the file from its copy, on the server
errors-key-invalid = { $path } is not a key file: it must contain 32 bytes, base64url
errors-key-restore = restore the right file from a backup
errors-token-undecryptable = a token cannot be decrypted: was secret.key replaced?
errors-key-or-token = restore the right secret.key, or add the token again: `midiateca instance add ID --client N --token-env VAR`
    .page = restore the right secret.key, or enter the token again on the page of the instance, under Change
    .api = restore the right secret.key on the server, or send the token again with PATCH /api/v1/instances/ID

## The files

errors-disk-full = the disk is full
errors-free-room = free space, or delete old files: [retention] in `midiateca config init`, then `midiateca sweep --dry-run`
    .api = free space on the disk of the server
errors-write-failed = the file cannot be written
errors-look-at-storage = `midiateca doctor` tests the storage and says what to do
    .api = GET /api/v1/health tests the storage and says what to do
errors-bucket-credentials-missing = storage.url names a bucket, and there are no credentials for it
    .hint = set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment of the server, or name a file with both in storage.credentials_file
errors-bucket-credentials-unreadable = the credentials in { $path } cannot be read
    .hint = storage.credentials_file must have the lines AWS_ACCESS_KEY_ID=… and AWS_SECRET_ACCESS_KEY=…, and be readable for the user that runs midiateca
errors-bucket-roots-unusable = { $path } has no usable certificate
    .hint = storage.ca_file must have one or more certificates in PEM
errors-bucket-settings-unusable = the bucket cannot be used with these settings
    .hint = check [storage] in `midiateca config show`
errors-object-storage-denied = the object storage refuses the access: wrong credentials, or ones that may not do this
    .hint = check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, and that they permit s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket
errors-object-storage-no-bucket = the bucket does not exist
    .hint = create the bucket, or correct storage.url
errors-object-storage-unreachable = no connection to the object storage
    .hint = check the network, storage.endpoint and storage.ca_file
errors-object-storage-timed-out = the object storage does not answer in time
    .hint = check the network and the load of the object storage
errors-object-storage-busy = the object storage is overloaded or out of service for now
    .hint = it is tried again later; if this stays, look at the object storage itself
errors-object-storage-wrong-region = the bucket is in another region, or at another address
    .hint = correct storage.region and storage.endpoint
errors-object-storage-clock-skew = the object storage refuses the request, because the clocks differ too much
    .hint = correct the clock of this machine (`timedatectl set-ntp true`)
errors-object-storage-incomplete = the object storage did not receive or send all bytes
    .hint = it is tried again later; if this stays, look at the network and the object storage itself
errors-object-storage-unsupported = the object storage does not know a request that is needed
    .hint = set storage.checksum = false if it does not know checksums; `midiateca doctor` tests each request
errors-object-storage-failed = the object storage failed
    .hint = look at its own log; `midiateca doctor` tests each request
errors-path-behind-link = { $path } is a link, or behind one, and was not changed: its target may belong to something else
errors-look-behind-link = replace the link by the folder itself or a mount of it, and run the same command again
    .api = replace the link on the server by the folder itself or a mount of it
errors-remove-failed = a file could not be removed
errors-unknown-contact = { $contact } is unknown: give a phone number with its country code, or an id as `midiateca media list --json` shows it
    .api = person { $contact } is unknown: give a phone number with its country code, or an id as GET /api/v1/media shows it
errors-several-people =
    { $id } appears together with { $count ->
        [one] { $count } other id
       *[other] { $count } other ids
    }, so it belongs to several people; give the person's number instead
    .api = { $id } belongs to several people: it appears together with other ids ({ $count }); give the number of the person
errors-several-countries = { $contact } may be any of { $known }, which are different people; give the right one with + and its country code
    .api = person { $contact } may be any of { $known }, which are different people; give the right one with + and its country code
errors-run-again = fix the cause and run the same command again; it continues where it stopped
errors-read-failed = cannot read { $path }
errors-path-unusable = cannot use { $path }
errors-copy-database = stop the program that writes it, or make a copy with `sqlite3 { $path } '.backup copy.sqlite3'` and give the copy

## The HTTP server

errors-listen-failed = cannot listen on { $address }
errors-other-address = stop the program that listens there, or choose another address and port, such as --listen 0.0.0.0:8080

## The network

errors-address-refused = the address is refused
errors-name-unresolved = its name cannot be resolved
errors-no-answer = no answer
errors-timed-out = timed out
errors-http-status = status { $status }
errors-cut-short = the connection ended early
errors-ended-early = the answer ended before the file was complete
errors-answer-too-large =
    larger than { $limit ->
        [one] { $limit } byte
       *[other] { $limit } bytes
    }
errors-unknown-coding = the server sent the content coding { $coding }
errors-undecodable = the answer cannot be decoded
errors-proxy-authorization = the proxy asks for a user name and password
errors-proxy-unusable = { $variable } does not name a usable proxy
errors-set-proxy = set HTTPS_PROXY and HTTP_PROXY to http://USER:PASSWORD@HOST:PORT (https://, socks5:// and socks5h:// are supported, too), and list in NO_PROXY what is reached without it
errors-look-at-network = `midiateca doctor` tests every connection and says what to do
    .api = GET /api/v1/health?online=true tests every connection and says what to do
errors-link-not-a-url = the link is not a URL
errors-link-scheme = the link's scheme or user part is not allowed
errors-host-not-allowed = the host { $host } is not allowed
errors-allow-host = if it is yours, add it to fetch.allowed_hosts
errors-address-not-public = the address { $address } is not public
errors-no-public-address = the name has no public address
errors-too-many-redirects = too many redirects

## Errors of the operating system

errors-system = { $what } (os error { $code })
errors-path-not-found = no such file or directory
errors-permission-denied = permission denied
errors-already-exists = already exists
errors-not-a-directory = not a directory
errors-is-a-directory = it is a directory
errors-directory-not-empty = the directory is not empty
errors-read-only = the file system is read-only
errors-no-space = no space left on the device
errors-quota = the quota is used up
errors-file-too-large = the file is too large
errors-busy = in use
errors-not-utf8 = it is not UTF-8 text
errors-interrupted = interrupted
errors-unexpected-end = ended too early
errors-address-in-use = the address is already in use
errors-address-not-available = the address is not one of this machine
errors-connection-refused = connection refused
errors-connection-reset = connection reset by the other side
errors-not-connected = not connected
errors-broken-pipe = broken pipe
errors-system-timeout = timed out
errors-host-unreachable = the host is unreachable
errors-network-unreachable = the network is unreachable
errors-network-down = the network is down
errors-out-of-memory = out of memory
errors-see-path = check the path: `ls -l` shows what exists, and a path that does not begin with / is relative to the current folder
errors-see-owner = check the owner with `ls -l`, and run midiateca as that user, or grant this user access

## Import, backup and arguments

errors-import-stopped = stopped; the same command continues from here
errors-import-conflicts = clients or instances of the source conflict with those here, so nothing was imported: { $conflicts }
errors-import-conflicts-hint = use an empty data folder, or `midiateca instance remove ID`
errors-import-conflict-client = client { $id } is { $ours } here, and { $theirs } in the source
errors-import-conflict-instance = instance { $id } is client { $ours }'s here, and client { $theirs }'s in the source
errors-import-other-database = { $path } is not a database of the original system: it has no table { $table }
errors-not-sqlite = { $path } is not a SQLite database: give the original system's db.sqlite3
errors-source-damaged = { $path } is damaged, or was copied while it was written: copy it again with `sqlite3 db.sqlite3 '.backup copy.sqlite3'`, or recover it with `sqlite3 db.sqlite3 .recover`
errors-import-own-storage = { $path } is this data folder's own storage: give the original system's media_storage
errors-import-no-space = { $needed } must be copied, { $free } are free, and { $floor } of that must stay free (storage.pause_below): free space and run the same command again, which continues from here, or use --link if both are on one disk
errors-import-no-space-to-link = { $needed } must be copied, because the files are on another disk than the data folder, where --link does not help; { $free } are free, and { $floor } of that must stay free (storage.pause_below): free space and run the same command again, which continues from here
errors-backup-within-data = the backup { $target } and { $other } are inside each other: give a folder elsewhere, preferably on another disk
errors-backup-target-foreign = { $path } is not empty and is not a backup of midiateca, or was used as a data folder: give an empty or new folder
errors-backup-target-not-a-directory = { $path } is a file, and a backup is a folder: give a new or empty folder
errors-backup-key-missing = --with-key: the key { $path } is missing; restore it from its copy, or run without --with-key
errors-backup-target-missing = { $path } does not exist: create it, or mount its disk
errors-backup-other-database = { $path } contains the backup of another database, and was not changed: give another folder; if this is the wrong database, check --data and what is mounted there
errors-backup-running = another backup to { $path } is running: wait until it ends
errors-backup-no-space = { $path } has { $free } free, and { $needed } are needed: free space, or give another folder
errors-backup-run-again = run the same command again; it continues where it stopped
errors-backup-database-damaged = the database is damaged ({ $problem }) and cannot be backed up: see `midiateca doctor`
errors-backup-wrong-key = --with-key: { $path } is not the key of the gateway tokens; restore the right one first, or run without --with-key
errors-not-a-number = it is not a whole number
errors-time-invalid = { $text } is not a time; write it like 2026-11-24, 2026-11-24T12:00:00Z, 90m, 24h or 7d
errors-number-too-large = the number is too large
errors-number-too-small = the number is too small
errors-list-clients = `midiateca client list` shows the clients
    .page = Instances lists the clients
errors-client-taken = a client with this name or number exists already: { $name }
    .hint-program = see `midiateca client list`
errors-client-no-name = a client needs a name of at most 500 letters, without control characters
    .hint-program = `midiateca client add NAME`
errors-client-number = --id { $number } is out of range
    .hint = a client's number is 1 or more, up to { $largest }
errors-client-number-removed = client { $client } was removed, and its files stay under its number
    .hint-program = `midiateca client add "{ $name }" --id { $client }` restores it; for another company, use another number and name
errors-client-has-media =
    client { $client } has { $media ->
        [one] { $media } media
       *[other] { $media } media
    }
errors-remove-client-and-keep-files = to stop it from receiving, and keep its rows and files, run `midiateca client remove { $client } --keep-files`; `midiateca media list --client { $client }` still finds them

## Verification

errors-folder-missing = none of the { $missing } files stored in { $folder } is there: is everything mounted? Nothing was changed
errors-most-files-missing = { $missing } of { $stored } stored files are missing or of another length: is the storage mounted, and is it the right one? Nothing was changed
errors-allow-missing = if the files are really lost, add --even-if-most-are-missing
errors-many-files-orphaned = { $orphaned } of { $files } files are orphaned: is the database the right one? Nothing was changed
errors-allow-orphaned = to move them to quarantine anyway, add --even-if-many-are-orphaned

## Exports

errors-export-only-tar = { $target } is stdout, which can only be a tar archive
errors-export-no-format = omit --format
errors-export-other-archive = { $target } names an archive format that is not supported
errors-export-tar-or-zip = give a name that ends in .tar or .zip; media are already compressed
errors-export-inside-storage = { $target } is inside the storage
errors-export-outside = give a target outside the data folder
errors-export-target-exists = { $target } already exists, and was not changed
errors-export-other-name = give another name, or move the file away first
errors-export-folder-missing = the folder for { $target } does not exist
errors-export-create-folder = create it first
errors-export-not-a-folder = { $target } is a file, not a folder
errors-export-folder-or-archive = give a folder, or a file that ends in .tar or .zip
errors-export-foreign-folder = { $target } is not empty and is not an export of midiateca, so nothing was written to it
errors-export-other-folder = give another folder
errors-export-busy = another export is writing to { $target }
errors-export-wait = wait until it ends, or give another target
errors-export-no-space = { $needed } are needed and { $free } are free at { $target }
errors-export-make-space = free space, give another target, or export less with --client, --since and --until
errors-export-elsewhere = nothing was written: give another target, or make it possible to create files there
errors-export-failed = cannot write { $target }
errors-export-target-unreadable = cannot read { $target }
errors-export-move-away = move it away, and run the same command again
errors-export-nothing-left = the incomplete { $target } was removed
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
    } in { $target }, and an existing file or folder there blocks the next

## The gateway's admin API

errors-gateway-token-missing = no gateway token is stored for this instance
errors-add-token = add it: `midiateca instance add ID --client N --token-env VAR`
    .page = enter it on the page of the instance, under Change
    .api = send it as token with PATCH /api/v1/instances/ID
errors-gateway-token-undecryptable = the gateway token cannot be decrypted
errors-api-base-invalid = the API base is not a URL
errors-set-api-base = correct it: `midiateca instance add ID --client N --api-base URL`
    .page = correct it on the page of the instance, under Change
    .api = correct api_base with PATCH /api/v1/instances/ID
errors-gateway-token-refused = the gateway refuses the token
errors-gateway-instance-unknown = the gateway knows no such instance
errors-gateway-silent = the gateway does not answer
errors-gateway-status = the gateway answered { $status }
errors-gateway-refuses = the gateway refuses: { $said }
errors-gateway-no-call = this gateway's API can neither set webhooks nor give the instance's state
errors-paste-address = paste the webhook address into the gateway's panel; `midiateca instance rotate-hook ID` makes a new one
    .page = paste the webhook address into the gateway's panel; New webhook address makes one
    .api = paste the webhook address into the gateway's panel; POST /api/v1/instances/ID/rotate-hook makes a new one
errors-gateway-empty = the gateway's answer does not describe the instance
errors-gateway-no-history = { $gateway } has no list of past messages that can be asked for
errors-gateway-other = the gateway answered for another instance: { $said }
errors-gateway-not-json = the gateway answered something that is not JSON
errors-see-instance = `midiateca doctor --instance ID` tests the instance's token and shows what to do
    .page = the page of the instance asks the gateway and says what to do
    .api = GET /api/v1/health?online=true tests the instance's token and says what to do
errors-not-writable = { $path } cannot be written

## Test deliveries

errors-delivery-not-written = cannot write the delivery to the data folder
errors-media-deleted = the media was deleted after it was committed

## Instances

errors-unknown-gateway = there is no gateway { $name }
errors-supported-gateways = supported: { $known }
errors-unknown-client = there is no client { $client }
errors-add-client = add it with `midiateca client add NAME --id { $client }`
    .page = add the client first, under Instances
    .api = GET /api/v1/clients lists the clients; POST /api/v1/clients adds one
errors-instance-id-invalid = the instance's id is empty or has invisible characters
errors-instance-id-long = the id of an instance, and the name of its session, have at most { $longest } bytes
errors-instance-of-other-client = { $id } belongs to client { $client }, and so do its files
errors-remove-instance-first = if it has a new owner, run `midiateca instance remove { $id }` first
    .page = if it has a new owner, remove it from its client first
    .api = if it has a new owner, DELETE /api/v1/instances/{ $id } first
errors-address-invalid = { $url } is not a plain web address
errors-write-address = write it like https://host
errors-route-list-invalid = { $list } is not a list of routes
errors-routes-are = routes are inline, cdn, link, gateway
errors-secret-empty = the secret is empty
errors-gateway-unsigned = { $gateway } does not sign its webhooks
errors-omit-secret = omit --secret-env and --secret-file: only the token in the address protects its webhooks
    .api = omit secret: only the token in the address protects its webhooks
errors-token-empty = the gateway's token is empty
errors-token-of-lines = the gateway's token contains a line break (character { $at })
errors-one-line = give one line with the token only
errors-token-character = the gateway's token contains a character that is not allowed in an HTTP header ({ $code }, character { $at })
errors-copy-token = copy it again from the gateway's panel
errors-key-name-invalid = the name of the key is empty, longer than 200 bytes, or has control characters
    .hint = give a short name that says what the key is for
errors-key-duration-invalid = { $text } is not a duration
    .hint = write it like 12h, 90d or 52w
    .api = expires_in is not a duration: { $text }
errors-key-outlives = the key that makes this one expires at { $end }, and its keys must not expire later
    .hint = give a shorter time, or none: then the new key expires at the same time
errors-event-type-unknown = { $name } is not a type of event
    .hint = types are { $known }
errors-endpoint-address-invalid = the address of the endpoint cannot be used
    .hint = give an http or https address of a public server, or add its host to endpoints.allowed_hosts
errors-endpoint-address-long = the address of an endpoint has at most { $longest } bytes
errors-user-name-invalid = the name of a user has 1 to 100 characters, without spaces or control characters
    .hint = use a short name or an e-mail address
errors-user-name-of-client = names that begin with { $client }/ are for users of the client { $client }
    .hint = choose another name, or add the user to this client
errors-user-name-taken = a user { $name } exists
    .hint-program = `midiateca user list` shows the users
    .hint-api = GET /api/v1/users lists the users
errors-key-makes-no-admin = a key that expires cannot add or change an administrator
    .hint = sign in as an administrator, or use a key without an end
errors-last-admin = this is the last user who administers all clients
    .hint = add another administrator before
errors-setup-link-invalid = this link is not valid: it was used, has expired, or was replaced by a newer one
    .hint-program = `midiateca user setup-link NAME` makes a new link
    .hint-page = an administrator can make a new link, under Users and keys
    .hint-api = an administrator makes a new link with POST /api/v1/users/ID/setup-link
errors-setup-link-for-whom = users exist, and no name was given
    .hint-program = give the name: `midiateca user setup-link NAME`
    .hint-api = name the user: POST /api/v1/users/ID/setup-link
errors-password-short = a password has at least { $least } characters
    .hint = several words are easy to remember and hard to guess
errors-password-long = a password has at most 1024 bytes
    .hint = use a shorter password
errors-password-is-name = the password must not be the name of the user
    .hint = several words are easy to remember and hard to guess
errors-passwords-busy = too many passwords are checked at the same time
    .hint = try again in some seconds
errors-user-unknown = there is no such user
    .hint-program = `midiateca user list` shows the users
    .hint-api = GET /api/v1/users lists the users
errors-admin-is-other = the user admin exists and does not administer all clients, so the password of the file is not set
    .hint = leave secrets.admin_password_file empty, or remove the user admin with `midiateca user remove admin`
errors-on-hold = nothing was erased: the legal hold { $hold } covers it
    .hint = `midiateca hold list` shows why; `midiateca hold release { $hold }` ends the hold
errors-hold-several-targets = a hold is on a chat or on a person, not on both
    .hint = give one of them, or none for everything of the client
errors-hold-target-invalid = the chat or the person is empty, longer than 200 bytes, or has control characters
errors-hold-reason-invalid = the reason is empty, longer than 1000 bytes, or has control characters
errors-dossier-unreadable = cannot read { $path }
errors-dossier-no-archive = { $path } is not a dossier: it is not a ZIP file, or it is truncated
errors-dossier-lacks = { $path } is not a dossier: { $name } is missing
errors-dossier-too-large = { $path } is not a dossier: its { $name } is too large
errors-dossier-other-format = { $path } is not a dossier that this version can read: its manifest.json has another format
    .hint = it may have been made by a newer version of midiateca
