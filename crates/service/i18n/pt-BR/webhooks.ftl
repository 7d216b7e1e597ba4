### What `instance configure-webhooks` says.

webhooks-setting = configurando { $slot } …
webhooks-set = configurado
webhooks-not-set = NÃO configurado
webhooks-would-be-set = seria alterado
webhooks-left = mantido
webhooks-holds-ours = contém o endereço deste servidor: { $address }
webhooks-holds-other = contém um endereço que não é deste servidor: { $address }
webhooks-holds-nothing = vazio
webhooks-would-hold = cada um passaria a conter um novo endereço desta instância em { $address }
webhooks-not-remembered = não é possível restaurar o endereço anterior de { $slot } ({ $why }); ele não foi alterado
webhooks-not-read-back = não foi possível ler os webhooks de novo: { $why }
webhooks-no-address = o endereço público deste servidor não é conhecido
    .hint = informe-o com --public-url https://…, ou configure http.public_url
webhooks-base-only = --public-url é o endereço sem /hooks/…, por exemplo https://midia.example.com
    .hint = o resto é acrescentado a ele
webhooks-by-hand = configure o restante manualmente: abra a instância no painel do gateway e os webhooks dela; cole o endereço abaixo em { $slots }, ative cada um e salve. Ele só é mostrado uma vez; os anteriores continuam válidos até `midiateca instance rotate-hook`
webhooks-nothing-to-undo = os webhooks desta instância não foram configurados pelo midiateca, e não há o que desfazer
webhooks-not-undone = alguns webhooks não voltaram ao endereço anterior; execute o mesmo comando de novo, ou configure-os manualmente no painel do gateway
