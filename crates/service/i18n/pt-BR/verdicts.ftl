### Why a delivery was ignored, set aside or refused, by the code of the reason.

verdicts-presence-update = atualização de presença, sem mídia
verdicts-call = chamada, sem mídia
verdicts-status-update = atualização de status de uma mensagem, sem mídia
verdicts-no-media = a mensagem não tem mídia
verdicts-no-message = a entrega não contém mensagem
verdicts-erased = a mensagem foi apagada a pedido
verdicts-unknown-message = exclusão de uma mensagem sem mídia, ou que não está aqui
verdicts-invalid-json = JSON inválido
verdicts-too-many-values = JSON com valores demais
verdicts-not-an-object = o JSON não é um objeto
verdicts-unreadable-envelope = um envelope cujo conteúdo não pode ser lido
verdicts-message-too-large = a mensagem passa do limite de tamanho ou de níveis
verdicts-anonymous-media = mídia sem id de mensagem e sem instância
verdicts-unread-media = mídia em um lugar em que esta versão não lê nenhuma
verdicts-undecodable-body = o corpo não corresponde ao Content-Encoding
verdicts-unknown-encoding = Content-Encoding desconhecido
verdicts-other-instance = indica outra instância
verdicts-unsigned = não está assinada
verdicts-wrong-signature = não está assinada com o segredo da instância
verdicts-expired-signature = a assinatura expirou
verdicts-other-gateway = tem a forma de outro gateway
verdicts-hub = veio do Chatwoot, que tem cópias dos arquivos dos gateways
verdicts-other = registrado por uma versão anterior
