### What `forget` says.

forget-shared-ids = não apagados, porque aparecem em mídias de várias pessoas: { $ids }
forget-confirm = apagar tudo destes ids do cliente { $client }? Digite sim para continuar:
forget-give-yes = nada foi apagado, porque estes ids não foram confirmados: { $ids }
    .hint = confira-os e acrescente --yes, ou execute o comando em um terminal para confirmar
forget-nothing = não há nada de { $ids } armazenado para o cliente { $client }, então nada foi apagado; confira o número, ou use um id como `midiateca media list --json` mostra
forget-erased =
    { $at }: apagado para o cliente { $client }: { $ids }: { $media ->
        [one] { $media } mídia
       *[other] { $media } mídias
    }, { $files ->
        [one] { $files } arquivo
       *[other] { $files } arquivos
    } ({ $bytes } bytes), { $deliveries ->
        [one] { $deliveries } entrega bruta
       *[other] { $deliveries } entregas brutas
    }; citado em { $mentions ->
        [one] { $mentions } mídia
       *[other] { $mentions } mídias
    } de outras pessoas, onde o número foi mascarado
forget-would-be-erased =
    { $at }: seria apagado para o cliente { $client }: { $ids }: { $media ->
        [one] { $media } mídia
       *[other] { $media } mídias
    }, { $files ->
        [one] { $files } arquivo
       *[other] { $files } arquivos
    } ({ $bytes } bytes), { $deliveries ->
        [one] { $deliveries } entrega bruta
       *[other] { $deliveries } entregas brutas
    }; citado em { $mentions ->
        [one] { $mentions } mídia
       *[other] { $mentions } mídias
    } de outras pessoas, onde o número seria mascarado
forget-left =
    { $count ->
        [one] { $count } entrega bruta cita a pessoa e contém
       *[other] { $count } entregas brutas citam a pessoa e contêm
    } bytes de outra pessoa que ainda não foram armazenados
forget-unreadable-left =
    { $count ->
        [one] { $count } entrega bruta cita a pessoa mas não pode ser lida, e pode conter
       *[other] { $count } entregas brutas citam a pessoa mas não podem ser lidas, e podem conter
    } a única cópia de mídias de outra pessoa: veja `midiateca deliveries list --set-aside`
forget-with-unreadable = o apagamento não está completo, e isto ainda não é a prova: para apagar essas também, execute o mesmo comando com --unreadable
forget-files-left =
    os arquivos de { $count ->
        [one] { $count } mídia
       *[other] { $count } mídias
    } não puderam ser excluídos; o log diz por quê
forget-downloads-left =
    { $count ->
        [one] { $count } download ainda não terminou
       *[other] { $count } downloads ainda não terminaram
    }
forget-not-complete = o apagamento não está completo, e isto ainda não é a prova: execute o mesmo comando de novo
forget-left-in-database = o apagamento não está completo, e isto ainda não é a prova: os arquivos do banco de dados ainda contêm dados apagados, porque não foi possível regravá-los, ou outro programa os está lendo; execute o mesmo comando de novo
forget-no-space = o apagamento não está completo, e isto ainda não é a prova: os arquivos do banco de dados ainda contêm dados apagados, porque é preciso ter { $needed } livres para regravá-los; libere espaço e execute o mesmo comando de novo
forget-import-cut-short = uma importação foi interrompida, e pode haver arquivos desta pessoa sem registro: execute a mesma importação até o fim e depois este comando de novo
forget-resumed = um apagamento incompleto desta pessoa foi retomado: os números incluem o que ele já tinha apagado, mas os arquivos que ele listou não são listados de novo, então guarde também o que ele mostrou
forget-elsewhere = guarde isto como prova; ele não alcança exportações e backups anteriores: exclua-os, ou faça-os de novo
forget-on-hold =
    { $count ->
        [one] { $count } mídia ou entrega bruta de outros cita a pessoa e fica como está
       *[other] { $count } mídias e entregas brutas de outros citam a pessoa e ficam como estão
    } por causa de uma retenção legal: veja `midiateca hold list`
forget-until-release = o apagamento não está completo, e isto ainda não é a prova: execute o mesmo comando de novo quando a retenção legal for encerrada
