### The results of `doctor`, by code.

## Checks

health-check-program = versão do programa
health-check-settings = leitura das configurações
health-check-folder = gravação de um arquivo na pasta de dados
health-check-owner = comparação dos donos dos arquivos
health-check-mode = verificação de quem pode ler a pasta de dados, o banco de dados e os arquivos
health-check-server = busca de um servidor nesta pasta
health-check-server-database = o que o servidor encontrou no caminho do banco de dados
health-check-server-storage = o que o servidor encontrou no caminho do armazenamento
health-check-key = leitura da chave que criptografa os tokens dos gateways
health-check-key-mode = verificação de quem pode ler a chave
health-check-database = abertura do banco de dados
health-check-database-write = gravação de teste
health-check-database-integrity = leitura do banco de dados inteiro
health-check-storage = gravação, sincronização, leitura e remoção de um arquivo
health-check-storage-identity = comparação do id dele com o do banco de dados
health-check-storage-folders = busca das pastas das instâncias com arquivos e criação de um arquivo em cada uma
health-check-storage-free = espaço livre
health-check-bucket = gravação, leitura e remoção de um objeto
health-check-bucket-range = pedido de uma parte de um objeto
health-check-bucket-private = pedido de um objeto sem credenciais
health-check-bucket-multipart = envio de um objeto em duas partes
health-check-bucket-checksum = envio com checksum
health-check-bucket-clock = comparação do relógio desta máquina com o do servidor
health-check-storage-forecast = crescimento dos últimos sete dias
health-check-clock-jump = comparação do relógio com a última leitura confiável
health-check-clock = comparação deste relógio com o do gateway
health-check-queue-oldest = mídia pendente mais antiga
health-check-queue-deadline = próximo prazo
health-check-queue-reason = por que há mídias em espera
health-check-deliveries-set-aside = entregas do último dia que não puderam ser lidas
health-check-deliveries-refused = entregas recusadas no último dia
health-check-instances = lista das instâncias
health-check-instance-token = consulta ao gateway com o token da instância
health-check-instance-connected = conexão com o WhatsApp
health-check-instance-groups = mensagens de grupos
health-check-instance-signature = assinatura das entregas
health-check-instance-slot = { $slot ->
    [webhook] leitura do webhook
   *[other] leitura do webhook { $slot }
}
health-check-instance-own-messages = { $slot ->
    [webhook] leitura do webhook
   *[other] leitura do webhook { $slot }
}
health-check-instance-gateway = comparação das entregas com o gateway
health-check-instance-problem = último uso do gateway
health-check-instance-silent = comparação do silêncio com os intervalos habituais
health-check-instance-undelivered = comparação da lista de mensagens com as entregas
health-check-cdn = requisição à CDN
health-check-cdn-ipv4 = conexão com a CDN por IPv4
health-check-cdn-ipv6 = conexão com a CDN por IPv6
health-check-proxy = leitura das configurações de proxy do ambiente
health-check-public = requisição a este servidor pelo endereço público
health-check-previews = busca de um programa que gera prévias
health-check-examiners = busca de um programa que examina arquivos

## Results

