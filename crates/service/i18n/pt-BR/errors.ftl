### What is said when a command could not do its work, and what to do next.

errors-error = erro: { $what }
errors-next = { "  " }próximo passo: { $next }
errors-no-stdout = não é possível gravar na saída padrão (stdout): { $why }
errors-no-threads = não é possível iniciar threads: { $why }

## The settings

errors-settings-unreadable = não é possível ler as configurações em { $path }
errors-name-settings = informe o arquivo certo com --config, ou crie um com `midiateca --config { $path } config init`
errors-settings-invalid = { $path } não é uma configuração válida
errors-misread = linha { $line }, coluna { $column }: `{ $text }` não foi entendido (o leitor de TOML diz: { $detail })
errors-mend-settings = corrija o arquivo; `midiateca --config NOVO.toml config init` cria um que explica cada configuração
errors-see-settings = configure no arquivo ou no ambiente; `midiateca --config NOVO.toml config init` cria um arquivo que explica cada configuração
errors-renamed = { $old } agora se chama { $new }
errors-write-instead = escreva `{ $line }` como { $new } no lugar
errors-unknown-variable = a variável de ambiente { $name } não corresponde a nenhuma configuração
errors-variable = a variável de ambiente { $name } não foi entendida: { $detail }
errors-time-zone = http.time_zone é { $name }, que não é um fuso horário do banco de dados IANA, como America/Sao_Paulo
errors-too-small = { $key } deve ser no mínimo { $least }
errors-listen-form = { $text } não é um endereço com porta para escutar; escreva como 0.0.0.0:8000
errors-public-url = http.public_url é { $text }, e deve ser um endereço web simples como https://midia.example.com
errors-routes = fetch.routes deve citar pelo menos uma rota, e cada rota só uma vez
errors-watermarks = storage.resume_above não pode ser menor que storage.pause_below
errors-rule-without-limit = cada regra em retention.rules deve ter older_than, larger_than ou total_over
errors-url = { $key } deve ter a forma { $scheme }:///caminho; esta versão não entende outra

## The data folder

errors-no-data = não há dados em { $path }: nada foi guardado ali ainda
errors-name-data = informe a pasta certa com --data, ou comece com `midiateca client add NOME`
errors-folder = não é possível usar a pasta de dados { $path }
errors-other-folder = rode o midiateca com o usuário dono da pasta, ou informe outra pasta com --data
errors-lock = não é possível travar { $path }
errors-own-lock = dê esse arquivo ao usuário que executa o midiateca, ou apague-o enquanto nenhum midiateca estiver rodando aqui: ele é vazio
errors-taken = outro midiateca já está servindo { $path }
errors-end-the-other = encerre o outro primeiro, ou informe outra pasta com --data
errors-import-under-way = outra importação para { $path } está em andamento; esta não mudou nada
errors-files-held = uma importação, um apagamento ou `scrub --repair` está mexendo nos arquivos de { $path }
errors-wait-and-again = espere terminar e rode o mesmo comando de novo

## The clock

errors-clock-not-trusted = o relógio da máquina saltou, ou não combina com a última execução, por isso nada é removido
errors-accept-clock = acerte o relógio (`timedatectl set-ntp true`); se ele está certo, `midiateca doctor --accept-clock` ou `midiateca sweep --accept-clock`

## A database or storage that was lost

errors-no-database = não há banco de dados em { $path }, ou está vazio, embora já tenha existido: { $trace } ainda está lá
errors-find-database = monte o disco dele, mova-o de volta ou restaure-o de um backup. Só se ele se perdeu de vez, `midiateca serve --new-database` começa um novo: ele não conhece nenhum cliente, nenhuma instância e nenhum arquivo armazenado
errors-storage-missing = o armazenamento { $path } não existe, embora haja arquivos armazenados nele: o armazenamento está montado?
errors-storage-unmarked = o armazenamento { $path } não é o deste banco de dados: o arquivo .midiateca-id não está nele, e os arquivos armazenados também não: o armazenamento está montado?
errors-storage-other = o armazenamento { $path } pertence a outro banco de dados: o .midiateca-id dele é outro
errors-storage-unknown = o armazenamento { $path } contém arquivos, e o banco de dados não armazenou nenhum: são de outro banco de dados
errors-storage-mount = monte o disco dele, ou corrija storage.url; um midiateca em execução então continua sozinho. Se os arquivos foram movidos à mão, mova também o .midiateca-id. Só se este é o lugar certo, `midiateca serve --adopt-storage` faz dele o armazenamento deste banco de dados
errors-storage-right = monte o disco certo, ou corrija storage.url e database.url. Só se o banco de dados e os arquivos pertencem um ao outro, `midiateca serve --adopt-storage` faz dele o armazenamento deste banco de dados

## The database

