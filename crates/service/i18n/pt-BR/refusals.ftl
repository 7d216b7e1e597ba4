### What `check`, `doctor` and `instance show` say of refused deliveries.

refusals-sentence = { $about }: { $seen }; { $hint }
refusals-one = 1 entrega recusada desde { $since }: { $why }
refusals-many = { $count } entregas recusadas desde { $since }, a última em { $last }: { $why }
refusals-one-connection = 1 conexão recusada desde { $since }: { $why }
refusals-many-connections = { $count } conexões recusadas desde { $since }, a última em { $last }: { $why }
refusals-own = { $seen }; { $hint }
refusals-missing-token = o endereço não tem o token do webhook
refusals-wrong-token = o token do webhook está errado
refusals-wrong-signature = sem assinatura com o segredo da instância
refusals-replaced-token = o endereço do webhook foi substituído por outro
refusals-removed-instance = a instância foi removida
refusals-other-instance = no endereço de webhook da { $address_of }
refusals-unknown-instance = no endereço de webhook dela, em nome de uma instância que não existe aqui
refusals-unknown-gateway = o endereço não indica um gateway conhecido
refusals-body-too-large = corpo maior que http.max_body
refusals-unsupported-media-type = corpo em uma codificação não suportada
refusals-too-many-connections = conexões demais ao mesmo tempo
refusals-raise-connections = o log cita o endereço e o limite; bloqueie o endereço, ou aumente http.max_connections ou http.max_connections_per_address
refusals-paste-address = cole o endereço de webhook da { $instance } em todos os webhooks do painel dela: `midiateca instance rotate-hook { $instance }` mostra um novo, `midiateca instance configure-webhooks { $instance } --public-url URL` o configura
refusals-find-instance = `midiateca doctor` lê os webhooks de cada instância e indica os que têm outro endereço; ignore se for uma varredura externa
refusals-remove-or-add = tire o endereço do painel do gateway, ou cadastre a instância de novo com `midiateca instance add { $instance } --client N`
refusals-correct-secret = corrija o segredo com `midiateca instance add { $instance } --client N --secret-env VAR` e depois receba as entregas com `midiateca deliveries replay --instance { $instance }`
refusals-add-instance = `midiateca deliveries list` as mostra; cadastre a instância com `midiateca instance add ID --client N` e use o endereço dela
refusals-correct-address = o endereço deve ser /hooks/{ $gateway }/TOKEN
refusals-raise-limit = aumente http.max_body e o limite de corpo do proxy reverso
refusals-send-plain = configure o gateway ou proxy para enviar JSON, sem compressão ou comprimido com gzip
