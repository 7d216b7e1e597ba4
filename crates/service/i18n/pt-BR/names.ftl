### Names of kinds, statuses, events and fields, by their codes.

## Kinds

names-image = imagem
names-video = vídeo
names-audio = áudio
names-document = documento
names-sticker = figurinha

## Statuses of a media

names-pending = pendente
names-downloading = baixando
names-stored = armazenada
names-failed = com falha
names-expired = expirada
names-skipped = ignorada
names-dismissed = dispensada

## States of an instance

names-connected = conectada
names-disconnected = desconectada
names-unknown = desconhecida

## A setting without a value

names-default = padrão

## Verdicts on a delivery

names-accepted = aceita
names-ignored = ignorada
names-set-aside = separada
names-refused = recusada

## Verification

names-full = hash confere
names-mac = MAC confere
names-unproven = sem comprovação
names-key-and-hash = chave e hash
names-hash-only = só hash
names-key-only = só chave
names-compared-with-nothing = sem comparação

## Events

names-media-stored = mídia armazenada
names-media-failed = mídia com falha
names-media-expired = mídia expirada
names-media-postponed = mídia adiada
names-media-lost = arquivo ausente
names-media-removed = mídia excluída
names-media-dismissed = mídia dispensada
names-media-infected = infectada
names-media-deleted-for-everyone = mensagem apagada para todos
names-contact-erased = contato apagado
names-instance-connected = instância conectada
names-endpoint-disabled = endpoint desativado
names-endpoint-test = teste do endpoint
names-instance-disconnected = instância desconectada

## Fields and facts

names-id = id
names-client = cliente
names-instance = instância
names-gateway = gateway
names-message-id = mensagem
names-slot = posição
names-kind = tipo
names-mime-declared = tipo declarado
names-mime = tipo MIME
names-file-name = nome do arquivo
names-caption = legenda
names-chat-id = conversa
names-sender-id = remetente
names-sender-name = remetente (nome)
names-from-me = própria conta
names-is-group = em grupo
names-sent-at = enviada em
names-received-at = recebida em
names-status = status
names-reason = motivo
names-recoverable = recuperável
names-attempts = tentativas
names-next-attempt-at = nova tentativa
names-expires-at = expira em
names-stored-at = armazenada em
names-deleted-at = apagada p/ todos
names-route = rota
names-scan = antivírus
names-size = tamanho (bytes)
names-sha256 = SHA-256
names-proof = comparação
names-verified = verificação
names-path = caminho
names-width = largura
names-height = altura
names-seconds = duração (s)
names-voice-note = áudio gravado
names-bytes = bytes
names-delivery = entrega
names-media = mídias
names-duplicate = repetida
names-names-instance = instância citada
names-n = tentativa
names-duration-ms = duração (ms)
names-obtained = obtido
names-host = servidor
names-http-status = status HTTP
names-count = total
names-how = verificação
names-true = sim
names-false = não
names-line = linha
names-column = coluna
