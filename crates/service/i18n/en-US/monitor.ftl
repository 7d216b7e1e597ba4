### What `monitor` says on its screen.

monitor-too-small = the terminal is too small to show anything; 80×24 shows all that matters

## The header

monitor-served = server running
monitor-not-served = no server
monitor-not-known = looking…
monitor-paused = PAUSED
monitor-showing-all = showing everything
monitor-showing = only
monitor-gone = the database { $path } is not there; waiting for it to come back
monitor-refused = the database does not answer: { $why }; trying again
monitor-no-room = the disk is nearly full ({ $free } free): downloads wait for { $resume }
monitor-silent = the database has not answered for { $age }

## Deliveries

monitor-deliveries = Deliveries
monitor-now = { $rate }/min now
monitor-measuring = measuring…
monitor-received = { $count } media/h
monitor-ended = 60 min: { $stored } stored, { $failed } failed

## The queue

monitor-queue = Queue
monitor-counting = counting…
monitor-ready = ready
monitor-waiting = waiting
monitor-downloading = downloading
monitor-stored-all = stored
monitor-failed-all = failed
monitor-expired-all = expired
monitor-skipped-all = skipped
monitor-dismissed-all = dismissed
monitor-due = Waiting, by deadline
monitor-due-short = due
monitor-due-hour = <1h
monitor-due-day = <1d
monitor-due-week = <7d
monitor-due-later = later

## Downloads

monitor-downloads = Downloads in flight
monitor-interrupted = interrupted: no server runs
monitor-other-database = another database lies there now; its events follow
monitor-no-downloads = nothing is being downloaded
monitor-beginning = beginning

## Instances

monitor-instances = Instances
monitor-no-instances = no instance is known; add one with `midiateca instance add`
monitor-head-instance = instance
monitor-head-state = state
monitor-head-last = last
monitor-head-deliveries = deliveries
monitor-head-waiting = waiting
monitor-head-failed = failed
monitor-head-problem = problem
monitor-connected = connected
monitor-disconnected = disconnected
monitor-not-told = not told yet
monitor-more = { $shown } of { $all }

## Events

monitor-events = Newest events
monitor-no-events = nothing has happened yet that is shown here
monitor-stored = stored
monitor-lost = file lost
monitor-removed = removed
monitor-dismissed = dismissed
monitor-erased = erased
monitor-failed = failed
monitor-expired = expired
monitor-postponed = postponed

## One media

monitor-media = Media { $id }
monitor-reading = reading…
monitor-unknown-media = no media of this id is known any more
monitor-attempts = Attempts: { $count }
monitor-no-attempts = nothing has been tried yet
monitor-went-well = went well

## The last line

monitor-ask = Put media { $id } back in the queue? y/n
monitor-no-media = this line tells of no media
monitor-queued = media { $id } is back in the queue
monitor-queued-lost = media { $id } is back in the queue: its file is missing
monitor-left-alone = media { $id } was skipped: it is stored, being downloaded, or erased
monitor-unknown = media { $id } is not known any more
monitor-not-queued = media { $id } was not put back: { $why }
monitor-key-space = space
monitor-key-quit = quit
monitor-key-help = help
monitor-key-pause = pause
monitor-key-go-on = go on
monitor-key-instance = instance
monitor-key-kind = kind
monitor-key-status = status
monitor-key-clear = all
monitor-key-open = open
monitor-key-retry = retry
monitor-key-close = close
monitor-key-scroll = scroll

## Help

monitor-help = Keys
monitor-help-quit = end; so do Esc and Ctrl-C
monitor-help-pause = hold what is shown, and go on; the server is not paused
monitor-help-instance = show only one instance, the next one each time
monitor-help-kind = show only one kind of media: image, video, audio, document, sticker
monitor-help-status = list only what was stored, failed, expired or was postponed
monitor-help-clear = show everything again
monitor-help-select = choose an event (also j, k, page keys, Home, End)
monitor-help-open = open the chosen event's media: its fields and every attempt
monitor-help-retry = put the chosen media back in the queue; asks first
monitor-help-redraw = draw the screen anew
monitor-help-close = close what is open
monitor-help-times = Times are in UTC. The sparkline is media received per minute in the last hour.
