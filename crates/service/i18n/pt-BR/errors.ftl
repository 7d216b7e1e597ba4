### Errors of commands, and their hints.

## The settings

errors-settings-unreadable = não é possível ler as configurações em { $path }
errors-name-settings = informe o arquivo certo com --config, ou crie um com `midiateca --config { $path } config init`
errors-settings-invalid = { $path } não é uma configuração válida
errors-setting-in-line = linha { $line }: { $problem }
errors-setting-misread = linha { $line }, coluna { $column }: `{ $text }` não é TOML válido
errors-setting-unknown = linha { $line }, coluna { $column }: `{ $text }` não foi entendido: { $key } não é uma configuração
errors-setting-invalid = linha { $line }, coluna { $column }: `{ $text }` não foi entendido como valor de { $key }
errors-fix-settings = corrija o arquivo; `midiateca --config NOVO.toml config init` cria um que explica cada configuração
errors-see-settings = configure no arquivo ou no ambiente; `midiateca --config NOVO.toml config init` cria um arquivo que explica cada configuração
errors-setting-renamed = { $old } agora se chama { $new }
errors-write-instead = escreva `{ $line }` ({ $new })
errors-unknown-variable = a variável de ambiente { $name } não corresponde a nenhuma configuração
errors-variable-invalid = a variável de ambiente { $name } não foi entendida: `{ $text }` não é um valor desta configuração
errors-time-zone-invalid = http.time_zone é { $name }, que não é um fuso horário da base IANA, como America/Sao_Paulo
errors-setting-too-small = { $key } deve ser no mínimo { $least }
errors-backup-of-server = o banco de dados está em { $place }, e `midiateca backup` copia apenas bancos em arquivo
errors-backup-with-pg-dump = copie-o com `pg_dump --format=custom` e, depois disso, o armazenamento e `secret.key`: os arquivos que o banco copiado menciona estão em um armazenamento copiado mais tarde
errors-database-url-malformed = database.url deve ser como sqlite:///caminho ou postgres://usuario@servidor/banco
errors-database-tls-mode = em database.url, sslmode é disable ou verify-full
errors-database-roots = o arquivo de sslrootcert em database.url não tem um certificado utilizável em PEM
errors-listen-invalid = { $text } não é um endereço com porta; escreva como 0.0.0.0:8000
errors-public-url-invalid = http.public_url é { $text }, e deve ser um endereço web simples como https://midia.example.com
errors-routes-invalid = fetch.routes deve citar pelo menos uma rota, e cada rota só uma vez
errors-program-without-path = { $key } precisa ter um argumento com {"{path}"}, que representa o arquivo
errors-not-a-host = { $key }: "{ $text }" não é um servidor como files.example.com ou files.example.com:8443
errors-storage-url-invalid = storage.url deve ter a forma file:///caminho ou s3://bucket/prefixo
errors-storage-endpoint-invalid = storage.endpoint deve ter a forma https://host:porta, sem caminho, nome ou senha
errors-watermarks-invalid = storage.resume_above não pode ser menor que storage.pause_below
errors-rule-without-limit = cada regra em retention.rules deve definir older_than, larger_than ou total_over
errors-url-invalid = { $key } deve ter a forma { $scheme }:///caminho; esta versão não aceita outra

## The data folder

errors-data-missing = não há uma instalação em { $path }
    .hint = informe a pasta certa com --data, ou comece com `midiateca client add NOME`
errors-data-folder-unusable = não é possível usar a pasta de dados { $path }
errors-other-folder = execute o midiateca com o usuário dono da pasta, ou informe outra pasta com --data
errors-lock-unusable = não é possível travar { $path }
errors-own-lock = torne o usuário que executa o midiateca dono desse arquivo, ou remova-o enquanto nenhum midiateca estiver em execução aqui
errors-server-running = outro midiateca já está em execução em { $path }
errors-end-the-other = encerre-o antes, ou informe outra pasta com --data
errors-import-running = outra importação para { $path } está em andamento; esta não alterou nada
errors-files-busy = uma importação, um apagamento ou `scrub --repair` está usando os arquivos de { $path }
errors-wait-and-again = espere terminar e execute o mesmo comando de novo

## The clock

