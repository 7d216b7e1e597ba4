### What `instance configure-webhooks` says.

webhooks-setting = setting { $slot } …
webhooks-set = set
webhooks-not-set = NOT set
webhooks-would-be-set = would be set
webhooks-left = left alone
webhooks-holds-ours = holds our address: { $address }
webhooks-holds-other = holds an address that is not ours: { $address }
webhooks-holds-nothing = holds nothing
webhooks-would-hold = each would hold a new address of this instance at { $address }
webhooks-not-remembered = what { $slot } held before can no longer be told ({ $why }); it keeps what it holds
webhooks-not-read-back = the slots could not be read back: { $why }
webhooks-no-address = say how the door is reached from outside with --public-url https://…, or set http.public_url
webhooks-base-only = --public-url is the address without /hooks/…, such as https://midia.example.com; the rest is added to it
webhooks-by-hand = set what is missing by hand: open the instance in the gateway's panel, then its webhooks; paste the address below into { $slots }, switch each on, and save. It is shown this once; those before are taken as well until `midiateca instance rotate-hook`
webhooks-nothing-to-undo = the slots of this instance were not set from here, so nothing can be put back
webhooks-not-undone = not all slots hold what they held before; run the same command again, or set the rest by hand in the gateway's panel
