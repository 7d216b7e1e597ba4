### What the HTTP server answers to a delivery, or to a request that is none, when it refuses it. Gateways get it in English.

hooks-wrong-token = the webhook token is missing or wrong
    .hint = paste the address that `midiateca instance rotate-hook ID` prints into the gateway's panel
hooks-wrong-signature = the delivery is not signed with the secret of this instance
    .hint = correct the secret with `midiateca instance add ID --client N --secret-env VAR`, then run `midiateca deliveries replay`
hooks-wrong-verify-token = the verify token is not that of this instance
    .hint = the verify token is the last part of the webhook address, or the secret of the instance
hooks-token-of-another-instance = the body names an instance to which this token does not belong
    .hint = each instance has its own webhook address
hooks-unknown-instance = no such instance is known here
    .hint = add it with `midiateca instance add ID --client N`
hooks-unknown-gateway = no such gateway is known here
    .hint = the address is /hooks/GATEWAY/TOKEN, with a gateway of `midiateca instance add --help`, or auto
hooks-body-too-large = the body is larger than { $limit } bytes
    .hint = http.max_body sets the limit
hooks-unknown-encoding = the body has a Content-Encoding that is not known here
    .hint = send it with one of those in Accept-Encoding, or with none
hooks-body-incomplete = the body did not arrive in time or broke off
    .hint = send it again
hooks-unavailable = the request cannot be committed now; nothing was stored
    .hint = send it again after the seconds in Retry-After
hooks-page-not-found = there is nothing at this address
    .hint = webhooks go to /hooks/GATEWAY/TOKEN
hooks-wrong-method = this address takes another method
    .hint = webhooks are sent with POST
hooks-too-many-connections = there are too many connections; nothing was accepted
    .hint = send it again after the seconds in Retry-After
