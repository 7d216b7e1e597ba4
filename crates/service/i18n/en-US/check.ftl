### What `check` says.

check-no-server = no server runs on { $data }: webhooks are not answered and nothing is downloaded; start it with `systemctl start midiateca` or `midiateca serve`
check-storage-gone = the storage { $path } is not there: is its disk mounted? Do not start a server without it
check-silent-server = the server on { $address } runs and does not answer: webhooks are not taken; restart it with `systemctl restart midiateca`, and keep its log
check-server-not-ready = the server on { $address } cannot commit or store now (/readyz is 503), so webhooks may be answered 503; `midiateca doctor --problems` and its log say why
check-database-closed = the database cannot be written ({ $path }: { $why }), so webhooks are answered 503; { $hint }
check-storage-closed = the storage cannot be written ({ $path }: { $why }), so nothing is stored; { $hint }
check-no-token = { $instance }: no gateway token is kept; `midiateca instance add ID --client N --token-env VAR`
check-key = the gateway tokens cannot be opened: { $why }; put the right secret.key back, `midiateca doctor` says how
check-problem = { $instance }: { $reason }
check-scan-code = { $instance }: disconnected; scan its QR code again in the gateway's panel
check-storage = { $count }: { $reason }
check-quarantined = { $count } deliveries of the last day could not be read and are set aside; `midiateca deliveries list --set-aside`, then `midiateca deliveries replay --set-aside` or `midiateca deliveries dismiss`
check-given-up = { $count } media failed or expired; see the reasons, fix what they name, then `midiateca retry --failed --expired`, or `midiateca media dismiss --failed --expired` to accept the loss
check-files-missing = { $count } stored files are not on the disk
check-files-of-wrong-size = { $count } stored files have another size than recorded
check-no-room = the disk is nearly full ({ $free } free): downloads wait, and go on when { $resume } are free; see [retention] in `midiateca config init`
check-clock-jumped = the machine's clock is off by { $by } from where it should be: nothing is deleted and nothing expires; set it right, or `midiateca doctor --accept-clock`
check-waits-long = something has waited for more than a day; is `midiateca serve` running?

## The tables

check-instances = Instances
check-media = Media
check-reasons = Not stored, and why
check-folders = Folders
check-client = client
check-instance = instance
check-state = state
check-token = token
check-deliveries = deliveries
check-last-delivery = last delivery
check-kept = kept
check-missing = missing
check-not-told = not told yet
check-by-kind = by kind
check-stored-bytes = stored bytes
check-by-status = by status
check-last-hour = last hour
check-count = count
check-reason = reason
check-meaning = what it means
check-may-heal = may heal
check-yes = yes
check-no = no
check-folder = folder
check-files = files
check-bytes = bytes

## The lines below them

check-on-disk = files on disk: { $present } present, { $missing } missing, { $wrong_size } of the wrong size
check-look-at = { "  " }look at: { $file }
check-success-rate = success rate: { $rate }
check-oldest-waiting = oldest waiting: { $time }
check-next-deadline = next deadline: { $time }
check-next = next: midiateca client add NAME; midiateca instance add ID --client N --token-env VAR
check-needs-attention = needs attention: { $need }
check-all-well = verdict: nothing needs a person
