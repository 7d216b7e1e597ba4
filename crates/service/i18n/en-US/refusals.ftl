### What `check`, `doctor` and `instance show` say of refused deliveries.

refusals-sentence = { $about }: { $seen }; { $hint }
refusals-one = 1 delivery refused since { $since }: { $why }
refusals-many = { $count } deliveries refused since { $since }, the last at { $last }: { $why }
refusals-one-connection = 1 connection refused since { $since }: { $why }
refusals-many-connections = { $count } connections refused since { $since }, the last at { $last }: { $why }
refusals-own = { $seen }; { $hint }
refusals-missing-token = no webhook token in the address
refusals-wrong-token = wrong webhook token
refusals-wrong-signature = not signed with the secret of the instance
refusals-replaced-token = the webhook address was replaced by another one
refusals-removed-instance = the instance was removed
refusals-other-instance = received at the webhook address of { $address_of }
refusals-unknown-instance = received at its webhook address, for an instance that does not exist here
refusals-unknown-gateway = the address names no known gateway
refusals-body-too-large = body larger than http.max_body
refusals-unsupported-media-type = body in an encoding that is not supported
refusals-too-many-connections = too many at once
refusals-raise-connections = the log names the address and the limit; block the address, or raise http.max_connections or http.max_connections_per_address
refusals-paste-address = paste the webhook address of { $instance } into all webhook slots of its panel: `midiateca instance rotate-hook { $instance }` prints a new one, `midiateca instance configure-webhooks { $instance } --public-url URL` sets it
refusals-find-instance = `midiateca doctor` reads every instance's webhook slots and names those with another address; ignore this if the server is scanned from outside
refusals-remove-or-add = remove the address from the gateway's panel, or add the instance again with `midiateca instance add { $instance } --client N`
refusals-correct-secret = correct the secret with `midiateca instance add { $instance } --client N --secret-env VAR`, then receive them with `midiateca deliveries replay --instance { $instance }`
refusals-add-instance = `midiateca deliveries list` shows them; add the instance with `midiateca instance add ID --client N`, and give it its own address
refusals-correct-address = the address must be /hooks/{ $gateway }/TOKEN
refusals-raise-limit = raise http.max_body, and the body limit of the reverse proxy
refusals-send-plain = configure the gateway or proxy to send JSON, uncompressed or compressed with gzip
