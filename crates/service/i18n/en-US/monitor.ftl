### The screen of `monitor`.

monitor-too-small = the terminal is too small; 80×24 shows everything important

## The header

monitor-served = server running
monitor-not-served = no server
monitor-looking = looking…
monitor-paused = PAUSED
monitor-showing-all = showing everything
monitor-showing = only
monitor-database-missing = the database { $path } is missing; waiting for it
monitor-database-failed = the database does not answer: { $why }; trying again
monitor-no-space = the disk is nearly full ({ $free } free): downloads wait for { $resume }
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

monitor-downloads = Downloads in progress
monitor-interrupted = interrupted: no server is running
monitor-other-database = another database is there now; its events follow
monitor-no-downloads = no download is in progress
monitor-download-starting = starting

## Instances

monitor-instances = Instances
monitor-no-instances = no instance yet; add one with `midiateca instance add`
monitor-head-instance = instance
monitor-head-state = state
monitor-head-last = last
monitor-head-deliveries = deliveries
monitor-head-waiting = waiting
monitor-head-failed = failed
monitor-head-problem = problem
monitor-connected = connected
monitor-disconnected = disconnected
monitor-more = { $shown } of { $all }

## Events

monitor-events = Latest events
monitor-no-events = no events of this selection yet
monitor-stored = stored
monitor-lost = missing
monitor-removed = removed
monitor-dismissed = dismissed
monitor-deleted = deleted for everyone
monitor-erased = erased
monitor-failed = failed
monitor-expired = expired
monitor-postponed = postponed

## One media

monitor-media = Media { $id }
monitor-reading = reading…
monitor-unknown-media = no media has this id any more
monitor-attempts = Attempts: { $count }
monitor-no-attempts = no attempts yet
monitor-succeeded = succeeded

## The last line

monitor-ask = Queue media { $id } again? y/n
monitor-no-media = this line has no media
monitor-queued = media { $id } is queued
monitor-queued-missing = media { $id } is queued, because its file is missing
monitor-unchanged = media { $id } is unchanged: it is stored or being downloaded
monitor-unknown = media { $id } does not exist any more
monitor-not-queued = media { $id } was not queued: { $why }
monitor-key-space = space
monitor-key-quit = quit
monitor-key-help = help
monitor-key-pause = pause
monitor-key-resume = resume
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
monitor-help-quit = quit (also Esc and Ctrl-C)
monitor-help-pause = freeze the screen, and continue; the server is not paused
monitor-help-instance = show one instance only; each press shows the next
monitor-help-kind = show one kind of media only: image, video, audio, document, sticker
monitor-help-status = list only stored, failed, expired or postponed media
monitor-help-clear = show everything again
monitor-help-select = select an event (also j, k, page keys, Home, End)
monitor-help-open = open the selected event's media: its fields and every attempt
monitor-help-retry = queue the selected media again, after a confirmation
monitor-help-redraw = redraw the screen
monitor-help-close = close what is open
monitor-help-times = Times are in the zone shown at the top. The bars show media received per minute in the last hour.
