### What `instance add`, `list`, `show`, `remove` and `rotate-hook` say.

instance-unset-variable = a variável de ambiente { $name } não está definida
    .hint = defina-a antes do comando, como { $name }=… midiateca …, ou informe o token com --token-file ou --token-stdin
instance-variable-not-utf8 = a variável de ambiente { $name } não está em UTF-8
instance-ask-token = Token do gateway (oculto):
instance-token-accepted = token aceito pelo gateway
instance-token-not-accepted = aviso: a instância { $id } foi salva, mas o gateway a recusa ({ $seen }); corrija o token com o mesmo comando, ou remova a instância se o id estiver errado
instance-token-not-tried = aviso: a instância { $id } foi salva, mas não foi possível testar o token no gateway ({ $seen }); `midiateca doctor --instance { $id }` testa de novo
instance-add-token = ainda não há token do gateway armazenado: use --token-env, --token-file ou --token-stdin
instance-changed = alterada; o endereço do webhook é o mesmo (`midiateca instance rotate-hook` cria outro)
instance-gateway-changed = o gateway dela agora é { $gateway }, com a API { $base }; o token, o segredo, a sessão e as rotas que não foram informados neste comando foram excluídos, porque eram do outro gateway
instance-removed = a instância { $id } foi removida; as mídias dela permanecem
instance-paste = cole este endereço em cada webhook que o painel do gateway tiver para a instância; ele só é mostrado uma vez:
instance-only-local = troque http://localhost… pelo endereço público, porque o gateway não o alcança; com http.public_url (ou MIDIATECA_PUBLIC_URL) configurado, o endereço completo é mostrado
instance-instance = instância
instance-client = cliente
instance-gateway = gateway
instance-api-base = API
instance-cdn-base = CDN
instance-routes = rotas
instance-state = estado
instance-state-now = estado no gateway
instance-signature = assinatura
instance-signature-verified = verificada
instance-signature-expected = esperada; este gateway não informa se assina
instance-not-signed = NÃO ASSINADA pelo gateway, então todas as entregas são recusadas: `midiateca instance configure-webhooks { $id } --public-url URL` configura o segredo
instance-not-verified = assinada pelo gateway, NÃO VERIFICADA aqui: `midiateca instance add { $id } --client { $client } --secret-env VAR`
instance-signature-none = nenhuma
instance-problem = problema
instance-token = token do gateway
instance-last-delivery = última entrega
instance-rhythm = intervalo usual
instance-silence = silêncio
instance-deliveries = entregas
instance-media = mídias
instance-waiting = pendentes
instance-slot = { $slot ->
    [webhook] webhook
   *[other] webhook { $slot }
}
instance-slots = webhooks
instance-usual-hosts = servidores do próprio WhatsApp
instance-usual-routes = { $routes } (fetch.routes)
instance-gateway-routes = { $routes } (a ordem para { $gateway })
instance-scan-again = { $state }; leia o QR code de novo no painel do gateway
instance-not-reported = { $state }: o gateway ainda não informou
instance-since = { $state }, desde { $at } (há { $span })
instance-no-problem = nenhum
instance-kept = armazenado
instance-not-kept = nenhum armazenado: `midiateca instance add { $id } --client { $client } --token-env VAR`
instance-never = nunca
instance-ago = { $at } (há { $span })
instance-gaps = normalmente { $usual }, no máximo { $longest }
instance-no-rhythm = ainda não há entregas suficientes
instance-silent = SIM: nenhuma entrega há { $span }, mais do que em qualquer intervalo anterior; veja `midiateca doctor`
instance-not-silent = não
instance-silence-unknown = desconhecido
instance-delivered =
    { $count }, das quais { $ignored ->
        [one] { $ignored } ignorada
       *[other] { $ignored } ignoradas
    }
instance-refused = recusadas
instance-not-refused = nenhuma
instance-no-media = nenhuma
instance-waits = { $count }, a mais antiga desde { $oldest }; o prazo mais próximo é { $deadline }
instance-nothing-waits = nada
instance-gateways = Gateways (--gateway), e o que cada um precisa além de um token: · wapi: nada · evolution: --api-base · evolution-go: --api-base; token TOKEN, ou TOKEN:CHAVE com a chave do próprio gateway · zapi: token TOKEN, ou TOKEN:CLIENT-TOKEN · uazapi: --api-base · meta: o id do número de telefone como id ou --session; o segredo do app · dialog360: nada · waha: --api-base; o nome da sessão como id ou --session · wuzapi: --api-base · wppconnect: --api-base; o nome da sessão como id ou --session · gowa: --api-base; token USUÁRIO:SENHA; o dispositivo como id ou --session, na versão 6 o número da conta · quepasa: --api-base · twilio: token CONTA:TOKEN; o auth token como segredo; para configurar webhooks, o SID do remetente (XE…) como id ou --session · gupshup: nada; a chave do app como token só se os links dos arquivos a pedirem
instance-lacks = (sem { $lacks })
instance-no-call = não podem ser lidos: a API deste gateway não oferece isso
instance-no-api-base = nenhum endereço da API de { $gateway } está armazenado: sem ele não se pedem arquivos ao gateway, `configure-webhooks` não configura os webhooks e `doctor` não testa o token. Informe-o com `midiateca instance add { $id } --client { $client } --api-base URL`
instance-configure = `midiateca instance configure-webhooks { $id } --public-url URL` configura todos
instance-not-asked = não lidos, por causa de --offline
instance-cannot-ask = não puderam ser lidos: { $error }
instance-reconcile-queued = ausente, enfileirada
instance-reconcile-would-be-queued = ausente, seria enfileirada
instance-reconcile-old-queued = ausente e antiga, enfileirada
instance-reconcile-old-would-be-queued = ausente e antiga, seria enfileirada
instance-reconcile-total = { $listed ->
    [one] 1 mensagem com mídia na lista do gateway
   *[other] { $listed } mensagens com mídia na lista do gateway
}, { $missing } cuja entrega nunca chegou
