### What `import` says.

import-client-new = cliente { $client } { $name }: novo
import-client-known = cliente { $client } { $name }: já existe aqui
import-instance-new = instância { $instance } do cliente { $client }: nova
import-instance-known = instância { $instance } do cliente { $client }: já existe aqui
import-webhook = endereço do webhook de { $instance }, mostrado uma única vez: { $address }
import-stored = armazenada
import-stored-orphan = armazenada; não tinha registro na origem
import-stored-too = armazenada, mas { $named_by } aponta para o mesmo arquivo, e nenhum hash mostra de qual é
import-queued = na fila
import-queued-instead = na fila, porque { $wrong_file } não corresponde à mensagem
import-expired = expirada, e o sistema original também não a tinha
import-known = já existe aqui
import-gone = apagada ou excluída aqui, e não importada de novo
import-skipped = ignorada: { $reason }
import-keys-missing = sem recuperação: o registro não tem chave nem caminho
import-file-missing = sem recuperação: o arquivo está ausente, e o link expirou
import-file-elsewhere = sem recuperação: o arquivo está na pasta de outro cliente ou instância, e o link expirou
import-file-wrong = sem recuperação: { $file } não corresponde à mensagem ({ $refusal }), e o link expirou; o arquivo fica onde está
import-unknown-kind = não importada: o media_type do registro não é um dos cinco tipos
import-no-message = não importada: não tem id de mensagem
import-not-json = não importada: a entrega não é JSON
import-other-instance = não importada: a entrega indica uma instância diferente da do registro
import-changed = não importado: { $file } não é o arquivo conhecido da mensagem; os dois ficam como estão
import-taken = não importada: { $by }, de outro cliente, aponta para o mesmo arquivo, e nem o caminho nem um hash mostra de quem é
import-unknown-instance = não importada: não existe a instância { $instance }
import-unknown-place = não importado: o caminho não mostra de quem é nem de qual mensagem
import-not-media = não importado: { $refusal }
import-unreadable = não importado: não é possível ler o arquivo
import-busy = não importada: o servidor alterou a mensagem dela várias vezes; importe de novo
import-not-a-file = não importado: é um link, que não é seguido, ou não é um arquivo
import-sum =
    { $stored ->
        [one] { $stored } armazenada
       *[other] { $stored } armazenadas
    } ({ $bytes }), { $orphaned } sem registro na origem; { $queued } na fila, { $expired ->
        [one] { $expired } expirada
       *[other] { $expired } expiradas
    }, { $skipped ->
        [one] { $skipped } ignorada
       *[other] { $skipped } ignoradas
    }, { $known ->
        [one] { $known } já existente
       *[other] { $known } já existentes
    } aqui, { $gone ->
        [one] { $gone } apagada ou excluída
       *[other] { $gone } apagadas ou excluídas
    } aqui, { $lost } sem recuperação, { $left_out ->
        [one] { $left_out } não importada
       *[other] { $left_out } não importadas
    }
import-sum-dry = simulação, nada foi alterado; o resultado seria: { $sum }
import-no-folder = { $path } não é uma pasta: informe o media_storage do sistema original
import-stopped = interrompido; o mesmo comando continua daqui
