### Why a delivery was ignored, set aside or refused, by the code of the reason.

verdicts-presence-update = a presence update, without media
verdicts-call = a call, without media
verdicts-status-update = a status update of a message, without media
verdicts-no-media = the message has no media
verdicts-no-message = the delivery has no message
verdicts-erased = the message was erased on request
verdicts-unknown-message = a deletion of a message without media, or of one that is not here
verdicts-invalid-json = invalid JSON
verdicts-too-many-values = JSON with too many values
verdicts-not-an-object = JSON, but not an object
verdicts-unreadable-envelope = an envelope whose content cannot be read
verdicts-message-too-large = the message is larger or more deeply nested than the limit
verdicts-anonymous-media = media without message id and instance
verdicts-unread-media = media in a place where this version does not read any
verdicts-undecodable-body = the body does not match its Content-Encoding
verdicts-unknown-encoding = unknown Content-Encoding
verdicts-other-instance = it names another instance
verdicts-unsigned = it is not signed
verdicts-wrong-signature = it is not signed with the secret of the instance
verdicts-expired-signature = its signature has expired
verdicts-other-gateway = it has the form of another gateway
verdicts-hub = it is from Chatwoot, which has copies of the gateways' files
verdicts-other = recorded by an earlier version