errors-clock-not-trusted = o relógio da máquina saltou ou não condiz com a última execução, por isso nada é excluído
errors-accept-clock = acerte o relógio (`timedatectl set-ntp true`); se ele está certo, `midiateca doctor --accept-clock` ou `midiateca sweep --accept-clock`

## A database or storage that was lost

errors-database-missing = o banco de dados em { $path } não existe ou está vazio, embora já tenha existido: { $trace } ainda está lá
errors-find-database = monte o disco dele, mova-o de volta ou restaure-o de um backup. Somente se ele se perdeu de vez, `midiateca serve --new-database` cria um novo, sem nenhum cliente, instância ou arquivo armazenado
errors-storage-missing = o armazenamento { $path } não existe, embora haja arquivos armazenados nele: está montado?
errors-storage-unmarked = o armazenamento { $path } não é o deste banco de dados: não contém .midiateca-id nem os arquivos armazenados: está montado?
errors-storage-of-other-database = o armazenamento { $path } pertence a outro banco de dados: o .midiateca-id dele é diferente
errors-storage-unknown = o armazenamento { $path } contém arquivos, mas este banco de dados não armazenou nenhum: pertencem a outro banco de dados
errors-storage-mount = monte o disco dele, ou corrija storage.url; um midiateca em execução então continua. Se os arquivos foram movidos à mão, mova também o .midiateca-id. Somente se este é o lugar certo, `midiateca serve --adopt-storage` faz dele o armazenamento deste banco de dados
    .api = monte o disco dele no servidor, ou corrija storage.url; o midiateca em execução então continua
errors-storage-right = monte o disco certo, ou corrija storage.url e database.url. Somente se o banco de dados e os arquivos pertencem um ao outro, `midiateca serve --adopt-storage` faz dele o armazenamento deste banco de dados
    .api = monte o disco correto no servidor, ou corrija storage.url e database.url

## The database

errors-database-unavailable = o banco de dados está indisponível para gravação
errors-database-read-only = o banco de dados é somente leitura (código { $code } do SQLite)
errors-database-io = o disco ou o compartilhamento de rede relatou um erro (código { $code } do SQLite)
errors-database-corrupt = o arquivo está danificado (código { $code } do SQLite)
errors-database-disk-full = o disco está cheio (código { $code } do SQLite)
errors-database-cannot-open = não é possível abrir ou criar um dos arquivos dele (código { $code } do SQLite)
errors-query-too-slow = a consulta demora demais
errors-narrow-query = restrinja-a: informe um cliente, uma conversa ou um período, ou use palavras mais longas
errors-database-busy = outro programa bloqueou o banco de dados
errors-database-wait = execute o mesmo comando de novo quando o outro programa, talvez outro midiateca, terminar
errors-database-make-room = verifique se há espaço no disco e se este usuário pode gravar o arquivo; `midiateca doctor` verifica em detalhe
errors-database-server-refuses = o servidor do banco de dados não responde ou não aceita gravações
errors-database-check-server = verifique se o PostgreSQL está em execução no endereço de `database.url`, se não é uma réplica e se aceita este usuário; o que está esperando é tentado de novo automaticamente
errors-database-conflict = outras transações do banco de dados impediram esta
errors-database-repeat = repita; se isso acontece com frequência, procure outro programa que grava nas mesmas tabelas
errors-database-displaced = o banco de dados { $path } não existe mais, embora um processo em execução o mantenha aberto
errors-database-replaced = há outro banco de dados em { $path } no lugar do que está aberto
errors-database-older = há uma cópia mais antiga em { $path } no lugar do banco de dados aberto
errors-database-damaged = o banco de dados { $path } foi truncado ou sobrescrito enquanto estava aberto
errors-database-log-replaced = o write-ahead log de { $path } foi substituído ou truncado enquanto o banco de dados estava aberto
errors-database-unconfirmed = não é possível determinar se o banco de dados em { $path } ainda é o que está aberto
errors-database-bring-back = mova o banco de dados, com os arquivos -wal e -shm, de volta para { $path }; o midiateca então continua. Se foi excluído, restaure-o de um backup e reinicie o midiateca
errors-database-bring-back-or-restart = mova o banco de dados mais novo de volta para { $path }; o midiateca então continua. Para usar a cópia antiga, reinicie o midiateca: o que foi armazenado depois da cópia não está nela
errors-database-restore = pare o midiateca, restaure o banco de dados de um backup e inicie-o de novo
errors-database-restart = reinicie o midiateca e depois execute `midiateca doctor`
errors-database-too-new = o banco de dados foi gravado por uma versão mais nova (migração { $version })
errors-database-use-newer = use aquela versão, ou restaure um backup anterior à atualização
errors-database-foreign = o arquivo do banco de dados é de outro programa; nada nele foi alterado
errors-database-name-right = corrija database.url ou --data, ou restaure o arquivo certo de um backup
errors-database-unsafe = o SQLite { $found } é antigo demais para um write-ahead log seguro
errors-database-use-released = use uma versão publicada do midiateca, que inclui o próprio SQLite
errors-database-malformed = a coluna { $column } do banco de dados contém um valor inesperado
errors-database-no-copy = não é possível ler o banco de dados onde ele está, nem copiá-lo para { $folder }
errors-database-set-tmpdir = configure TMPDIR com uma pasta que tenha espaço para uma cópia do banco de dados
errors-database-panicked = a operação no banco de dados falhou; nada dela foi gravado
errors-not-a-database = o arquivo não é um banco de dados SQLite
errors-look-at-resolver = verifique se o nome está certo e se esta máquina resolve nomes: /etc/resolv.conf
errors-database-statement-failed = o banco de dados rejeitou um comando
errors-database-look = `midiateca doctor` verifica o banco de dados inteiro e diz o que fazer

