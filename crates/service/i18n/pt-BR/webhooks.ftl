### What `instance configure-webhooks` says.

webhooks-setting = configurando { $slot } …
webhooks-lacks = sem { $lacks }
webhooks-holds-unknown = não foi possível conferir
webhooks-cannot-read-back = o gateway aceitou o endereço, mas a API dele não permite conferir: envie uma mensagem ao número e acompanhe `midiateca monitor`. Se nada chegar, reinicie a sessão no gateway, ou coloque o endereço abaixo na configuração dele; ele só é mostrado uma vez
webhooks-no-call = { $gateway } não tem uma chamada de API que configure os webhooks
    .hint = cole no painel do gateway o endereço que `midiateca instance add` mostrou; `midiateca instance rotate-hook { $id }` cria um novo
webhooks-no-sender = { $gateway } configura o endereço de um remetente pelo SID, e { $id } não tem nenhum
    .hint = `midiateca instance add { $id } --client { $client } --session XE…` o informa; ou cole o endereço no painel da { $gateway }
webhooks-still-lacks = o gateway não aceitou todos os eventos ou opções de { $slots }: sem eles algumas mídias não chegam. Veja a linha de cada um, e configure-os no painel do gateway
webhooks-holds-ours = contém o endereço deste servidor: { $address }
webhooks-holds-other = contém outro endereço, ou um antigo deste servidor: { $address }
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
