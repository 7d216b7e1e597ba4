### What `forget` says.

forget-unknown-client = não existe cliente { $client }; veja `midiateca client list`
forget-shared-ids = não será apagado, porque aparece em mídias de várias pessoas: { $ids }
forget-basis-given = informado
forget-basis-paired = nas mesmas mensagens que outro id desta pessoa
forget-basis-unfinished = encontrado por um apagamento incompleto desta pessoa
forget-confirm = apagar tudo destes ids do cliente { $client }? Digite sim para continuar:
forget-give-yes = nada foi apagado: confira estes ids e acrescente --yes, ou rode o comando em um terminal para confirmar
forget-nothing = não há nada de { $ids } guardado para o cliente { $client }, então nada foi apagado; confira o número, ou use um id como `midiateca media list --json` mostra
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
        [one] { $count } entrega bruta cita a pessoa mas não pode ser lida, e pode
       *[other] { $count } entregas brutas citam a pessoa mas não podem ser lidas, e podem
    } ser a única cópia do que outra pessoa enviou: veja `midiateca deliveries list --set-aside`
forget-with-unreadable = isto ainda não é a prova: para apagar essas também, rode o mesmo comando com --unreadable
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
forget-left-linked = ainda existe: { $path } ({ $sha256 }): é um link ou está atrás de um, e aquilo a que ele leva pode pertencer a outra coisa; remova à mão, ou coloque a própria pasta ou uma montagem dela no lugar do link, e rode o mesmo comando de novo
forget-left-shared = os mesmos bytes continuam em { $path } ({ $sha256 }): são de outra mídia, que não foi apagada
forget-left-orphaned = os mesmos bytes continuam em { $path } ({ $sha256 }): nenhum registro cita esse arquivo, mas ele está onde estaria o de outra mensagem; apague-o se for da pessoa
forget-left-failed = ainda existe: { $path } ({ $sha256 }): não foi possível removê-lo; o log diz por quê
forget-not-complete = isto ainda não é a prova: rode o mesmo comando de novo
forget-left-in-database = isto ainda não é a prova: os arquivos do banco de dados ainda contêm o que foi apagado, porque não foi possível regravá-los ou alguém não para de lê-los; rode o mesmo comando de novo
forget-no-space = isto ainda não é a prova: os arquivos do banco de dados ainda contêm o que foi apagado, porque é preciso ter { $needed } livres para regravá-los; libere espaço e rode o mesmo comando de novo
forget-import-cut-short = uma importação foi interrompida, e pode haver aqui arquivos da pessoa que nenhum registro cita ainda: rode a mesma importação até o fim e depois este comando de novo
forget-resumed = um apagamento anterior desta pessoa foi retomado: os números incluem o que ele já tinha apagado, mas os arquivos que ele listou não são listados de novo, então guarde também o que ele mostrou
forget-elsewhere = guarde isto como prova; exportações e backups feitos antes ainda contêm o que continham