## The key

errors-key-file-unusable = não é possível usar o arquivo de chave { $path }
errors-key-owner = verifique se o arquivo pertence ao usuário que executa o midiateca, e se este usuário pode lê-lo
errors-key-missing = o arquivo de chave { $path } não existe, e os tokens do gateway estão criptografados com ele
errors-key-back-or-new = restaure o arquivo a partir da cópia; somente se ele se perdeu de vez, `midiateca instance add ID --client N --token-env VAR --new-key` cria uma chave nova, e é preciso informar de novo o token de cada instância
    .api = restaure o arquivo a partir da cópia, no servidor
errors-key-invalid = { $path } não é um arquivo de chave: deve conter 32 bytes em base64url
errors-key-restore = restaure o arquivo certo de um backup
errors-token-undecryptable = não é possível descriptografar um token: o arquivo secret.key foi trocado?
errors-key-or-token = restaure o secret.key certo, ou informe o token de novo: `midiateca instance add ID --client N --token-env VAR`
    .page = restaure o secret.key certo ou informe o token de novo na página da instância, em Alterar dados
    .api = restaure o secret.key correto no servidor, ou envie o token de novo com PATCH /api/v1/instances/ID

## The files

errors-disk-full = o disco está cheio
errors-free-room = libere espaço, ou exclua arquivos antigos: [retention] em `midiateca config init`, depois `midiateca sweep --dry-run`
    .api = libere espaço no disco do servidor
errors-write-failed = não é possível gravar o arquivo
errors-look-at-storage = `midiateca doctor` testa o armazenamento e diz o que fazer
    .api = GET /api/v1/health testa o armazenamento e diz o que fazer
errors-bucket-credentials-missing = storage.url indica um bucket, e não há credenciais para ele
    .hint = defina AWS_ACCESS_KEY_ID e AWS_SECRET_ACCESS_KEY no ambiente do servidor, ou indique um arquivo com as duas em storage.credentials_file
errors-bucket-credentials-unreadable = não é possível ler as credenciais em { $path }
    .hint = storage.credentials_file deve ter as linhas AWS_ACCESS_KEY_ID=… e AWS_SECRET_ACCESS_KEY=…, e o usuário que executa o midiateca deve poder lê-lo
errors-bucket-roots-unusable = { $path } não contém um certificado utilizável
    .hint = storage.ca_file deve conter um ou mais certificados em PEM
errors-bucket-settings-unusable = não é possível usar o bucket com esta configuração
    .hint = verifique [storage] em `midiateca config show`
errors-object-storage-denied = o armazenamento de objetos recusa o acesso: credenciais erradas ou sem permissão para isso
    .hint = verifique AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY e AWS_SESSION_TOKEN, e se elas permitem s3:GetObject, s3:PutObject, s3:DeleteObject e s3:ListBucket
errors-object-storage-no-bucket = o bucket não existe
    .hint = crie o bucket ou corrija storage.url
