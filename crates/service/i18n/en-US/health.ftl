### The results of `doctor`, by code.

## Checks

health-check-program = program version
health-check-settings = read the settings
health-check-folder = wrote a file in the data folder
health-check-owner = compared the owners of its files
health-check-mode = checked who may read data folder, database and files
health-check-server = looked for a server on this folder
health-check-server-database = what the server found at the database's path
health-check-server-storage = what the server found at the storage's path
health-check-key = read the key that encrypts the gateways' tokens
health-check-key-mode = checked who may read the key
health-check-database = opened the database
health-check-database-write = test write
health-check-database-integrity = read the whole database
health-check-storage = wrote, synced, read back and removed a file
health-check-storage-identity = compared its id with the database's
health-check-storage-folders = looked for the folders of the instances with files, and created a file in each
health-check-storage-free = free space
health-check-bucket = wrote, read back and removed an object
health-check-bucket-range = asked for a part of an object
health-check-bucket-private = asked for an object without credentials
health-check-bucket-multipart = uploaded an object in two parts
health-check-bucket-checksum = uploaded with a checksum
health-check-bucket-clock = compared this machine's clock with the server's
health-check-storage-forecast = growth of the last seven days
health-check-clock-jump = compared the clock with its last trusted reading
health-check-clock = compared this clock with the gateway's
health-check-queue-oldest = oldest pending media
health-check-queue-deadline = next deadline
health-check-queue-reason = why media wait
health-check-deliveries-set-aside = deliveries of the last day that could not be read
health-check-deliveries-refused = refused deliveries of the last day
health-check-instances = listed the instances
health-check-instance-token = asked the gateway with the instance's token
health-check-instance-connected = connection to WhatsApp
health-check-instance-groups = messages of groups
health-check-instance-signature = signature of its deliveries
health-check-instance-slot = { $slot ->
    [webhook] read the webhook back
   *[other] read webhook { $slot } back
}
health-check-instance-own-messages = { $slot ->
    [webhook] read the webhook back
   *[other] read webhook { $slot } back
}
health-check-instance-gateway = compared its deliveries with its gateway
health-check-instance-problem = last use of the gateway
health-check-instance-silent = compared its silence with its usual gaps
health-check-instance-undelivered = compared its list of messages with its deliveries
health-check-cdn = requested the CDN
health-check-cdn-ipv4 = connected to the CDN over IPv4
health-check-cdn-ipv6 = connected to the CDN over IPv6
health-check-proxy = read the proxy settings of the environment
health-check-public = requested this server at its public address
health-check-previews = looked for a program that makes previews
health-check-examiners = looked for a program that examines files

## Results