health-done = concluída
health-failed = { $error }
health-not-a-url = não é um endereço web
health-gateway-does-not-say = o gateway não informa
health-version = midiateca { $version }
health-nothing-risky = nenhuma configuração arriscada
health-no-public-url = o endereço público dos webhooks não está configurado
health-clear-text = os webhooks chegam sem criptografia, e o token no endereço também
health-view-once-kept = mídias de visualização única são armazenadas
health-own-not-kept = o que a própria conta envia não é armazenado
health-groups-not-kept = o que é enviado em grupos não é armazenado
health-kinds-not-kept = alguns tipos de mídia não são armazenados
health-without-cdn = todo arquivo é pedido ao gateway, então tudo depende da sessão dele
health-without-gateway = o que a CDN do WhatsApp recusa não é pedido ao gateway
health-hosts-allowed = links do gateway podem levar a máquinas da sua própria rede
health-endpoint-hosts-allowed = webhooks de saída de qualquer cliente podem ir para máquinas da sua própria rede
health-program-isolated = está instalado e roda sem rede e sem acesso a outros arquivos
health-program-found = está instalado e roda com limites de memória, tempo e saída
health-program-absent = não está instalado, então faltam as prévias que ele gera
health-program-missing = está nas configurações e não está instalado
health-program-paused = excedeu o tempo limite { $count } vezes seguidas, com arquivos de vários clientes: está em pausa e será tentado de novo em { $left }
health-program-paused-for-client = excedeu o tempo limite { $count } vezes seguidas com arquivos do cliente { $client }: está em pausa para esse cliente e será tentado de novo em { $left }
health-no-watermark = os downloads continuam até o disco ficar completamente cheio
health-grows-forever = os registros nunca são excluídos, então o banco de dados sempre cresce
health-only-small-files = arquivos maiores que keep.max_size não são armazenados, e o limite é menor que um vídeo comum
health-deletes-soon = uma regra exclui arquivos poucos dias depois da chegada
health-no-database = não há banco de dados: { $path }
health-empty-database = o banco de dados { $path } é um arquivo vazio
health-database-without-tables = o banco de dados { $path } está vazio: não tem tabelas
health-other-owner = a pasta é do usuário { $theirs }, e este comando é executado pelo usuário { $ours }: o servidor não poderá alterar os arquivos criados agora
health-one-owner = tudo pertence ao dono da pasta
health-other-owners = { $count ->
    [one] { $count } caminho não pertence
   *[other] { $count } caminhos não pertencem
} ao dono da pasta (usuário { $owner }), o primeiro é { $first }
health-modes-fine = somente quem precisa
health-modes-wide = { $count ->
    [one] { $count } caminho está aberto
   *[other] { $count } caminhos estão abertos
} a mais usuários do que o necessário, o primeiro é { $first } (modo { $mode })
health-server-runs = em execução
health-server-stopped = nenhum servidor em execução: webhooks estão se perdendo
health-server-not-answering = em execução, mas { $address } não responde: webhooks estão se perdendo
health-server-unknown = desconhecido: o arquivo de trava pertence a outro usuário
health-key-missing = não existe, então nenhum token pode ser descriptografado
health-key-mode-fine = somente o dono
health-key-mode-open = outros usuários também (modo { $mode })
health-up-to-date = atualizado ({ $count } migrações)
health-sound = íntegro
health-unsound = { $problems }
health-no-storage-yet = ainda não existe; é criado com a primeira instância
health-ranges-given = o servidor responde com a parte
health-ranges-ignored = o servidor envia o objeto inteiro em vez da parte, por isso os players não conseguem avançar, e arquivos grandes são lidos à toa
health-anonymous-refused = recusado
health-anonymous-reads = qualquer pessoa que saiba ou adivinhe um endereço pode ler os arquivos
health-parts-accepted = aceito. O que um envio interrompido deixa é excluído por uma regra de ciclo de vida do bucket, AbortIncompleteMultipartUpload, que não é visível daqui
health-checksum-accepted = aceito
health-checksum-refused = o servidor recusa envios com x-amz-checksum-sha256, e os aceita sem ele
health-checksum-off = desligado: o servidor não compara o que recebe
health-server-clock-near = diferença de { $by }
health-server-clock-far = diferença de { $by }; acima de 15 minutos o S3 recusa as requisições
health-storage-missing = não existe, embora o banco de dados tenha arquivos nele
health-folders-missing = { $count ->
    [one] não existe a pasta de { $count } instância com arquivos
   *[other] não existem as pastas de { $count } instâncias com arquivos
}, a primeira é { $first }
health-folders-not-writable = { $count ->
    [one] { $count } pasta não aceita
   *[other] { $count } pastas não aceitam
} novos arquivos: { $error }
health-space-left = { $free }; os downloads são pausados abaixo de { $floor }
health-no-space = { $free }, menos que { $floor }: nenhum download começa
health-hardly-grows = quase nada: há espaço para anos
health-space-lasts = { $days ->
    [one] { $growth } por dia: disco cheio em cerca de { $days } dia
   *[other] { $growth } por dia: disco cheio em cerca de { $days } dias
}
health-full-soon = { $days ->
    [one] { $growth } por dia: disco cheio em cerca de { $days } dia
   *[other] { $growth } por dia: disco cheio em cerca de { $days } dias
}
health-queue-moves = nenhuma espera há mais de um dia
health-waits-long = a mais antiga espera há { $hours } horas
health-link-expires-soon = { $hours ->
    [one] um link expira em { $hours } hora
   *[other] um link expira em { $hours } horas
} e o arquivo ainda não foi baixado
health-media-wait = { $count ->
    [one] { $count } mídia em espera
   *[other] { $count } mídias em espera
}: { $reason }
health-none-set-aside = nenhuma
health-set-aside = { $count ->
    [one] { $count } separada
   *[other] { $count } separadas
}
health-none-refused = nenhuma
health-refused = { $refused }
health-no-instance = não há nenhuma
health-token-accepted = token aceito
health-no-key = não é possível sem a chave
health-token-missing = não há token armazenado
health-token-not-needed = não há token armazenado: os arquivos chegam sem ele, mas a conexão e os webhooks não podem ser consultados
health-token-sealed = o token foi criptografado com outra chave
health-token-refused = o gateway recusa o token
health-unknown-instance = o gateway não conhece esta instância
health-gateway-refuses = recusado, com status 200: { $said }
health-empty-answer = a resposta não descreve a instância
health-not-json = respondeu algo que não é JSON
health-other-instance = respondeu sobre outra instância: { $said }
health-connected = conectada ao WhatsApp
health-half-connected = o gateway informa uma conexão, mas nenhum número: uma sessão assim não funciona
health-disconnected = desconectada do WhatsApp: nada chega
health-groups-ignored = o gateway ignora grupos: o que é enviado neles nunca chega
health-groups-not-wanted = o gateway ignora grupos, de acordo com keep.groups = false
health-groups-sent = mensagens de grupos são enviadas
health-signed = o gateway assina, e as assinaturas são verificadas
health-not-signed = há um segredo armazenado aqui, mas o gateway não assina nada: todas as entregas são recusadas
health-not-verified = o gateway assina, mas não há segredo armazenado aqui: quem souber o endereço pode enviar
health-slot-fine = contém o endereço deste servidor
health-slot-empty = está vazio: esses eventos não são enviados
health-own-slot-empty = está vazio: o que a própria conta envia nunca chega
health-slot-other = contém um endereço que não pertence a este servidor: { $address }
health-slot-wrong-token = contém um endereço deste servidor com um token que já não é desta instância, como depois de `midiateca instance rotate-hook`: { $address }
health-slot-elsewhere = contém o token certo em um endereço diferente de http.public_url ({ $public }): { $address }
health-slot-clear-text = contém um endereço sem criptografia (http): { $address }
health-slot-loopback = contém um endereço que o gateway não alcança: { $address }
health-slot-off = contém um endereço, mas está desativado
health-slot-lacks = contém o endereço deste servidor, mas não envia tudo: falta { $lacks }
health-no-call = a API deste gateway não oferece isso
health-not-readable = a API deste gateway não permite conferir isso
health-other-gateway = a última entrega separada tem a forma de { $gateway }; a instância é de { $own }
health-gateway-problem = { $reason }
health-clocks-agree = estão de acordo
health-clocks-differ = há { $skew } de diferença, então os links parecem expirar cedo ou tarde demais
health-clock-not-jumped = não saltou
health-clock-accepted = o horário foi aceito a partir de agora
health-clock-ahead = está { $by } adiantado, por isso nada é excluído e nada expira
health-clock-behind = está { $by } atrasado, por isso nada é excluído e nada expira
health-clock-unconfirmed = mostra um horário { $by } depois da última execução, e nenhum servidor confirmou isso, por isso nada é excluído e nada expira
health-never-received = nunca chegou nada dela
health-gaps-unknown = última entrega há { $silent }; o intervalo habitual ainda não é conhecido
health-gap-usual = última entrega há { $silent }; normalmente a cada { $usual }, no máximo { $longest }
health-silent-long = em silêncio há { $silent }; normalmente chega uma entrega a cada { $usual }, e o maior silêncio foi de cerca de { $longest }
health-never-made = { $count ->
    [one] { $count } entrega que o gateway não enviou, encontrada
   *[other] { $count } entregas que o gateway não enviou, a última encontrada
} na lista dele há { $since }
health-connected-in = em { $ms } ms
health-no-address = o nome não tem endereço
health-other-family-used = o nome não tem endereço deste tipo; o outro é usado
health-address-blocked = o nome resolve para { $address }: um filtro de DNS o bloqueia
health-address-silent = { $address } não responde: { $error }
health-through-proxy = pelo proxy { $proxy }
health-answers = responde (HTTP { $status })
health-public-answers = responde
health-other-answers = outro programa responde ali (HTTP { $status })
health-other-midiateca = outro midiateca responde ali, com outra pasta de dados
health-no-webhook-through = responde, mas os webhooks não passam (HTTP { $status } em vez da recusa do próprio servidor)