errors-object-storage-unreachable = sem conexão com o armazenamento de objetos
    .hint = verifique a rede, storage.endpoint e storage.ca_file
errors-object-storage-timed-out = o armazenamento de objetos não responde a tempo
    .hint = verifique a rede e a carga do armazenamento de objetos
errors-object-storage-busy = o armazenamento de objetos está sobrecarregado ou fora de serviço no momento
    .hint = haverá nova tentativa mais tarde; se persistir, verifique o próprio armazenamento de objetos
errors-object-storage-wrong-region = o bucket está em outra região ou em outro endereço
    .hint = corrija storage.region e storage.endpoint
errors-object-storage-clock-skew = o armazenamento de objetos recusa a requisição porque os relógios diferem demais
    .hint = acerte o relógio desta máquina (`timedatectl set-ntp true`)
errors-object-storage-incomplete = o armazenamento de objetos não recebeu ou não enviou todos os bytes
    .hint = haverá nova tentativa mais tarde; se persistir, verifique a rede e o próprio armazenamento de objetos
errors-object-storage-unsupported = o armazenamento de objetos não conhece uma requisição necessária
    .hint = defina storage.checksum = false se ele não conhece checksums; `midiateca doctor` testa cada requisição
errors-object-storage-failed = o armazenamento de objetos falhou
    .hint = consulte o log dele; `midiateca doctor` testa cada requisição
errors-path-behind-link = { $path } é um link, ou está atrás de um, e não foi alterado: o destino dele pode pertencer a outra coisa
errors-look-behind-link = substitua o link pela própria pasta ou por uma montagem dela e execute o mesmo comando de novo
    .api = substitua o link no servidor pela própria pasta ou por uma montagem dela
errors-remove-failed = não foi possível remover um arquivo
errors-unknown-contact = { $contact } é desconhecido: informe o telefone com código do país, ou um id como em `midiateca media list --json`
    .api = person { $contact } é desconhecido: informe um número de telefone com o código do país, ou um id como GET /api/v1/media o mostra
errors-several-people =
    { $id } aparece junto com { $count ->
        [one] outro id
       *[other] outros { $count } ids
    }, portanto é de várias pessoas; informe o número da pessoa
    .api = { $id } é de várias pessoas: aparece junto com outros ids ({ $count }); informe o número da pessoa
errors-several-countries = { $contact } pode ser qualquer um destes: { $known }, que são pessoas diferentes; informe o certo com + e o código do país
    .api = person { $contact } pode ser qualquer um destes, que são pessoas diferentes: { $known }; informe o correto com + e o código do país
errors-run-again = corrija a causa e execute o mesmo comando de novo; ele continua de onde parou
errors-read-failed = não é possível ler { $path }
errors-path-unusable = não é possível usar { $path }
errors-copy-database = pare o programa que o grava, ou faça uma cópia com `sqlite3 { $path } '.backup copy.sqlite3'` e informe a cópia

## The HTTP server

errors-listen-failed = não é possível escutar em { $address }
errors-other-address = encerre o programa que escuta nesse endereço, ou escolha outro endereço e porta, como --listen 0.0.0.0:8080

## The network

errors-address-refused = o endereço foi recusado
errors-name-unresolved = não é possível resolver o nome
errors-no-answer = sem resposta
errors-timed-out = tempo esgotado
errors-http-status = status { $status }
errors-cut-short = a conexão terminou antes do fim
errors-ended-early = a resposta terminou antes do fim do arquivo
errors-answer-too-large =
    maior que { $limit ->
        [one] { $limit } byte
       *[other] { $limit } bytes
    }
errors-unknown-coding = o servidor enviou a codificação de conteúdo { $coding }
errors-undecodable = não foi possível decodificar a resposta
errors-proxy-authorization = o proxy pede usuário e senha
errors-proxy-unusable = { $variable } não indica um proxy utilizável
errors-set-proxy = defina HTTPS_PROXY e HTTP_PROXY como http://USUÁRIO:SENHA@HOST:PORTA (https://, socks5:// e socks5h:// também são aceitos), e liste em NO_PROXY o que é acessado sem proxy
errors-look-at-network = `midiateca doctor` testa cada conexão e diz o que fazer
    .api = GET /api/v1/health?online=true testa todas as conexões e diz o que fazer
