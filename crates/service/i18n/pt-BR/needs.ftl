### What needs a person, in `check`, `status` and `demo`.

needs-server-stopped = nenhum servidor está em execução em { $data }: os webhooks não são respondidos e nada é baixado; inicie com `systemctl start midiateca` ou `midiateca serve`
needs-server-not-answering = o servidor em { $address } está em execução e não responde: os webhooks não são respondidos; reinicie com `systemctl restart midiateca` e guarde o log dele
needs-server-not-ready = o servidor em { $address } não consegue gravar agora (/readyz responde 503), e os webhooks podem receber 503; `midiateca doctor --problems` e o log dele dizem por quê
needs-displaced = { $what }; { $hint }
needs-storage-missing = o armazenamento { $path } não existe: o disco está montado? Não inicie um servidor sem ele
needs-bucket-unusable = nada pode ser armazenado em { $bucket }: { $why }; { $hint }
needs-database-not-writable = não é possível gravar no banco de dados ({ $path }: { $why }), e os webhooks recebem 503; { $hint }
needs-storage-not-writable = não é possível gravar no armazenamento ({ $path }: { $why }), e nada é armazenado; { $hint }
needs-disk-nearly-full = o disco está quase cheio ({ $free } livres): os downloads estão pausados até haver { $resume } livres; veja [retention] em `midiateca config init`
needs-clock-jumped = o relógio da máquina está { $by } fora do horário esperado: nada é removido e nada expira; corrija-o, ou use `midiateca doctor --accept-clock`
needs-token-missing = { $instance }: sem token do gateway; `midiateca instance add ID --client N --token-env VAR`
    .page = { $instance }: nenhum token do gateway está armazenado; informe-o na página da instância
needs-tokens-unreadable = não é possível descriptografar os tokens do gateway: { $why }; restaure a chave certa; `midiateca doctor` mostra como
needs-gateway-problem = { $instance }: { $reason }
needs-instance-disconnected = { $instance }: desconectada; leia o QR code de novo no painel do gateway
needs-media-wait-for-storage = { $count ->
    [one] { $count } mídia espera
   *[other] { $count } mídias esperam
} pelo armazenamento: { $reason }
needs-media-wait-long = há mídia esperando desde { $since }, há mais de um dia; o `midiateca serve` está em execução?
needs-deliveries-set-aside = { $count ->
    [one] { $count } entrega do último dia não pôde ser lida e foi separada
   *[other] { $count } entregas do último dia não puderam ser lidas e foram separadas
}; `midiateca deliveries list --set-aside`, depois `midiateca deliveries replay --set-aside` ou `midiateca deliveries dismiss`
    .page = { $count ->
        [one] { $count } entrega do último dia não pôde ser lida e foi separada
       *[other] { $count } entregas do último dia não puderam ser lidas e foram separadas
    }; Entregas as mostra e as lê de novo
needs-media-not-stored = { $count ->
    [one] { $count } mídia falhou ou expirou
   *[other] { $count } mídias falharam ou expiraram
}; veja os motivos, corrija e use `midiateca retry --failed --expired`, ou `midiateca media dismiss --failed --expired` para aceitar a perda
    .page = { $count ->
        [one] { $count } mídia falhou ou expirou
       *[other] { $count } mídias falharam ou expiraram
    }; Falhas mostra os motivos, e permite reprocessar ou dispensar
needs-files-lost = { $count ->
    [one] { $count } mídia estava armazenada, perdeu o arquivo e espera um novo download
   *[other] { $count } mídias estavam armazenadas, perderam o arquivo e esperam um novo download
}: `midiateca media list --status pending` mostra quais
needs-files-missing = { $count ->
    [one] falta no disco { $count } arquivo armazenado
   *[other] faltam no disco { $count } arquivos armazenados
}; `midiateca scrub` mostra quais
needs-files-of-wrong-size = { $count ->
    [one] { $count } arquivo armazenado tem
   *[other] { $count } arquivos armazenados têm
} tamanho diferente do registrado; `midiateca scrub` mostra quais
needs-files-infected = { $count ->
    [one] { $count } arquivo armazenado está infectado, segundo o antivírus, e não é servido
   *[other] { $count } arquivos armazenados estão infectados, segundo o antivírus, e não são servidos
}; GET /api/v1/events os lista como media.infected
needs-files-not-scanned = o antivírus continua falhando com { $count ->
    [one] { $count } arquivo armazenado, que fica só para administradores
   *[other] { $count } arquivos armazenados, que ficam só para administradores
} até ele funcionar, a não ser com derived.serve_unscanned; `midiateca doctor` procura o programa, e o log diz como ele terminou
needs-deliveries-refused = { $refused }
needs-deliveries-never-made = { $instance }: { $count ->
    [one] { $count } entrega do último dia que o gateway não enviou; a mídia dela foi recebida
   *[other] { $count } entregas do último dia que o gateway não enviou; as mídias delas foram recebidas
} pela lista dele; `midiateca doctor` confere os webhooks, `midiateca deliveries dismiss` marca o aviso como visto

needs-one = precisa de atenção: { $need }
needs-none = veredito: nada precisa de atenção