## Hints

health-hint-if-meant = nada a fazer se for intencional; veja { $key } em `midiateca config init`
health-hint-set-public-url = configure http.public_url com o endereço que o gateway alcança, como https://midia.example.com
health-hint-use-https = coloque um proxy com certificado na frente do servidor (packaging/nginx, packaging/caddy) e configure os webhooks de novo
health-hint-add-cdn = acrescente "cdn" a fetch.routes: não precisa de sessão
health-hint-add-gateway = acrescente "gateway" a fetch.routes
health-hint-set-watermark = configure storage.pause_below, para que sobre espaço para o banco de dados
health-hint-set-days = configure { $key } com um número de dias
health-hint-name-folder = informe a pasta certa com --data, ou comece com `midiateca client add NOME`
health-hint-run-as-owner = execute o midiateca como o dono da pasta, por exemplo com sudo -u
health-hint-give-to-owner = se não for intencional: `chown -R --reference={ $path } { $path }`, e execute os comandos com esse usuário
health-hint-close-modes = { $commands }
health-hint-close-key-mode = chmod 600 { $path }
health-hint-restart-server = reinicie: `systemctl restart midiateca`, e guarde o log dele
health-hint-start-server = inicie: `midiateca serve`, ou `systemctl start midiateca`
health-hint-restore-key = restaure-a a partir do backup; só se ela se perdeu de vez, informe de novo o token de cada instância, o primeiro com `midiateca instance add ID --client N --token-env VAR --new-key`
health-hint-own-key = a chave existe; torne dono dela o usuário que executa o midiateca, modo 0600: `chown USUÁRIO { $path }`
health-hint-restore-database = pare o servidor, mova o arquivo para outro lugar e restaure o último backup; depois `midiateca scrub` mostra o que chegou depois dele
health-hint-check-disk = verifique se o disco tem espaço e se o arquivo e a pasta podem ser gravados; se outro programa usa o banco de dados, encerre-o
health-hint-end-other-program = outro programa o está usando: encerre-o, ou tente de novo mais tarde
health-hint-mount = o disco está montado? Monte-o, e não execute o servidor sem ele; se os arquivos se perderam mesmo, restaure { $path } de um backup e depois execute `midiateca scrub`
health-hint-use-other-server = use outro servidor ou uma versão mais nova dele: uma parte deve ser respondida com 206
health-hint-close-bucket = bloqueie o acesso público ao bucket: remova políticas e listas de acesso públicas
health-hint-turn-checksum-off = defina storage.checksum = false, ou use uma versão mais nova do servidor
health-hint-free-space = libere espaço, ou exclua arquivos antigos: [retention] em `midiateca config init`, depois `midiateca sweep --dry-run`
health-hint-fix-program = instale o programa ou corrija [derived]
health-hint-try-program = execute-o manualmente com um arquivo do armazenamento; se ele só for lento, defina um tempo maior em { $key }
health-hint-see-reasons = `midiateca check` mostra os motivos, `midiateca media list --status pending` as mídias
    .page = Falhas mostra os motivos, e Mídias as que estão pendentes