errors-link-not-a-url = o link não é uma URL
errors-link-scheme = o esquema ou a parte de usuário do link não é permitida
errors-host-not-allowed = o host { $host } não é permitido
errors-allow-host = se for seu, inclua-o em fetch.allowed_hosts
errors-address-not-public = o endereço { $address } não é público
errors-no-public-address = o nome não tem endereço público
errors-too-many-redirects = redirecionamentos demais

## Errors of the operating system

errors-system = { $what } (erro { $code } do sistema)
errors-path-not-found = não existe arquivo ou pasta com este nome
errors-permission-denied = permissão negada
errors-already-exists = já existe
errors-not-a-directory = não é uma pasta
errors-is-a-directory = é uma pasta
errors-directory-not-empty = a pasta não está vazia
errors-read-only = o sistema de arquivos é somente leitura
errors-no-space = não há espaço no dispositivo
errors-quota = a cota foi esgotada
errors-file-too-large = o arquivo é grande demais
errors-busy = em uso
errors-not-utf8 = não é texto em UTF-8
errors-interrupted = interrompido
errors-unexpected-end = terminou antes do fim
errors-address-in-use = o endereço já está em uso
errors-address-not-available = o endereço não é desta máquina
errors-connection-refused = conexão recusada
errors-connection-reset = conexão encerrada pelo outro lado
errors-not-connected = não conectado
errors-broken-pipe = o outro lado parou de ler
errors-system-timeout = tempo esgotado
errors-host-unreachable = o host está inacessível
errors-network-unreachable = a rede está inacessível
errors-network-down = a rede está fora do ar
errors-out-of-memory = memória insuficiente
errors-see-path = confira o caminho: `ls -l` mostra o que existe, e um caminho que não começa com / é relativo à pasta atual
errors-see-owner = confira o dono com `ls -l`, e execute o midiateca com esse usuário, ou dê permissão ao usuário atual

## Import, backup and arguments

errors-import-stopped = interrompido; o mesmo comando continua daqui
errors-import-conflicts = clientes ou instâncias da origem estão em conflito com os daqui, então nada foi importado: { $conflicts }
errors-import-conflicts-hint = use uma pasta de dados vazia, ou `midiateca instance remove ID`
errors-import-conflict-client = o cliente { $id } é { $ours } aqui, e { $theirs } na origem
errors-import-conflict-instance = a instância { $id } é do cliente { $ours } aqui, e do cliente { $theirs } na origem
errors-import-other-database = { $path } não é um banco de dados do sistema original: falta a tabela { $table }
errors-not-sqlite = { $path } não é um banco de dados SQLite: informe o db.sqlite3 do sistema original
errors-source-damaged = { $path } está danificado, ou foi copiado durante uma gravação: faça a cópia de novo com `sqlite3 db.sqlite3 '.backup copy.sqlite3'`, ou recupere-o com `sqlite3 db.sqlite3 .recover`
errors-import-own-storage = { $path } é o armazenamento desta própria pasta de dados: informe o media_storage do sistema original
errors-import-no-space = { $needed } a copiar, { $free } livres, dos quais { $floor } devem continuar livres (storage.pause_below): libere espaço e execute o mesmo comando de novo, que continua daqui, ou use --link se ambos estão no mesmo disco
errors-import-no-space-to-link = { $needed } a copiar, porque os arquivos estão em outro disco que não o da pasta de dados, e --link não ajuda; { $free } livres, dos quais { $floor } devem continuar livres (storage.pause_below): libere espaço e execute o mesmo comando de novo, que continua daqui
errors-backup-within-data = o backup { $target } e { $other } estão um dentro do outro: informe uma pasta em outro lugar, de preferência em outro disco
errors-backup-target-foreign = { $path } não está vazia e não é um backup do midiateca, ou já foi usada como pasta de dados: informe uma pasta nova ou vazia
errors-backup-target-not-a-directory = { $path } é um arquivo, e um backup é uma pasta: informe uma pasta nova ou vazia
errors-backup-key-missing = --with-key: a chave { $path } não existe; restaure-a a partir da cópia, ou execute sem --with-key
errors-backup-target-missing = { $path } não existe: crie a pasta ou monte o disco dela
errors-backup-other-database = { $path } contém o backup de outro banco de dados, e não foi alterado: informe outra pasta; se este é o banco de dados errado, confira --data e o que está montado ali
errors-backup-running = outro backup para { $path } está em andamento: espere terminar
errors-backup-no-space = { $path } tem { $free } livres, e são necessários { $needed }: libere espaço, ou informe outra pasta
errors-backup-run-again = execute o mesmo comando de novo; ele continua de onde parou
errors-backup-database-damaged = o banco de dados está danificado ({ $problem }), e não é possível fazer backup dele: veja `midiateca doctor`
errors-backup-wrong-key = --with-key: { $path } não é a chave dos tokens do gateway; restaure a certa antes, ou execute sem --with-key
errors-not-a-number = não é um número inteiro
errors-time-invalid = { $text } não é um horário; escreva como 2026-11-24, 2026-11-24T12:00:00Z, 90m, 24h ou 7d
errors-number-too-large = o número é grande demais
errors-number-too-small = o número é pequeno demais
errors-list-clients = `midiateca client list` mostra os clientes
    .page = Instâncias lista os clientes
