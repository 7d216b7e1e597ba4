### What `deliveries` says.

deliveries-name-deliveries = informe entregas, ou use --set-aside, --since ou --instance
deliveries-dismissed = dispensadas: { $count }
deliveries-would-be-dismissed = seriam dispensadas: { $count }
deliveries-unknown = desconhecida
deliveries-instance-removed = deixada como está: a instância foi removida
deliveries-body-gone = deixada como está: o conteúdo não é mais guardado
deliveries-unreadable = ainda ilegível: { $reason }
deliveries-would-be-read = seria lida
deliveries-no-media = não traz mídia
deliveries-erased = deixada como está: a mensagem foi apagada a pedido
deliveries-bytes-missing = os bytes já não estão na entrega, e o arquivo armazenado está ausente
deliveries-bytes-corrupt = os bytes já não estão na entrega, e o arquivo armazenado está corrompido
deliveries-bytes-removed = os bytes já não estão na entrega, e uma regra de retenção excluiu o arquivo armazenado
deliveries-bytes-erased = os bytes já não estão na entrega, e o arquivo armazenado foi apagado a pedido
deliveries-read = lida