health-hint-fix-and-retry = corrija a causa; as mídias são tentadas de novo automaticamente, ou agora mesmo com `midiateca retry --waiting`
    .page = corrija a causa; as mídias são tentadas de novo automaticamente, ou na hora com Reprocessar, em Falhas
health-hint-replay = `midiateca deliveries list --set-aside` as mostra; depois de atualizar, `midiateca deliveries replay --set-aside` as processa
    .page = Entregas as mostra e, depois de uma atualização, as processa de novo
health-hint-refusal-hint = { $refusal_hint }
health-hint-add-instance = `midiateca instance add ID --client N --token-env VAR`
    .page = adicione uma em Instâncias
health-hint-add-token = copie o token do painel do gateway: `midiateca instance add { $id } --client { $client } --token-env VAR`
    .page = copie o token do painel do gateway e informe-o em Alterar dados
health-hint-restore-key-or-token = restaure o secret.key certo, ou informe o token de novo: `midiateca instance add { $id } --client { $client } --token-env VAR`
    .page = restaure o secret.key certo ou informe o token de novo em Alterar dados
health-hint-check-id = compare { $id } com o id da instância no painel do gateway
health-hint-check-api-base = corrija o endereço: `midiateca instance add { $id } --client { $client } --api-base URL`
    .page = corrija o endereço da API do gateway em Alterar dados