errors-client-taken = já existe um cliente com este nome ou número: { $name }
    .hint-program = veja `midiateca client list`
errors-client-no-name = um cliente precisa de um nome de até 500 letras, sem caracteres de controle
    .hint-program = `midiateca client add NOME`
errors-client-number = --id { $number } está fora do intervalo
    .hint = o número de um cliente é 1 ou maior, até { $largest }
errors-client-number-removed = o cliente { $client } foi removido, e os arquivos dele continuam com esse número
    .hint-program = `midiateca client add "{ $name }" --id { $client }` o restaura; para outra empresa, use outro número e outro nome
errors-client-has-media =
    o cliente { $client } tem { $media ->
        [one] { $media } mídia
       *[other] { $media } mídias
    }
errors-remove-client-and-keep-files = para que ele pare de receber, mantendo registros e arquivos, execute `midiateca client remove { $client } --keep-files`; `midiateca media list --client { $client }` continua a mostrá-los

## Verification

errors-folder-missing = nenhum dos { $missing } arquivos armazenados em { $folder } está lá: está tudo montado? Nada foi alterado
errors-most-files-missing = { $missing } de { $stored } arquivos armazenados estão ausentes ou têm outro tamanho: o armazenamento está montado, e é o certo? Nada foi alterado
errors-allow-missing = se os arquivos se perderam mesmo, acrescente --even-if-most-are-missing
errors-many-files-orphaned = { $orphaned } de { $files } arquivos são órfãos: o banco de dados é o certo? Nada foi alterado
errors-allow-orphaned = para movê-los para a quarentena mesmo assim, acrescente --even-if-many-are-orphaned

## Exports

errors-export-only-tar = { $target } é a saída padrão, que só pode receber um arquivo tar
errors-export-no-format = omita --format
errors-export-other-archive = { $target } indica um formato de arquivo compactado que não é suportado
errors-export-tar-or-zip = informe um nome que termine em .tar ou .zip; as mídias já são comprimidas
errors-export-inside-storage = { $target } fica dentro do armazenamento
errors-export-outside = informe um destino fora da pasta de dados
errors-export-target-exists = { $target } já existe, e não foi alterado
errors-export-other-name = informe outro nome, ou mova o arquivo antes
errors-export-folder-missing = a pasta para { $target } não existe
errors-export-create-folder = crie-a antes
errors-export-not-a-folder = { $target } é um arquivo, não uma pasta
errors-export-folder-or-archive = informe uma pasta, ou um arquivo que termine em .tar ou .zip
errors-export-foreign-folder = { $target } não está vazia e não é uma exportação do midiateca, então nada foi gravado nela
errors-export-other-folder = informe outra pasta
errors-export-busy = outra exportação está gravando em { $target }
errors-export-wait = espere ela terminar, ou informe outro destino
errors-export-no-space = são necessários { $needed } e há { $free } livres em { $target }
errors-export-make-space = libere espaço, informe outro destino, ou exporte menos com --client, --since e --until
errors-export-elsewhere = nada foi gravado: informe outro destino, ou permita a criação de arquivos ali
errors-export-failed = não foi possível gravar { $target }
errors-export-target-unreadable = não foi possível ler { $target }
errors-export-move-away = mova-o para outro lugar e execute o mesmo comando de novo
errors-export-nothing-left = { $target }, incompleto, foi removido
errors-export-cut-short = o arquivo na saída padrão está incompleto: descarte-o
errors-export-continues =
    { $files ->
        [one] { $files } arquivo está
       *[other] { $files } arquivos estão
    } em { $target }, e o mesmo comando continua dali
