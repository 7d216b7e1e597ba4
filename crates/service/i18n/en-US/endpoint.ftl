### What `endpoint` says.

endpoint-added = endpoint { $id } is added; keep this secret: it is shown only now
endpoint-of-all-clients = this endpoint gets the events of all clients; --client N limits it to one
endpoint-queued = notification { $id } is queued
endpoint-removed = the endpoint { $url } is removed with its notifications
endpoint-all-types = all types
endpoint-enabled = enabled
endpoint-disabled-at = disabled { $at }
endpoint-failing-since = failing since { $at }
