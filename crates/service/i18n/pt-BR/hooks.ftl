### What the HTTP server answers to a delivery, or to a request that is none, when it refuses it. Gateways get it in English.

hooks-wrong-token = o token do webhook está ausente ou errado
    .hint = cole no painel do gateway o endereço que `midiateca instance rotate-hook ID` mostra
hooks-wrong-signature = a entrega não está assinada com o segredo desta instância
    .hint = corrija o segredo com `midiateca instance add ID --client N --secret-env VAR` e use `midiateca deliveries replay`
hooks-wrong-verify-token = o token de verificação não é o desta instância
    .hint = o token de verificação é a última parte do endereço do webhook, ou o segredo da instância
hooks-token-of-another-instance = o corpo indica uma instância à qual este token não pertence
    .hint = cada instância tem o próprio endereço de webhook
hooks-unknown-instance = esta instância não é conhecida aqui
    .hint = adicione com `midiateca instance add ID --client N`
hooks-unknown-gateway = este gateway não é conhecido aqui
    .hint = o endereço é /hooks/GATEWAY/TOKEN, com um gateway de `midiateca instance add --help`, ou auto
hooks-body-too-large = o corpo tem mais de { $limit } bytes
    .hint = http.max_body define o limite
hooks-unknown-encoding = o corpo tem um Content-Encoding que não é conhecido aqui
    .hint = envie com um dos que estão em Accept-Encoding, ou sem nenhum
hooks-body-incomplete = o corpo não chegou a tempo ou foi interrompido
    .hint = envie de novo
hooks-unavailable = não é possível gravar a requisição agora; nada foi armazenado
    .hint = envie de novo depois dos segundos em Retry-After
hooks-page-not-found = não há nada neste endereço
    .hint = os webhooks vão para /hooks/GATEWAY/TOKEN
hooks-wrong-method = este endereço espera outro método
    .hint = os webhooks são enviados com POST
hooks-too-many-connections = há conexões demais; nada foi aceito
    .hint = envie de novo depois dos segundos em Retry-After
