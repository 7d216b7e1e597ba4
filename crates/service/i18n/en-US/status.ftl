### The short report of `status`.

status-data = data
status-server = server
status-running = running
status-running-on = running on { $address }
status-stopped = not running
status-not-answering = running, does not answer
status-not-ready = running, cannot commit or store now
status-unknown = unknown: its lock file cannot be read
status-disk = disk
status-free = { $free } free, { $stored } of media stored
status-free-unknown = free space unknown, { $stored } of media stored
status-downloads = downloads
status-paused = paused until { $resume } are free
status-not-paused = not paused
status-queue = queue
status-queued = { $pending } pending, { $downloading } downloading, { $failed } failed, { $expired } expired
status-oldest-waiting = oldest waiting
status-next-deadline = next deadline
status-last-webhook = last webhook
status-of-instance = { $time }  { $instance } (client { $client }, { $state })
status-never = never
status-no-instance = no instance
status-never-made = not sent
status-never-made-by = { $count ->
    [one] { $count } delivery that the gateway did not send
   *[other] { $count } deliveries that the gateway did not send
}  { $instance }
