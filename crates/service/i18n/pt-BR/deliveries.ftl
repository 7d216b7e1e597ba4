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
