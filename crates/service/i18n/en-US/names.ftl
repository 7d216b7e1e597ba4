### What things are called: kinds, statuses, events and fields, by their codes.

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

names-full = full
names-mac = mac
names-unproven = unproven

## Events

names-media-stored = media.stored
names-media-failed = media.failed
names-media-expired = media.expired
names-media-postponed = media.postponed
names-media-lost = media.lost
names-media-removed = media.removed
names-media-dismissed = media.dismissed
names-contact-erased = contact.erased
names-instance-connected = instance.connected
names-instance-disconnected = instance.disconnected

## Fields and facts

names-id = id
names-client = client
names-instance = instance
names-gateway = gateway
names-message-id = message_id
names-slot = slot
names-kind = kind
names-mime-declared = mime_declared
names-mime = mime
names-file-name = file_name
names-caption = caption
names-chat-id = chat_id
names-sender-id = sender_id
names-sender-name = sender_name
names-from-me = from_me
names-is-group = is_group
names-sent-at = sent_at
names-received-at = received_at
names-status = status
names-reason = reason
names-recoverable = recoverable
names-attempts = attempts
names-next-attempt-at = next_attempt_at
names-expires-at = expires_at
names-stored-at = stored_at
names-route = route
names-size = size
names-sha256 = sha256
names-verified = verified
names-path = path
names-width = width
names-height = height
names-seconds = seconds
names-voice-note = voice_note
names-bytes = bytes
names-delivery = delivery
names-media = media
names-duplicate = duplicate
names-names-instance = names_instance
names-n = n
names-duration-ms = duration_ms
names-obtained = obtained
names-host = host
names-http-status = http_status
names-count = count
names-how = how
names-why = why
names-true = true
names-false = false
names-line = line
names-column = column