errors-db-unavailable = o banco de dados não consegue gravar agora
errors-engine-read-only = só é possível ler (código { $code } do SQLite)
errors-engine-io = o disco ou o compartilhamento de rede deu erro (código { $code } do SQLite)
errors-engine-corrupt = o arquivo está danificado (código { $code } do SQLite)
errors-engine-full = o disco está cheio (código { $code } do SQLite)
errors-engine-cannot-open = não é possível abrir ou criar um dos arquivos dele (código { $code } do SQLite)
errors-db-busy = outro programa está usando o banco de dados
errors-db-wait = dê o mesmo comando de novo quando o outro, talvez outro midiateca, terminar
errors-db-make-room = veja se o disco tem espaço e se este usuário pode gravar o arquivo; `midiateca doctor` verifica em detalhe
errors-db-gone = o banco de dados { $path } não existe mais, embora um processo em execução o mantenha aberto
errors-db-other = há outro banco de dados em { $path } no lugar do que está aberto
errors-db-older = há uma cópia mais antiga em { $path } no lugar do banco de dados aberto
errors-db-damaged = o banco de dados { $path } foi truncado ou sobrescrito enquanto estava aberto
errors-db-other-log = o write-ahead log de { $path } foi substituído ou truncado enquanto o banco de dados estava aberto
errors-db-unproven = não é possível determinar se o banco de dados em { $path } ainda é o que está aberto
errors-db-bring-back = mova o banco de dados, com os arquivos -wal e -shm, de volta para { $path }; o midiateca então continua sozinho. Se foi apagado, restaure-o de um backup e reinicie o midiateca
errors-db-bring-back-or-restart = mova o banco de dados mais novo de volta para { $path }; o midiateca então continua sozinho. Para continuar com a cópia antiga, reinicie o midiateca: o que foi armazenado depois dela não está nela
errors-db-restore = pare o midiateca, restaure o banco de dados de um backup e inicie-o de novo
errors-db-restart = reinicie o midiateca e depois rode `midiateca doctor`
errors-db-too-new = o banco de dados foi gravado por uma versão mais nova (migração { $version })
errors-db-use-newer = use aquela versão, ou restaure um backup anterior à atualização
errors-db-foreign = o arquivo do banco de dados é de outro programa; nada nele foi alterado
errors-db-name-right = corrija database.url ou --data, ou traga o arquivo certo de um backup
errors-db-unsafe = o SQLite { $found } é antigo demais para se confiar nele com write-ahead log
errors-db-use-released = use um midiateca publicado, que traz o próprio SQLite
errors-db-malformed = a coluna { $column } do banco de dados não contém o que deveria
errors-db-no-copy = não é possível ler o banco de dados onde ele está, nem copiá-lo para { $folder }
errors-db-set-tmpdir = aponte TMPDIR para uma pasta com espaço para uma cópia do banco de dados
errors-db-panicked = o trabalho no banco de dados falhou no meio; nada dele foi gravado
errors-db-not-one = o arquivo não é um banco de dados SQLite
errors-unknown-name = não é possível resolver o nome
errors-look-at-resolver = veja se o nome está certo e se esta máquina resolve nomes: /etc/resolv.conf
errors-db-refused = o banco de dados recusou um comando
errors-db-look = `midiateca doctor` lê o banco inteiro e diz o que fazer

## The key

errors-key-file = não é possível usar o arquivo de chave { $path }
errors-key-owner = veja se o arquivo pertence ao usuário que roda o midiateca, e se este usuário pode lê-lo
errors-key-missing = o arquivo de chave { $path } não existe, e os tokens do gateway estão cifrados com ele
errors-key-back-or-new = coloque o arquivo de volta a partir da cópia guardada; só se ele se perdeu de vez, `midiateca instance add ID --client N --token-env VAR --new-key` começa com uma chave nova, e cada instância precisa receber o token de novo
errors-not-a-key = { $path } não é um arquivo de chave: deve conter 32 bytes em base64url
errors-key-restore = restaure o arquivo certo de um backup
errors-sealed = não é possível abrir um token cifrado: o arquivo secret.key foi trocado?
errors-key-or-token = restaure o arquivo secret.key certo, ou grave o token de novo: `midiateca instance add ID --client N --token-env VAR`

## The files

errors-disk-full = o disco está cheio
errors-free-room = libere espaço, ou remova arquivos antigos: [retention] em `midiateca config init`, depois `midiateca sweep --dry-run`
errors-not-written = não é possível gravar o arquivo
errors-look-at-storage = `midiateca doctor` testa o armazenamento e diz o que fazer
errors-behind-link = { $path } é um link, ou está atrás de um, e foi deixado como está: aquilo a que ele leva pode pertencer a outra coisa
errors-look-behind-link = coloque a própria pasta, ou uma montagem dela, no lugar do link e rode o mesmo comando de novo
errors-not-removed = não foi possível remover um arquivo
errors-nobody = --contact { $contact } não é ninguém conhecido: informe o telefone com código do país, ou um id como `midiateca media list --json` mostra
errors-several-people = { $name } aparece junto com outros { $count } ids, então não é de uma pessoa só, e nada foi apagado; informe o número da pessoa
errors-several-countries = --contact { $contact } pode ser qualquer um destes: { $held }, que não são da mesma pessoa, e nada foi apagado; informe o certo com + e o código do país
errors-run-again = corrija isso e rode o mesmo comando de novo; ele continua de onde parou
errors-unreadable = não é possível ler { $path }
errors-unusable = não é possível usar { $path }
errors-mend-copy = pare o programa que o grava, ou faça uma cópia com `sqlite3 { $path } '.backup copy.sqlite3'` e informe a cópia

