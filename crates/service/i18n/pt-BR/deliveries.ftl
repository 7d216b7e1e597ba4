### What `deliveries` says.

deliveries-name-deliveries = nenhuma entrega foi informada
    .hint = informe ids, ou use --set-aside, --since ou --instance
deliveries-dismissed =
    { $count ->
        [one] { $count } entrega dispensada
       *[other] { $count } entregas dispensadas
    }
deliveries-would-be-dismissed =
    { $count ->
        [one] { $count } entrega seria dispensada
       *[other] { $count } entregas seriam dispensadas
    }
deliveries-not-found = não encontrada
deliveries-instance-removed = ignorada: a instância foi removida, ou agora é de outro cliente
deliveries-body-deleted = ignorada: a retenção excluiu o conteúdo
deliveries-unreadable = ainda não processada: { $reason }
deliveries-would-be-read = seria processada
deliveries-no-media = não contém mídia
deliveries-erased = ignorada: a mensagem foi apagada a pedido
deliveries-bytes-missing = os bytes já não estão na entrega, e o arquivo armazenado está ausente
deliveries-bytes-corrupt = os bytes já não estão na entrega, e o arquivo armazenado está corrompido
deliveries-bytes-removed = os bytes já não estão na entrega, e uma regra de retenção excluiu o arquivo armazenado
deliveries-bytes-erased = os bytes já não estão na entrega, e o arquivo armazenado foi apagado a pedido
deliveries-read = processada
deliveries-id = entrega
deliveries-instance = instância
deliveries-received = recebida
deliveries-verdict = resultado
deliveries-arrival = chegada
deliveries-listed = encontrada na lista do gateway; o webhook nunca chegou
deliveries-listed-old = encontrada na lista do gateway; antiga demais para os links
deliveries-reason = motivo
deliveries-left-out = omitidas
deliveries-size = bytes
deliveries-not-shown = o corpo não está mais armazenado, ou não é JSON nem formulário, e não é possível ocultar as chaves nele