health-hint-ask-gateway = tente de novo em alguns minutos; se continuar, fale com o suporte do gateway e verifique se esta máquina alcança a internet
health-hint-scan-code = reinicie a instância no painel do gateway e leia o QR code com o celular
health-hint-take-groups = desative "ignorar grupos" no painel do gateway, ou configure keep.groups = false aqui se for intencional
health-hint-add-secret = armazene aqui o mesmo segredo: `midiateca instance add { $id } --client { $client } --secret-env VAR`
    .page = informe o mesmo segredo aqui, em Alterar dados
health-hint-configure = `midiateca instance configure-webhooks { $id } --public-url URL`
    .page = clique em Configurar os webhooks ou cole o endereço desta instância no webhook, no painel do gateway
health-hint-switch-on = ative-o no painel do gateway, nos webhooks da instância
health-hint-correct-gateway = se as entregas são dela: `midiateca instance add { $id } --client { $client } --gateway { $gateway }`, depois `midiateca deliveries replay --instance { $id } --set-aside`
    .page = se as entregas são dela, escolha { $gateway } em Alterar dados e releia-as em Entregas
health-hint-set-clock = deixe a máquina acertar o relógio por NTP: `timedatectl set-ntp true`
health-hint-fix-or-accept-clock = acerte o relógio (`timedatectl set-ntp true`); se ele está certo, `midiateca doctor --accept-clock`
health-hint-send-message = veja acima a conexão e os webhooks da instância; envie uma mensagem ao número e acompanhe em `midiateca monitor`
    .page = veja a conexão e os webhooks da instância; envie uma mensagem para o número dela e acompanhe esta página
health-hint-compare-webhooks = as mídias delas estão aqui; compare os webhooks acima com as configurações do gateway e pergunte pelos erros a quem o opera
    .page = as mídias delas estão aqui; compare os webhooks na página da instância com as configurações do gateway e pergunte pelos erros a quem o opera
health-hint-check-dns = verifique se esta máquina resolve nomes: /etc/resolv.conf, `getent ahosts mmg.whatsapp.net`
health-hint-unblock = libere whatsapp.net no filtro de DNS (Pi-hole, AdGuard, roteador)
health-hint-fix-family = o outro tipo, entre IPv4 e IPv6, funciona, mas cada conexão pode perder tempo aqui antes: corrija a rota, ou remova este endereço da máquina
health-hint-open-firewall = verifique se o firewall deixa esta máquina se conectar a este endereço
health-hint-check-proxy = verifique se o proxy responde a esta máquina e deixa que ela se conecte à CDN e aos gateways, porta 443: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY e NO_PROXY do serviço
health-hint-set-cdn-base = corrija: `midiateca instance add ID --client N --cdn-base URL`
    .page = corrija-o na página da instância, em Alterar dados
health-hint-fix-public-proxy = verifique se o nome leva a esta máquina, e se o proxy repassa tudo para http.listen
