### What needs a person, in `check`, `status` and `demo`.

needs-server-stopped = no server runs on { $data }: webhooks are not answered and nothing is downloaded; start it with `systemctl start midiateca` or `midiateca serve`
needs-server-not-answering = the server on { $address } runs and does not answer: webhooks are not answered; restart it with `systemctl restart midiateca`, and keep its log
needs-server-not-ready = the server on { $address } cannot commit or store now (/readyz is 503), so webhooks may be answered 503; `midiateca doctor --problems` and its log say why
needs-displaced = { $what }; { $hint }
needs-storage-missing = the storage { $path } is not there: is its disk mounted? Do not start a server without it
needs-bucket-unusable = nothing can be stored in { $bucket }: { $why }; { $hint }
needs-database-not-writable = the database cannot be written ({ $path }: { $why }), so webhooks are answered 503; { $hint }
needs-storage-not-writable = the storage cannot be written ({ $path }: { $why }), so nothing is stored; { $hint }
needs-disk-nearly-full = the disk is nearly full ({ $free } free): downloads are paused until { $resume } are free; see [retention] in `midiateca config init`
needs-clock-jumped = the machine's clock is off by { $by } from where it should be: nothing is deleted and nothing expires; correct it, or run `midiateca doctor --accept-clock`
needs-token-missing = { $instance }: no gateway token is stored; `midiateca instance add ID --client N --token-env VAR`
    .page = { $instance }: no gateway token is stored; enter it on the page of the instance
needs-tokens-unreadable = the gateway tokens cannot be decrypted: { $why }; restore the right secret.key; `midiateca doctor` shows how
needs-gateway-problem = { $instance }: { $reason }
needs-instance-disconnected = { $instance }: disconnected; scan its QR code again in the gateway's panel
needs-media-wait-for-storage = { $count ->
    [one] { $count } media waits
   *[other] { $count } media wait
} for the storage: { $reason }
needs-media-wait-long = media has waited since { $since }, longer than a day; is `midiateca serve` running?
needs-deliveries-set-aside = { $count ->
    [one] { $count } delivery of the last day could not be read and is
   *[other] { $count } deliveries of the last day could not be read and are
} set aside; `midiateca deliveries list --set-aside`, then `midiateca deliveries replay --set-aside` or `midiateca deliveries dismiss`
    .page = { $count ->
        [one] { $count } delivery of the last day could not be read and is
       *[other] { $count } deliveries of the last day could not be read and are
    } set aside; Deliveries shows them and reads them again
needs-media-not-stored = { $count ->
    [one] { $count } media
   *[other] { $count } media
} failed or expired; see the reasons, fix what they name, then `midiateca retry --failed --expired`, or `midiateca media dismiss --failed --expired` to accept the loss
    .page = { $count ->
        [one] { $count } media
       *[other] { $count } media
    } failed or expired; Failures shows the reasons, tries them again, or dismisses them
needs-files-lost = { $count ->
    [one] { $count } media was stored, has lost its file and waits
   *[other] { $count } media were stored, have lost their files and wait
} to be downloaded again: `midiateca media list --status pending` names them
needs-files-missing = { $count ->
    [one] { $count } stored file is
   *[other] { $count } stored files are
} missing on the disk; `midiateca scrub` names them
needs-files-of-wrong-size = { $count ->
    [one] { $count } stored file has
   *[other] { $count } stored files have
} another size than recorded; `midiateca scrub` names them
needs-files-infected = { $count ->
    [one] { $count } stored file is
   *[other] { $count } stored files are
} infected, says the scanner, and not served; GET /api/v1/events lists them as media.infected
needs-files-not-scanned = the scanner keeps failing on { $count ->
    [one] { $count } stored file, which is for administrators only
   *[other] { $count } stored files, which are for administrators only
} until it works, unless derived.serve_unscanned; `midiateca doctor` looks for the program, and the log says how it ended
needs-deliveries-refused = { $refused }
needs-deliveries-never-made = { $instance }: { $count ->
    [one] { $count } delivery of the last day that the gateway did not send; its media was
   *[other] { $count } deliveries of the last day that the gateway did not send; their media were
} received from its list; `midiateca doctor` compares its webhooks, `midiateca deliveries dismiss` acknowledges it

needs-one = needs attention: { $need }
needs-none = verdict: nothing needs a person
