### What `instance configure-webhooks` says.

webhooks-setting = setting { $slot } …
webhooks-lacks = without { $lacks }
webhooks-holds-unknown = cannot be read back
webhooks-cannot-read-back = the gateway accepted the address, and its API cannot read it back: send a message to the number and watch `midiateca monitor`. If nothing arrives, restart the session at the gateway, or put the address below into its settings; it is shown only once
webhooks-no-call = { $gateway } has no API call that sets its webhooks
    .hint = paste the address that `midiateca instance add` printed into the gateway's panel; `midiateca instance rotate-hook { $id }` makes a new one
webhooks-no-sender = { $gateway } sets the address of a sender by its SID, and { $id } has none
    .hint = `midiateca instance add { $id } --client { $client } --session XE…` adds it; or paste the address into the panel of { $gateway }
webhooks-still-lacks = the gateway did not take every event or switch of { $slots }: without them some media do not arrive. See the line of each, and set them in the gateway's panel
webhooks-holds-ours = has our address: { $address }
webhooks-holds-other = has another address, or an old one of this server: { $address }
webhooks-holds-nothing = empty
webhooks-would-hold = each would get a new address of this instance at { $address }
webhooks-not-remembered = the previous address of { $slot } cannot be restored ({ $why }); it is unchanged
webhooks-not-read-back = the slots could not be read again: { $why }
webhooks-no-address = the public address of this server is not known
    .hint = give it with --public-url https://…, or set http.public_url
webhooks-base-only = --public-url is the address without /hooks/…, such as https://midia.example.com
    .hint = the rest is added to it
webhooks-by-hand = set the rest by hand: open the instance in the gateway's panel, then its webhooks; paste the address below into { $slots }, switch each on, and save. It is shown only once; the previous ones stay valid until `midiateca instance rotate-hook`
webhooks-nothing-to-undo = the slots of this instance were not set by midiateca, so there is nothing to undo
webhooks-not-undone = some slots do not have their previous address; run the same command again, or set them by hand in the gateway's panel