errors-export-blocked =
    { $files ->
        [one] { $files } arquivo está
       *[other] { $files } arquivos estão
    } em { $target }, e um arquivo ou pasta que já existe ali impede o próximo

## The gateway's admin API

errors-gateway-token-missing = não há token do gateway armazenado para esta instância
errors-add-token = informe-o: `midiateca instance add ID --client N --token-env VAR`
    .page = informe-o na página da instância, em Alterar dados
    .api = envie-o como token com PATCH /api/v1/instances/ID
errors-gateway-token-undecryptable = não é possível descriptografar o token do gateway
errors-api-base-invalid = a base da API não é uma URL
errors-set-api-base = corrija-a: `midiateca instance add ID --client N --api-base URL`
    .page = corrija-o na página da instância, em Alterar dados
    .api = corrija api_base com PATCH /api/v1/instances/ID
errors-gateway-token-refused = o gateway recusa o token
errors-gateway-instance-unknown = o gateway não conhece esta instância
errors-gateway-silent = o gateway não responde
errors-gateway-status = o gateway respondeu { $status }
errors-gateway-refuses = o gateway recusa: { $said }
errors-gateway-no-call = a API deste gateway não oferece os webhooks nem o estado da instância
errors-paste-address = cole o endereço de webhook no painel do gateway; `midiateca instance rotate-hook ID` cria um novo
    .page = cole o endereço de webhook no painel do gateway; Novo endereço de webhook cria um
    .api = cole o endereço do webhook no painel do gateway; POST /api/v1/instances/ID/rotate-hook cria um novo
errors-gateway-empty = a resposta do gateway não descreve a instância
errors-gateway-no-history = { $gateway } não tem uma lista de mensagens passadas que possa ser consultada
errors-gateway-other = o gateway respondeu sobre outra instância: { $said }
errors-gateway-not-json = o gateway respondeu algo que não é JSON
errors-see-instance = `midiateca doctor --instance ID` testa o token da instância e diz o que fazer
    .page = a página da instância consulta o gateway e diz o que fazer
    .api = GET /api/v1/health?online=true testa o token da instância e diz o que fazer
errors-not-writable = não é possível gravar em { $path }

## Test deliveries

errors-delivery-not-written = não é possível gravar a entrega na pasta de dados
errors-media-deleted = a mídia foi excluída depois de confirmada

## Instances

errors-unknown-gateway = não existe o gateway { $name }
errors-supported-gateways = disponíveis: { $known }
errors-unknown-client = não existe o cliente { $client }
errors-add-client = adicione-o com `midiateca client add NOME --id { $client }`
    .page = adicione o cliente antes, em Instâncias
    .api = GET /api/v1/clients lista os clientes; POST /api/v1/clients cria um
errors-instance-id-invalid = o id da instância está vazio ou contém caracteres invisíveis
errors-instance-id-long = o id de uma instância, e o nome da sessão dela, têm no máximo { $longest } bytes
errors-instance-of-other-client = { $id } pertence ao cliente { $client }, e os arquivos dela também
errors-remove-instance-first = se ela mudou de dono, execute antes `midiateca instance remove { $id }`
    .page = se tem um novo dono, remova-a antes do cliente dela
    .api = se ela mudou de dono, faça antes DELETE /api/v1/instances/{ $id }
errors-address-invalid = { $url } não é um endereço web simples
errors-write-address = escreva como https://host
errors-route-list-invalid = { $list } não é uma lista de rotas
errors-routes-are = as rotas são inline, cdn, link, gateway
errors-secret-empty = o segredo está vazio
errors-gateway-unsigned = { $gateway } não assina os webhooks
errors-omit-secret = omita --secret-env e --secret-file: só o token no endereço protege os webhooks
    .api = omita secret: só o token no endereço protege os webhooks dela
errors-token-empty = o token do gateway está vazio
errors-token-of-lines = o token do gateway contém uma quebra de linha (caractere { $at })
errors-one-line = informe uma única linha, apenas com o token
errors-token-character = o token do gateway contém um caractere não permitido em cabeçalhos HTTP ({ $code }, caractere { $at })
errors-copy-token = copie-o de novo do painel do gateway
errors-key-name-invalid = o nome da chave está vazio, tem mais de 200 bytes ou tem caracteres de controle
    .hint = informe um nome curto que diga para que serve a chave
