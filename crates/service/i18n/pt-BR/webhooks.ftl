### What `instance configure-webhooks` says.

webhooks-setting = configurando { $slot } …
webhooks-set = configurado
webhooks-not-set = NÃO configurado
webhooks-would-be-set = seria mudado
webhooks-left = mantido
webhooks-holds-ours = contém o nosso endereço: { $address }
webhooks-holds-other = contém um endereço que não é nosso: { $address }
webhooks-holds-nothing = vazio
webhooks-would-hold = cada um passaria a conter um novo endereço desta instância em { $address }
webhooks-not-remembered = não dá mais para saber o que { $slot } continha antes ({ $why }); fica com o que contém
webhooks-not-read-back = não foi possível reler os webhooks: { $why }
webhooks-no-address = informe o endereço público com --public-url https://…, ou configure http.public_url
webhooks-base-only = --public-url é o endereço sem /hooks/…, por exemplo https://midia.example.com; o resto é acrescentado a ele
webhooks-by-hand = configure o que falta à mão: abra a instância no painel do gateway e os webhooks dela; cole o endereço abaixo em { $slots }, ative cada um e salve. Ele só é mostrado desta vez; os anteriores continuam valendo até `midiateca instance rotate-hook`
webhooks-nothing-to-undo = os webhooks desta instância não foram configurados por aqui, então não há o que desfazer
webhooks-not-undone = nem todos os webhooks voltaram ao que continham; rode o mesmo comando de novo, ou configure o resto à mão no painel do gateway