health-done = succeeded
health-failed = { $error }
health-not-a-url = not a web address
health-gateway-does-not-say = the gateway does not say
health-version = midiateca { $version }
health-nothing-risky = no risky setting
health-no-public-url = the public address of the webhooks is not set
health-clear-text = webhooks arrive in clear text, and so does the token in their address
health-view-once-kept = view-once media are stored
health-own-not-kept = what the account itself sends is not stored
health-groups-not-kept = what is sent in groups is not stored
health-kinds-not-kept = some kinds of media are not stored
health-without-cdn = every file is requested from the gateway, so everything depends on its session
health-without-gateway = what WhatsApp's CDN refuses is not requested from the gateway
health-hosts-allowed = a gateway's links may lead to hosts of your own network
health-endpoint-hosts-allowed = outgoing webhooks of every client may go to hosts of your own network
health-program-isolated = it is there, and runs without network and other files
health-program-found = it is there, and runs with limits of memory, time and output
health-program-absent = it is not installed, so the previews that it makes are missing
health-program-missing = it is in the settings and not installed
health-program-paused = it timed out { $count } times in a row, on files of several clients: it is paused, and tried again in { $left }
health-program-paused-for-client = it timed out { $count } times in a row on files of client { $client }: it is paused for that client, and tried again in { $left }
health-no-watermark = downloads continue until the disk is completely full
health-grows-forever = records are never deleted, so the database keeps growing
health-only-small-files = files larger than keep.max_size are not stored, and that is less than an ordinary video
health-deletes-soon = a rule deletes files within days of their arrival
health-no-database = there is no database: { $path }
health-empty-database = the database { $path } is an empty file
health-database-without-tables = the database { $path } is empty: it has no tables
health-other-owner = the folder belongs to user { $theirs }, and this command runs as user { $ours }: the server will not be able to change files that are created now
health-one-owner = everything belongs to the folder's owner
health-other-owners = { $count ->
    [one] { $count } path does
   *[other] { $count } paths do
} not belong to the folder's owner (user id { $owner }), first { $first }
health-modes-fine = only the users that need it
health-modes-wide = { $count ->
    [one] { $count } path is
   *[other] { $count } paths are
} open to more users than needed, first { $first } (mode { $mode })
health-server-runs = it runs
health-server-stopped = no server runs: webhooks are being lost
health-server-not-answering = it runs, and { $address } does not answer: webhooks are being lost
health-server-unknown = unknown: the lock belongs to another user
health-key-missing = missing, so no token can be decrypted
health-key-mode-fine = only its owner
health-key-mode-open = other users as well (mode { $mode })
health-up-to-date = up to date ({ $count } migrations)
health-sound = sound
health-unsound = { $problems }
health-no-storage-yet = does not exist yet; it is created with the first instance
health-ranges-given = the server answers with the part
health-ranges-ignored = the server sends the whole object instead of the part, so players cannot seek, and large files are read in vain
health-anonymous-refused = refused
health-anonymous-reads = anybody who knows or guesses an address can read the files
health-parts-accepted = accepted. What an interrupted upload leaves is deleted by a lifecycle rule of the bucket, AbortIncompleteMultipartUpload, which is not visible from here
health-checksum-accepted = accepted
health-checksum-refused = the server refuses uploads with x-amz-checksum-sha256, and takes them without it
health-checksum-off = off: the server is not asked to compare what it receives
health-server-clock-near = { $by } apart
health-server-clock-far = { $by } apart; above 15 minutes S3 refuses requests
health-storage-missing = missing, although the database has files in it
health-folders-missing = { $count ->
    [one] the folder of { $count } instance with files is
   *[other] the folders of { $count } instances with files are
} missing, first { $first }
health-folders-not-writable = { $count ->
    [one] { $count } folder takes
   *[other] { $count } folders take
} no new file: { $error }
health-space-left = { $free }; downloads are paused below { $floor }
health-no-space = { $free }, less than { $floor }: no download begins
health-hardly-grows = almost none: there is space for years
health-space-lasts = { $days ->
    [one] { $growth } a day: disk full in about { $days } day
   *[other] { $growth } a day: disk full in about { $days } days
}
health-full-soon = { $days ->
    [one] { $growth } a day: disk full in about { $days } day
   *[other] { $growth } a day: disk full in about { $days } days
}
health-queue-moves = none has waited for more than a day
health-waits-long = the oldest has waited for { $hours } hours
health-link-expires-soon = { $hours ->
    [one] a link expires in { $hours } hour
   *[other] a link expires in { $hours } hours
} and its file is not stored
health-media-wait = { $count ->
    [one] { $count } media waits
   *[other] { $count } media wait
}: { $reason }
health-none-set-aside = none
health-set-aside = { $count ->
    [one] { $count } set aside
   *[other] { $count } set aside
}
health-none-refused = none
health-refused = { $refused }
health-no-instance = there is none
health-token-accepted = token accepted
health-no-key = not possible without the key
health-token-missing = no token is stored
health-token-not-needed = no token is stored: files come without one, but the connection and the webhooks cannot be asked for
health-token-sealed = its token was encrypted with another key
health-token-refused = the gateway refuses the token
health-unknown-instance = the gateway knows no such instance
health-gateway-refuses = refused, with status 200: { $said }
health-empty-answer = its answer does not describe the instance
health-not-json = it answered something that is not JSON
health-other-instance = it answered for another instance: { $said }
health-connected = connected to WhatsApp
health-half-connected = the gateway reports a connection, but no number: such a session does not work
health-disconnected = not connected to WhatsApp: nothing arrives
health-groups-ignored = the gateway ignores groups: what is sent in them never arrives
health-groups-not-wanted = the gateway ignores groups, which agrees with keep.groups = false
health-groups-sent = messages of groups are sent
health-signed = the gateway signs, and the signatures are verified
health-not-signed = a secret is stored here, and the gateway signs nothing: every delivery is refused
health-not-verified = the gateway signs, and no secret is stored here: anyone who knows the address can send
health-slot-fine = has the address of this server
health-slot-empty = is empty: such events are not sent
health-own-slot-empty = is empty: what the account itself sends never arrives
health-slot-other = has an address that does not belong to this server: { $address }
health-slot-wrong-token = has an address of this server whose token is not this instance's any more, as after `midiateca instance rotate-hook`: { $address }
health-slot-elsewhere = has the right token, but another address than http.public_url ({ $public }): { $address }
health-slot-clear-text = has an address in clear text (http): { $address }
health-slot-loopback = has an address that the gateway cannot reach: { $address }
health-slot-off = has an address, but is switched off
health-slot-lacks = has the address of this server, and does not send everything: { $lacks } is missing
health-no-call = this gateway's API does not offer this
health-not-readable = this gateway's API cannot read it back
health-other-gateway = the last delivery that was set aside has the form of { $gateway }; the instance is of { $own }
health-gateway-problem = { $reason }
health-clocks-agree = they agree
health-clocks-differ = they are { $skew } apart, so links seem to expire too early or too late
health-clock-not-jumped = it has not jumped
health-clock-accepted = its time is accepted from now on
health-clock-ahead = it is { $by } ahead, so nothing is deleted and nothing expires
health-clock-behind = it is { $by } behind, so nothing is deleted and nothing expires
health-clock-unconfirmed = it shows a time { $by } after the last run, and no server has confirmed that, so nothing is deleted and nothing expires
health-never-received = nothing has ever arrived from it
health-gaps-unknown = last delivery { $silent } ago; its usual interval is not known yet
health-gap-usual = last delivery { $silent } ago; usually every { $usual }, at most { $longest }
health-silent-long = silent for { $silent }; usually a delivery arrives every { $usual }, and the longest silence was about { $longest }
health-never-made = { $count ->
    [one] { $count } delivery that the gateway did not send, found
   *[other] { $count } deliveries that the gateway did not send, the last one found
} in its list { $since } ago
health-connected-in = in { $ms } ms
health-no-address = its name has no address
health-other-family-used = the name has no address of this kind; the other kind is used
health-address-blocked = its name resolves to { $address }: a DNS filter blocks it
health-address-silent = { $address } does not answer: { $error }
health-through-proxy = through the proxy { $proxy }
health-answers = it answers (HTTP { $status })
health-public-answers = it answers
health-other-answers = another program answers there (HTTP { $status })
health-other-midiateca = another midiateca answers there, with another data folder
health-no-webhook-through = it answers, but webhooks do not get through (HTTP { $status } instead of the server's own refusal)

## Hints

health-hint-if-meant = no action is needed if this is intended; see { $key } in `midiateca config init`
health-hint-set-public-url = set http.public_url to the address that the gateway can reach, such as https://midia.example.com
health-hint-use-https = put a proxy with a certificate in front (packaging/nginx, packaging/caddy), then configure the webhooks again
health-hint-add-cdn = add "cdn" to fetch.routes: it needs no session
health-hint-add-gateway = add "gateway" to fetch.routes
health-hint-set-watermark = set storage.pause_below, so that space remains for the database
health-hint-set-days = set { $key } to a number of days
health-hint-name-folder = give the right folder with --data, or start with `midiateca client add NAME`
health-hint-run-as-owner = run midiateca as the folder's owner, such as with sudo -u
health-hint-give-to-owner = if it is not intended: `chown -R --reference={ $path } { $path }`, and run commands as that user
health-hint-close-modes = { $commands }
health-hint-close-key-mode = chmod 600 { $path }
health-hint-restart-server = restart it: `systemctl restart midiateca`, and keep its log
health-hint-start-server = start it: `midiateca serve`, or `systemctl start midiateca`
health-hint-restore-key = restore it from its backup; only if it is lost for good, set the token of each instance again, the first with `midiateca instance add ID --client N --token-env VAR --new-key`
health-hint-own-key = the key exists; make the user that runs midiateca its owner, mode 0600: `chown USER { $path }`
health-hint-restore-database = stop the server, move the file aside, and restore the last backup; then `midiateca scrub` names what came after it
health-hint-check-disk = check that the disk has space and that the file and its folder can be written; if another program uses the database, stop that program
health-hint-end-other-program = another program uses it: stop that program, or try again later
health-hint-mount = is its disk mounted? Mount it, and do not run the server without it; if the files are really lost, restore { $path } from a backup, then run `midiateca scrub`
health-hint-use-other-server = use another server or a newer version of it: a part must be answered with 206
health-hint-close-bucket = block public access to the bucket: remove public policies and access lists
health-hint-turn-checksum-off = set storage.checksum = false, or use a newer version of the server
health-hint-free-space = free space, or delete old files: [retention] in `midiateca config init`, then `midiateca sweep --dry-run`
health-hint-fix-program = install the program, or correct [derived]
health-hint-try-program = run it by hand on a file of the storage; if it is only slow, set { $key } to a longer time
health-hint-see-reasons = `midiateca check` shows the reasons, `midiateca media list --status pending` the media
    .page = Failures shows the reasons, and Media those that are pending
health-hint-fix-and-retry = fix the cause; the media are tried again automatically, or at once with `midiateca retry --waiting`
    .page = fix the cause; the media are tried again automatically, or at once with Retry on Failures
health-hint-replay = `midiateca deliveries list --set-aside` shows them; after an upgrade, `midiateca deliveries replay --set-aside` processes them
    .page = Deliveries shows them; after an upgrade, it reads them again
health-hint-refusal-hint = { $refusal_hint }
health-hint-add-instance = `midiateca instance add ID --client N --token-env VAR`
    .page = add one under Instances
health-hint-add-token = copy the token from the gateway's panel: `midiateca instance add { $id } --client { $client } --token-env VAR`
    .page = copy the token from the gateway's panel, and enter it under Change
health-hint-restore-key-or-token = restore the right secret.key, or add the token again: `midiateca instance add { $id } --client { $client } --token-env VAR`
    .page = restore the right secret.key, or enter the token again under Change
health-hint-check-id = compare { $id } with the instance's id in the gateway's panel
health-hint-check-api-base = correct its address: `midiateca instance add { $id } --client { $client } --api-base URL`
    .page = correct the address of the gateway's API under Change
health-hint-ask-gateway = try again in a few minutes; if it persists, ask the gateway's support, and check that this machine reaches the internet
health-hint-scan-code = restart the instance in the gateway's panel, and scan its QR code with the phone
health-hint-take-groups = switch "ignore groups" off in the gateway's panel, or set keep.groups = false here if it is intended
health-hint-add-secret = store the same secret here: `midiateca instance add { $id } --client { $client } --secret-env VAR`
    .page = enter the same secret here, under Change
health-hint-configure = `midiateca instance configure-webhooks { $id } --public-url URL`
    .page = press Set the webhook slots, or paste the address of this instance into the slot in the panel of the gateway
health-hint-switch-on = switch it on in the gateway's panel, under the instance's webhooks
health-hint-correct-gateway = if the deliveries are its own: `midiateca instance add { $id } --client { $client } --gateway { $gateway }`, then `midiateca deliveries replay --instance { $id } --set-aside`
    .page = if the deliveries are its own, choose { $gateway } under Change, then read them again on Deliveries
health-hint-set-clock = let the machine set its clock by NTP: `timedatectl set-ntp true`
health-hint-fix-or-accept-clock = set the clock (`timedatectl set-ntp true`); if it is right, `midiateca doctor --accept-clock`
health-hint-send-message = see the instance's connection and webhooks above; send a message to its number, and watch `midiateca monitor`
    .page = see the connection and the webhooks of the instance; send a message to its number, and watch this page
health-hint-compare-webhooks = their media are here; compare the webhooks above with the gateway's settings, and ask its operator for its errors
    .page = their media are here; compare the webhooks on the page of the instance with the gateway's settings, and ask its operator for its errors
health-hint-check-dns = check that this machine resolves names: /etc/resolv.conf, `getent ahosts mmg.whatsapp.net`
health-hint-unblock = allow whatsapp.net in the DNS filter (Pi-hole, AdGuard, the router)
health-hint-fix-family = the other one of IPv4 and IPv6 works, but each connection may lose time here first: fix the route, or remove the address from this machine
health-hint-open-firewall = check that the firewall lets this machine connect to this address
health-hint-check-proxy = check that the proxy answers this machine and lets it connect to the CDN and the gateways, port 443: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY of the service
health-hint-set-cdn-base = correct it: `midiateca instance add ID --client N --cdn-base URL`
    .page = correct it on the page of the instance, under Change
health-hint-fix-public-proxy = check that the name leads to this machine, and that the proxy passes everything on to http.listen