## The door

errors-listen = não é possível escutar em { $address }
errors-other-address = encerre o programa que escuta ali, ou escolha outro endereço e porta, como --listen 0.0.0.0:8080

## The network

errors-refused = o endereço foi recusado
errors-unresolved = o nome não leva a nenhum endereço
errors-unreachable = sem resposta
errors-timed-out = demorou demais
errors-status = status { $status }
errors-cut-short = a conexão terminou antes da hora
errors-ended-early = a resposta terminou antes do arquivo
errors-too-large = maior que { $limit } bytes
errors-unknown-coding = o servidor enviou a codificação de conteúdo { $coding }
errors-undecodable = não foi possível decodificar a resposta
errors-proxy-authorization = o proxy pede usuário e senha
errors-unusable-proxy = { $variable } não indica um proxy utilizável
errors-set-proxy = defina HTTPS_PROXY e HTTP_PROXY como http://USUÁRIO:SENHA@HOST:PORTA (https://, socks5:// e socks5h:// também servem), e liste em NO_PROXY o que é acessado sem ele
errors-look-at-network = `midiateca doctor` testa cada conexão e diz o que fazer
errors-not-a-url = o link não é uma URL
errors-scheme = o esquema ou a parte de usuário do link não é permitida
errors-host = o host { $host } não é permitido
errors-allow-host = se for seu, inclua-o em fetch.allowed_hosts
errors-not-public = o endereço { $address } não é público
errors-no-public-address = o nome não leva a nenhum endereço público
errors-redirects = redirecionamentos demais

## The gateway

errors-no-token = não há token do gateway para esta instância
errors-add-token = grave-o: `midiateca instance add ID --client N --token-env VAR`
errors-token-sealed = não é possível abrir o token do gateway
errors-api-base = o endereço da API não é uma URL
errors-set-api-base = corrija-o: `midiateca instance add ID --client N --api-base URL`
errors-gateway-silent = o gateway não responde
errors-gateway-status = o gateway respondeu { $status }
errors-gateway-refuses = o gateway recusa: { $named }
errors-gateway-empty = a resposta do gateway não informa nada da instância
errors-gateway-other = o gateway respondeu sobre outra instância: { $named }
errors-gateway-not-json = o gateway respondeu algo que não é JSON
errors-look-at-instance = `midiateca doctor --instance ID` testa o token da instância e diz o que fazer

## A point in time

errors-no-time = { $text } não é um horário; escreva como 2026-11-24, 2026-11-24T12:00:00Z, 90m, 24h ou 7d

## The terminal

errors-terminal-panicked = algo no programa falhou
errors-terminal-not-taken = não é possível usar o terminal
errors-terminal-no-keys = não é possível ler o teclado do terminal
errors-use-lines = `midiateca monitor --lines` dispensa a tela cheia

## What the system said

errors-system = { $what } (erro { $code } do sistema)
errors-not-found = não existe arquivo ou pasta com este nome
errors-permission-denied = permissão negada
errors-already-exists = já existe
errors-not-a-folder = não é uma pasta
errors-is-a-folder = é uma pasta
errors-folder-not-empty = a pasta não está vazia
errors-read-only = o sistema de arquivos é somente leitura
errors-no-room = não há espaço no dispositivo
errors-quota = a cota foi esgotada
errors-file-too-large = o arquivo é grande demais
errors-busy = está em uso
errors-not-utf8 = não é texto em UTF-8
errors-interrupted = interrompido
errors-ended = terminou antes da hora
errors-address-in-use = o endereço já está em uso
errors-address-not-ours = o endereço não é desta máquina
errors-connection-refused = conexão recusada
errors-connection-reset = conexão encerrada pelo outro lado
errors-not-connected = não conectado
errors-broken-pipe = o outro lado parou de ler
errors-os-timed-out = tempo esgotado
errors-host-unreachable = a máquina não pode ser alcançada
errors-network-unreachable = a rede não pode ser alcançada
errors-network-down = a rede está fora do ar
errors-out-of-memory = memória esgotada
errors-see-path = confira o caminho: `ls -l` mostra o que existe, e um caminho sem / no início é procurado na pasta atual
errors-see-owner = veja quem é o dono com `ls -l`, e rode o midiateca com esse usuário, ou dê a permissão a este
