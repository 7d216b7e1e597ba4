### What became of a media, a delivery, a file or a webhook slot, by the code that JSON has.

results-retry-queued = queued
results-retry-queued-file-missing = queued: its file is missing
results-retry-would-be-queued = would be queued
results-retry-already-stored = skipped: already stored
results-retry-downloading = skipped: it is being downloaded
results-retry-erased = skipped: it was erased on request
results-retry-skipped = skipped: its status has just changed
results-retry-not-found = not found

results-dismiss-dismissed = dismissed
results-dismiss-would-be-dismissed = would be dismissed
results-dismiss-skipped = skipped: it neither failed nor expired
results-dismiss-not-found = not found

results-replay-read = processed
results-replay-would-be-read = would be processed
results-replay-no-media = contains no media
results-replay-erased = skipped: the message was erased on request
results-replay-unreadable = still not processed: { $reason }
results-replay-instance-removed = skipped: its instance was removed, or is another client's now
results-replay-body-deleted = skipped: retention deleted its body
results-replay-not-found = not found

results-replaced-missing = its bytes are not in the delivery any more, and the stored file is missing
results-replaced-corrupt = its bytes are not in the delivery any more, and the stored file is corrupt
results-replaced-removed = its bytes are not in the delivery any more, and a retention rule deleted the stored file
results-replaced-erased = its bytes are not in the delivery any more, and the stored file was erased on request

results-problem-missing = missing
results-problem-corrupt = corrupt
results-problem-orphaned = orphaned
results-problem-unreadable = unreadable

results-repair-restored = restored from another copy
results-repair-queued = queued to be downloaded again
results-repair-unrecoverable = unrecoverable: it has no link
results-repair-found = found and stored
results-repair-quarantined = moved to quarantine
results-repair-skipped = skipped: it changed during the repair, or it is not a media file
results-repair-failed = not repaired: the storage reported an error

results-dossier-altered = altered
results-dossier-missing = missing
results-dossier-added = not in SHA256SUMS
results-dossier-unreadable = cannot be read: it is compressed, a link, or damaged
results-dossier-unsafe-name = the name could lead out of the folder; do not unpack this archive
results-dossier-not-signed = the signature in SIGNATURE does not belong to this file and the key
results-dossier-other-key = signed by another installation
results-dossier-malformed = has a line that sha256sum would not write
results-dossier-hidden = the archive has files or other bytes that its directory does not show, or shows twice

results-holder-ours = ours
results-holder-other = OTHER ADDRESS
results-holder-empty = EMPTY
results-holder-off = OFF
results-holder-incomplete = INCOMPLETE

results-slot-would-be-set = would be changed
results-slot-set = set
results-slot-not-set = NOT set
results-slot-incomplete = INCOMPLETE
results-slot-not-read-back = accepted
results-slot-unchanged = unchanged

results-step-received = received
results-step-committed = committed
results-step-detected = detected
results-step-ignored = ignored
results-step-set-aside = set aside
results-step-refused = refused
results-step-route-tried = route tried
results-step-link = link
results-step-bytes = bytes
results-step-verified = verified
results-step-path = path
results-step-row = row
results-step-not-stored = not stored

results-basis-given = given
results-basis-paired = in the same messages as another id of this person
results-basis-unfinished = found by an unfinished erasure of this person

results-left-linked = still there: { $path } ({ $sha256 }): it is a link or behind one, and its target may belong to something else; remove it by hand, or replace the link by the folder itself or a mount of it, and run the same command again
results-left-shared = the same bytes remain in { $path } ({ $sha256 }): they belong to another media, which was not erased
results-left-orphaned = the same bytes remain in { $path } ({ $sha256 }): the file is orphaned, in the place of another message's file; delete it if it belongs to this person
results-left-failed = still there: { $path } ({ $sha256 }): it could not be removed; the log says why
