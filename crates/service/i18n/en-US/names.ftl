### Names of kinds, statuses, events and fields, by their codes.

## Kinds

names-image = image
names-video = video
names-audio = audio
names-document = document
names-sticker = sticker

## Statuses of a media

names-pending = pending
names-downloading = downloading
names-stored = stored
names-failed = failed
names-expired = expired
names-skipped = skipped
names-dismissed = dismissed

## States of an instance

names-connected = connected
names-disconnected = disconnected
names-unknown = unknown

## A setting without a value

names-default = default

## Verdicts on a delivery

names-accepted = accepted
names-ignored = ignored
names-set-aside = set aside
names-refused = refused

## Verification

names-full = hash matches
names-mac = MAC matches
names-unproven = unproven
names-key-and-hash = key and hash
names-hash-only = hash only
names-key-only = key only
names-compared-with-nothing = not compared

## Events

names-media-stored = media stored
names-media-failed = media failed
names-media-expired = media expired
names-media-postponed = media postponed
names-media-lost = file missing
names-media-removed = media deleted
names-media-dismissed = media dismissed
names-media-infected = infected
names-media-deleted-for-everyone = message deleted for everyone
names-contact-erased = contact erased
names-instance-connected = instance connected
names-endpoint-disabled = endpoint off
names-endpoint-test = test of the endpoint
names-instance-disconnected = instance disconnected

## Fields and facts

names-id = id
names-client = client
names-instance = instance
names-gateway = gateway
names-message-id = message id
names-slot = slot
names-kind = kind
names-mime-declared = declared type
names-mime = MIME type
names-file-name = file name
names-caption = caption
names-chat-id = chat
names-sender-id = sender
names-sender-name = sender name
names-from-me = own message
names-is-group = in a group
names-sent-at = sent
names-received-at = received
names-status = status
names-reason = reason
names-recoverable = recoverable
names-attempts = attempts
names-next-attempt-at = next attempt
names-expires-at = expires
names-stored-at = stored
names-deleted-at = deleted for all
names-route = route
names-scan = scan
names-size = size (bytes)
names-sha256 = SHA-256
names-proof = comparison
names-verified = verification
names-path = path
names-width = width
names-height = height
names-seconds = duration (s)
names-voice-note = voice note
names-bytes = bytes
names-delivery = delivery
names-media = media
names-duplicate = duplicate
names-names-instance = named instance
names-n = attempt
names-duration-ms = duration (ms)
names-obtained = obtained
names-host = host
names-http-status = HTTP status
names-count = count
names-how = verification
names-true = yes
names-false = no
names-line = line
names-column = column