errors-key-duration-invalid = { $text } não é uma duração
    .hint = escreva como 12h, 90d ou 52w
    .api = expires_in não é uma duração: { $text }
errors-key-outlives = a chave que cria esta expira em { $end }, e as chaves dela não podem expirar depois
    .hint = informe um prazo menor, ou nenhum: nesse caso a chave nova expira no mesmo momento
errors-event-type-unknown = { $name } não é um tipo de evento
    .hint = os tipos são { $known }
errors-endpoint-address-invalid = o endereço do endpoint não pode ser usado
    .hint = informe um endereço http ou https de um servidor público, ou inclua o host em endpoints.allowed_hosts
errors-endpoint-address-long = o endereço de um endpoint tem no máximo { $longest } bytes
errors-user-name-invalid = o nome de um usuário tem de 1 a 100 caracteres, sem espaços nem caracteres de controle
    .hint = use um nome curto ou um endereço de e-mail
errors-user-name-of-client = nomes que começam com { $client }/ são de usuários do cliente { $client }
    .hint = escolha outro nome, ou adicione o usuário a esse cliente
errors-user-name-taken = já existe um usuário { $name }
    .hint-program = `midiateca user list` mostra os usuários
    .hint-api = GET /api/v1/users lista os usuários
errors-key-makes-no-admin = uma chave que expira não pode adicionar um administrador, nem alterar um
    .hint = entre como administrador, ou use uma chave sem prazo
errors-last-admin = este é o último usuário que administra todos os clientes
    .hint = adicione outro administrador antes
errors-setup-link-invalid = este link não vale: foi usado, expirou ou foi substituído por um mais novo
    .hint-program = `midiateca user setup-link NOME` cria um novo link
    .hint-page = um administrador pode criar um novo link, em Usuários e chaves
    .hint-api = um administrador cria um novo link com POST /api/v1/users/ID/setup-link
errors-setup-link-for-whom = há usuários, e nenhum nome foi informado
    .hint-program = informe o nome: `midiateca user setup-link NOME`
    .hint-api = indique o usuário: POST /api/v1/users/ID/setup-link
errors-password-short = uma senha tem no mínimo { $least } caracteres
    .hint = várias palavras são fáceis de lembrar e difíceis de adivinhar
errors-password-long = uma senha tem no máximo 1024 bytes
    .hint = use uma senha mais curta
errors-password-is-name = a senha não pode ser o nome do usuário
    .hint = várias palavras são fáceis de lembrar e difíceis de adivinhar
errors-passwords-busy = há senhas demais sendo verificadas ao mesmo tempo
    .hint = tente de novo em alguns segundos
errors-user-unknown = esse usuário não existe
    .hint-program = `midiateca user list` mostra os usuários
    .hint-api = GET /api/v1/users lista os usuários
errors-admin-is-other = o usuário admin existe e não administra todos os clientes, por isso a senha do arquivo não é definida
    .hint = esvazie secrets.admin_password_file ou remova o usuário admin com `midiateca user remove admin`
errors-on-hold = nada foi apagado: a retenção legal { $hold } abrange esses dados
    .hint = `midiateca hold list` mostra o motivo; `midiateca hold release { $hold }` encerra a retenção legal
errors-hold-several-targets = uma retenção legal vale para uma conversa ou para uma pessoa, não para as duas
    .hint = informe uma delas, ou nenhuma para tudo do cliente
errors-hold-target-invalid = a conversa ou a pessoa está vazia, tem mais de 200 bytes ou tem caracteres de controle
errors-hold-reason-invalid = o motivo está vazio, tem mais de 1000 bytes ou tem caracteres de controle
errors-dossier-unreadable = não foi possível ler { $path }
errors-dossier-no-archive = { $path } não é um dossiê: não é um ZIP, ou está truncado
errors-dossier-lacks = { $path } não é um dossiê: não tem { $name }
errors-dossier-too-large = { $path } não é um dossiê: { $name } é maior que o de qualquer dossiê
errors-dossier-other-format = { $path } não é um dossiê que esta versão reconhece: o manifest.json não é o de um dossiê
    .hint = talvez ele tenha sido feito por uma versão mais nova do midiateca
