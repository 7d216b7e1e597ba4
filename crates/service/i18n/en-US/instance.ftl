### What `instance add`, `list`, `show`, `remove` and `rotate-hook` say.

instance-unset-variable = the environment variable { $name } is not set
    .hint = set it before the command, as { $name }=… midiateca …, or give the token with --token-file or --token-stdin
instance-variable-not-utf8 = the environment variable { $name } is not in UTF-8
instance-ask-token = Gateway token (hidden):
instance-token-accepted = token accepted by the gateway
instance-token-not-accepted = warning: { $id } is saved, but the gateway refuses it ({ $seen }); correct the token with the same command, or remove the instance if its id is wrong
instance-token-not-tried = warning: { $id } is saved, but its token could not be tried on the gateway ({ $seen }); `midiateca doctor --instance { $id }` tries again
instance-add-token = no gateway token is stored yet: add it with --token-env, --token-file or --token-stdin
instance-changed = changed; its webhook address is the same (`midiateca instance rotate-hook` makes a new one)
instance-gateway-changed = its gateway is { $gateway } now, and its API { $base }; the token, secret, session and routes that were not given with this command are deleted, because they belonged to the other gateway
instance-removed = instance { $id } is removed; its media are unchanged
instance-paste = paste this address wherever the gateway's panel has a webhook for the instance; it is shown only once:
instance-only-local = replace http://localhost… by the public address, because the gateway cannot reach it; with http.public_url (or MIDIATECA_PUBLIC_URL) set, the whole address is printed
instance-instance = instance
instance-client = client
instance-gateway = gateway
instance-api-base = API
instance-cdn-base = CDN
instance-routes = routes
instance-state = state
instance-state-now = state at the gateway
instance-signature = signature
instance-signature-verified = verified
instance-signature-expected = expected; this gateway does not say whether it signs
instance-not-signed = NOT SIGNED by the gateway, so every delivery is refused: `midiateca instance configure-webhooks { $id } --public-url URL` sets the secret
instance-not-verified = signed by the gateway, NOT VERIFIED here: `midiateca instance add { $id } --client { $client } --secret-env VAR`
instance-signature-none = none
instance-problem = problem
instance-token = gateway token
instance-last-delivery = last delivery
instance-rhythm = usual interval
instance-silence = silence
instance-deliveries = deliveries
instance-media = media
instance-waiting = pending
instance-slot = { $slot ->
    [webhook] webhook
   *[other] webhook { $slot }
}
instance-slots = webhooks
instance-usual-hosts = WhatsApp's own hosts
instance-usual-routes = { $routes } (fetch.routes)
instance-gateway-routes = { $routes } (the order for { $gateway })
instance-scan-again = { $state }; scan its QR code again in the gateway's panel
instance-not-reported = { $state }: the gateway has not reported it yet
instance-since = { $state }, since { $at } ({ $span } ago)
instance-no-problem = none
instance-kept = stored
instance-not-kept = none stored: `midiateca instance add { $id } --client { $client } --token-env VAR`
instance-never = never
instance-ago = { $at } ({ $span } ago)
instance-gaps = usually { $usual }, at most { $longest }
instance-no-rhythm = not enough deliveries yet
instance-silent = YES: no delivery for { $span }, longer than ever before; see `midiateca doctor`
instance-not-silent = no
instance-silence-unknown = unknown
instance-delivered = { $count }, { $ignored } of them ignored
instance-refused = refused
instance-not-refused = none
instance-no-media = none
instance-waits = { $count }, the oldest since { $oldest }; the nearest deadline is { $deadline }
instance-nothing-waits = nothing
instance-gateways = Gateways (--gateway), and what each needs besides a token: · wapi: nothing · evolution: --api-base · evolution-go: --api-base; token TOKEN, or TOKEN:KEY with the gateway's own key · zapi: token TOKEN, or TOKEN:CLIENT-TOKEN · uazapi: --api-base · meta: the id of the phone number as the id or --session; the app's secret · dialog360: nothing · waha: --api-base; the session's name as the id or --session · wuzapi: --api-base · wppconnect: --api-base; the session's name as the id or --session · gowa: --api-base; token USER:PASSWORD; the device as the id or --session, with version 6 the account's number · quepasa: --api-base · twilio: token ACCOUNT:TOKEN; the auth token as the secret; to set webhooks, the SID of the sender (XE…) as the id or --session · gupshup: nothing; the app's key as the token only if links to files ask for it
instance-lacks = (without { $lacks })
instance-no-call = cannot be read: this gateway's API does not offer it
instance-no-api-base = no address of { $gateway }'s API is stored: without it the gateway is not asked for files, `configure-webhooks` cannot set its webhooks, and `doctor` cannot test the token. Add it with `midiateca instance add { $id } --client { $client } --api-base URL`
instance-configure = `midiateca instance configure-webhooks { $id } --public-url URL` sets all of them
instance-not-asked = not read, because of --offline
instance-cannot-ask = cannot be read: { $error }
instance-reconcile-queued = missing, queued
instance-reconcile-would-be-queued = missing, would be queued
instance-reconcile-old-queued = missing and old, queued
instance-reconcile-old-would-be-queued = missing and old, would be queued
instance-reconcile-total = { $listed ->
    [one] 1 message with media in the list of the gateway
   *[other] { $listed } messages with media in the list of the gateway
}, { $missing } whose delivery never came
