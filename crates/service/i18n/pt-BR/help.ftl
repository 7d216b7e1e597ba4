### The help of the command line. The English one is clap's; a test compares these keys with the commands and arguments.

## The words of clap

help-word-usage = Uso:
help-word-options = [OPÇÕES]
help-word-own-options = Opções
help-word-global = Opções globais
help-word-arguments = Argumentos
help-word-commands = Comandos
help-word-heading-name = NOME
help-word-heading-synopsis = SINOPSE
help-word-heading-description = DESCRIÇÃO
help-word-heading-version = VERSÃO
help-word-help = Mostra esta mensagem ou a ajuda de um comando
help-word-aliases = [também: { $value }]
help-word-default = [padrão: { $value }]
help-word-values = [valores: { $value }]
help-word-variable = [variável: { $value }]

## Names of values

help-value-action = AÇÃO
help-value-address = ENDEREÇO
help-value-b64 = BASE64
help-value-command = COMANDO
help-value-cursor = CURSOR
help-value-delivery = ENTREGA
help-value-dir = PASTA
help-value-duration = DURAÇÃO
help-value-endpoint = ENDPOINT
help-value-file = ARQUIVO
help-value-file-enc = ARQUIVO.enc
help-value-format = FORMATO
help-value-hold = RETENÇÃO
help-value-id = ID
help-value-key = CHAVE
help-value-kind = TIPO
help-value-lang = IDIOMA
help-value-list = LISTA
help-value-log-format = FORMATO
help-value-mb = MB
help-value-media = MÍDIA
help-value-n = N
help-value-name = NOME
help-value-out = SAÍDA
help-value-reason = MOTIVO
help-value-role = PAPEL
help-value-seq = NÚMERO
help-value-shell = SHELL
help-value-since = DESDE
help-value-status = STATUS
help-value-target = DESTINO
help-value-time = HORÁRIO
help-value-url = URL
help-value-var = VARIÁVEL
help-value-when = QUANDO

## Usage errors

help-error-unknown-argument = argumento desconhecido: '{ $argument }'
help-error-unknown-command = comando desconhecido: '{ $command }'
help-error-missing-command = '{ $command }' exige um subcomando
help-error-missing-argument = faltam argumentos obrigatórios: { $argument }
help-error-missing-value = '{ $argument }' exige um valor
help-error-invalid-value = valor inválido '{ $value }' para '{ $argument }'
help-error-unexpected-value = valor a mais para '{ $argument }': '{ $value }'
help-error-repeated-argument = '{ $argument }' só pode ser usado uma vez
help-error-conflicting-arguments = '{ $argument }' não pode ser usado com { $others }
help-error-not-utf8 = um argumento não é texto em UTF-8
help-error-usage = os argumentos são inválidos
help-hint-values = valores possíveis: { $value }
help-hint-commands = subcomandos: { $value }
help-hint-similar = você quis dizer `{ $value }`?
help-hint-as-value = para informar '{ $value }' como valor, escreva '-- { $value }'
help-hint-help = para saber mais, use '--help'

## The program

help-midiateca = Guarda cada foto, áudio, vídeo, documento e figurinha que chega aos números de WhatsApp de uma empresa
help-any--data = A pasta de dados
help-any--config = O arquivo de configuração [padrão: PASTA/midiateca.toml, se existir]
help-any--lang = O idioma das mensagens [padrão: o de LANG]
help-any--json = Responde em JSON na saída padrão (stdout)
help-any--color = Cores no texto; auto: em um terminal, se NO_COLOR não estiver definida
help-any--log-format = Linhas de log para pessoas ou em JSON, na saída de erros (stderr)
help-any--verbose = Mais linhas de log
help-any--quiet = Só linhas de log que precisam de atenção
help-any--help = Mostra esta ajuda; resumida com -h
help-any--version = Mostra a versão

## Arguments of several commands

help-any--accept-clock = Confia no relógio da máquina como ele está agora, embora tenha saltado
help-any--chat = Só as desta conversa
help-any--client = Só as deste cliente
help-any--dry-run = Mostra o que seria feito
help-any--expired = Todas as que expiraram
help-any--failed = Todas as que falharam
help-any--id = O id, ou um começo único dele
help-any--instance = Só as desta instância
help-any--kind = Só as deste tipo
help-any--media = Quais mídias, por id
help-any--offline = Não acessa a rede
help-any--reason = Só as que têm este motivo, pelo código, como cdn_expired; `check` e `media show` mostram os códigos
help-any--since = Só as recebidas desde então: um dia como 2026-11-24, um horário como 2026-11-24T12:00:00Z, ou há quanto tempo: 90m, 24h, 7d
help-any--until = Só as recebidas até então: um dia (inteiro), um horário, ou há quanto tempo

## serve, demo

help-serve = Recebe webhooks e baixa mídias, tudo em um processo
help-serve--listen = Endereço e porta do servidor HTTP; pode ser informado várias vezes
help-serve--new-database = Começa um banco de dados novo quando o antigo se perdeu de vez; ele passa a ser o do armazenamento
help-serve--adopt-storage = Usa o armazenamento embora não esteja marcado como o deste banco de dados, e o marca
help-demo = Um dia inteiro em dez segundos, com um gateway simulado nesta máquina
help-demo--exit = Termina depois do relatório em vez de continuar no ar
help-demo--every = Tempo entre as mídias que chegam enquanto continua no ar; 0s para nenhuma
help-demo--listen = Endereço e porta do servidor HTTP [padrão: uma porta livre desta máquina]

## status, check, doctor, monitor, test-webhook

help-status = Uma tela: servidor, disco, fila, último webhook de cada instância, próximo prazo e o que precisa de atenção
help-check = O relatório completo; termina com 1 quando algo precisa de atenção
help-doctor = Testa tudo de que o armazenamento das mídias depende, e sugere o que fazer sobre cada problema
help-doctor--instance = Testa só esta instância
help-doctor--problems = Mostra só os problemas
help-monitor = Acompanha os eventos: em tela cheia, ou uma linha por evento quando há um pipe
help-monitor--after = Começa depois deste evento em vez de agora, uma linha por evento; 0 mostra tudo
help-monitor--once = Uma linha por evento; termina quando não há mais o que mostrar
help-monitor--lines = Uma linha por evento, mesmo em um terminal
help-test-webhook = Processa uma entrega e relata cada etapa
help-test-webhook--file = A entrega como o gateway a enviaria; - lê a entrada padrão (stdin)
help-test-webhook--sample = Envia um exemplo: uma imagem que vem na própria entrega, sem consultar gateway nem CDN
help-test-webhook--instance = A instância, se a entrega não a informa [padrão: a que ela informa, ou a única do gateway dela]

## endpoint

help-endpoint = Endpoints de webhooks de saída
help-endpoint-add = Adiciona um endpoint de webhooks de saída e mostra o segredo dele, uma única vez
help-endpoint-add--url = Um endereço http ou https
help-endpoint-add--client = Só os eventos deste cliente [padrão: todos os clientes]
help-endpoint-add--types = Só estes tipos de eventos, separados por vírgulas, como media.stored,media.failed [padrão: todos]
help-endpoint-list = Lista os endpoints, um por linha, o mais recente primeiro
help-endpoint-test = Coloca na fila uma notificação de teste; o servidor em execução a envia
help-endpoint-test--id = O id do endpoint, ou o começo dele
help-endpoint-remove = Remove um endpoint com as suas notificações
help-endpoint-remove--id = O id do endpoint, ou o começo dele

## key

help-key = Chaves da API HTTP
help-key-create = Cria uma chave da API HTTP e a mostra, uma única vez
help-key-create--name = Para que ela serve
help-key-create--role = O que ela permite
help-key-create--client = Só para este cliente [padrão: todos os clientes]
help-key-create--expires-in = Por quanto tempo vale, como 90d [padrão: sem prazo]
help-key-list = Lista as chaves, uma por linha, a mais recente primeiro
help-key-show = Mostra uma chave, ou a chave pública que assina dossiês
help-key-show--id = O id da chave, ou o começo dele
help-key-show--dossier = Mostra a chave pública com a qual `verify-dossier` reconhece os dossiês desta instalação
help-key-revoke = Revoga uma chave e os links criados com ela
help-key-revoke--id = O id da chave, ou o começo dele

## client

help-client = Os clientes: as empresas donas dos números
help-client-add = Adiciona um cliente
help-client-add--name = O nome do cliente
help-client-add--id = O número do cliente [padrão: o próximo livre]
help-client-list = Lista os clientes
help-client-rename = Dá outro nome a um cliente; o número e os arquivos não mudam
help-client-rename--client = O número do cliente
help-client-rename--name = O novo nome
help-client-remove = Remove um cliente, que deixa de receber mídias; só é possível enquanto ele não tem nenhuma
help-client-remove--client = O número do cliente
help-client-remove--keep-files = Remove mesmo que tenha mídias; os registros e arquivos permanecem

## instance

help-instance = Números de WhatsApp em um gateway
help-instance-add = Adiciona um número de WhatsApp e mostra, uma única vez, o endereço de webhook para colar no painel do gateway; se o número já existe, altera o que for informado
help-instance-add--id = O id da instância no gateway
help-instance-add--client = O número do cliente
help-instance-add--gateway = O gateway [padrão: o da instância existente, senão wapi]
help-instance-add--token-env = A variável de ambiente que contém o token do gateway
help-instance-add--token-file = O arquivo que contém o token do gateway
help-instance-add--token-stdin = Lê o token do gateway da entrada padrão (stdin); em um terminal ele é pedido e não aparece
help-instance-add--secret-env = A variável de ambiente que contém o segredo com que o gateway assina os webhooks
help-instance-add--secret-file = O arquivo que contém o segredo com que o gateway assina os webhooks
help-instance-add--session = O nome da sessão ou do dispositivo no gateway, se não for o id; "default" para o id
help-instance-add--new-key = Cria uma chave nova quando a antiga se perdeu de vez; as outras instâncias precisam receber o token de novo
help-instance-add--api-base = O endereço da API do gateway [padrão: o do próprio gateway]
help-instance-add--cdn-base = O endereço da CDN do WhatsApp; vários com vírgulas, na ordem de uso; "default" para os servidores do próprio WhatsApp
help-instance-add--routes = As rotas até os bytes, na ordem de uso, como gateway ou inline,cdn,gateway; "default" para fetch.routes
help-instance-add--offline = Não testa o token no gateway
help-instance-list = Lista as instâncias, uma por linha
help-instance-show = Mostra uma instância, com os webhooks relidos no gateway
help-instance-remove = Remove uma instância, que deixa de receber mídias; as que ela já tem permanecem
help-instance-reconcile = Consulta a lista de mensagens do gateway e recebe as mídias cuja entrega nunca chegou
help-instance-reconcile--id = O id da instância, ou um começo único dele
help-instance-reconcile--since = Só mensagens enviadas desde então: um dia, um horário, ou há quanto tempo
help-instance-reconcile--dry-run = Mostra o que seria recebido
help-instance-rotate-hook = Cria um novo endereço de webhook; o antigo deixa de funcionar em um segundo
help-instance-configure-webhooks = Configura todos os webhooks no gateway com um novo endereço deste servidor, e os relê para confirmar
help-instance-configure-webhooks--public-url = O endereço público deste servidor [padrão: http.public_url]
help-instance-configure-webhooks--dry-run = Mostra o que os webhooks contêm e passariam a conter, sem mudar nada
help-instance-configure-webhooks--undo = Restaura os endereços que os webhooks tinham antes de serem configurados por este programa

## media

help-media = As mídias: o que está armazenado, e por que o resto não está
help-media-list = Lista as mídias, as mais recentes primeiro
help-media-list--status = Só as que têm este status
help-media-list--limit = Quantas no máximo
help-media-list--cursor = Começa depois desta mídia: o `next` da página anterior
help-media-show = Mostra uma mídia com cada tentativa de baixá-la
help-media-open = Abre um arquivo armazenado no programa do sistema, ou mostra o caminho quando há um pipe
help-media-open--print = Mostra o caminho e não inicia nenhum programa
help-media-dismiss = Dispensa mídias que falharam ou expiraram: o `check` deixa de contá-las
help-media-export = Copia as mídias armazenadas para uma pasta ou um arquivo compactado, com um manifesto e os hashes
help-media-export--target = Uma pasta, um arquivo que termina em .tar ou .zip, ou - para um tar na saída padrão (stdout)
help-media-export--format = O formato, qualquer que seja o final do nome do destino
help-media-export--dry-run = Mostra o que seria exportado

## deliveries

help-deliveries = As entregas brutas armazenadas
help-deliveries-list = Lista as entregas brutas armazenadas, as mais antigas primeiro
help-deliveries-list--limit = Quantas no máximo [padrão: todas]
help-deliveries-list--cursor = Começa depois desta entrega: o `next` da página anterior
help-deliveries-show = Mostra uma entrega com o corpo, em que chaves e tokens são ocultados
help-deliveries-dismiss = Dispensa as entregas separadas ou recusadas até agora: o `check` deixa de contá-las
help-deliveries-replay = Processa de novo as entregas armazenadas: encontra o que uma versão anterior não reconheceu, e tenta de novo o que não foi armazenado
help-deliveries-replay--ids = Quais entregas, por id
help-deliveries-replay--dry-run = Mostra o que seria encontrado
help-any--set-aside = Só as que não puderam ser lidas

## retry, scrub, sweep, forget, backup, decrypt, import

help-retry = Devolve mídias à fila
help-retry--dismissed = Todas as que foram dispensadas
help-retry--skipped = Todas as que foram ignoradas por uma regra de [keep]; as removidas pela retenção, só com --reason retention
help-retry--waiting = Todas as que esperam a próxima tentativa, imediatamente
help-scrub = Compara os arquivos armazenados com os hashes; termina com 1 quando algum está ausente, corrompido, órfão ou ilegível
help-scrub--instance = Só arquivos desta instância
help-scrub--since = Só arquivos recebidos desde então: um dia como 2026-11-24, um horário como 2026-11-24T12:00:00Z, ou há quanto tempo: 90m, 24h, 7d
help-scrub--resume = Continua de onde a última execução parou; arquivos mais recentes ficam para a próxima execução completa
help-scrub--rate = Quantos megabytes ler por segundo, no máximo; 0 para não limitar
help-scrub--repair = Repara o que for possível: um arquivo ausente ou corrompido, a partir de outra cópia ou baixando de novo; arquivos corrompidos e órfãos vão para a quarentena, nada é excluído
help-scrub--even-if-most-are-missing = Repara mesmo que falte mais da metade dos arquivos, ou todos os de uma pasta
help-scrub--even-if-many-are-orphaned = Repara mesmo que mais de 20 arquivos, e mais de um décimo de todos, sejam órfãos
help-sweep = Exclui o que as regras de retenção não mantêm mais
help-sweep--dry-run = Mostra o que seria excluído
help-forget = Apaga uma pessoa dos dados de um cliente e mostra a prova
help-forget--about =
    Apaga uma pessoa dos dados de um cliente e mostra a prova

    No fim o banco de dados é regravado: isso precisa de até duas vezes o tamanho dele em espaço livre e de alguns segundos por gigabyte, em que os webhooks esperam a resposta
help-forget--client = O número do cliente
help-forget--contact = A pessoa: um telefone com código do país, ou um id como `media show` mostra; pode ser informado várias vezes
help-forget--unreadable = Apaga também as entregas brutas que citam a pessoa e não podem ser lidas; elas podem conter o que outra pessoa enviou
help-forget--yes = Apaga sem perguntar
help-forget--dry-run = Mostra o que seria apagado
help-audit = Mostra quem fez o quê, o mais recente primeiro: pela API, no painel e na linha de comando
help-audit--actor = Só o que este usuário ou esta chave fez: o nome, o código como `user:ID`, ou `command_line`
help-audit--action = Só esta ação, como erasure ou dossier_made
help-audit--client = Só o que diz respeito a este cliente
help-audit--since = Só o que foi feito desde então: um dia como 2026-11-24, um horário como 2026-11-24T12:00:00Z, ou há quanto tempo: 90m, 24h, 7d
help-audit--until = Só o que foi feito até então: um dia (inteiro), um horário, ou há quanto tempo
help-audit--limit = No máximo este número
help-audit--cursor = Começa depois desta entrada: o `next` da página anterior
help-hold = Retenções legais: o que regras de retenção e apagamentos não excluem
help-hold-add = Cria uma retenção legal de uma conversa, de uma pessoa ou, sem nenhuma delas, de tudo de um cliente
help-hold-add--client = O número do cliente
help-hold-add--chat = Só esta conversa: o id como `media show` mostra, ou um telefone
help-hold-add--person = Só esta pessoa: a conversa com ela e o que ela enviou em qualquer conversa
help-hold-add--reason = O motivo, para quem ler a lista depois
help-hold-list = Lista as retenções legais, uma por linha, a mais recente primeiro
help-hold-list--all = Também as que foram encerradas
help-hold-release = Encerra uma retenção legal; ela continua na lista
help-hold-release--id = O id da retenção legal, ou o começo dele
help-verify-dossier = Verifica um dossiê sem rede e sem pasta de dados; termina com 1 quando algo não confere
help-verify-dossier--file = O dossiê, um ZIP
help-verify-dossier--key = A chave pública da instalação, como `key show --dossier` a mostra lá; sem ela, vale a que está no dossiê
help-backup = Copia tudo para uma pasta que pode substituir a pasta de dados, com o serviço em execução
help-backup--target = A pasta do backup: uma nova ou vazia, ou a de um backup anterior, que é atualizado
help-backup--with-key = Copia também a chave, que descriptografa os tokens do gateway
help-backup--prune = Exclui do backup os arquivos que já não constam no banco de dados, como os de uma pessoa que foi apagada
help-backup--verify = Lê os arquivos que já estão no backup e substitui os corrompidos
help-decrypt = Descriptografa um arquivo da CDN do WhatsApp, sem banco de dados
help-decrypt--file = O arquivo como veio da CDN do WhatsApp
help-decrypt--media-key = A mediaKey da mensagem, em qualquer formato em que as mensagens a trazem
help-decrypt--kind = O tipo: image, video, audio, document, sticker, ou um nome do próprio WhatsApp, como thumbnail-link
help-decrypt--sha256 = O fileSha256 da mensagem, para conferir
help-decrypt--enc-sha256 = O fileEncSha256 da mensagem, para conferir
help-decrypt--output = Onde gravar o conteúdo; - é a saída padrão (stdout) [padrão: ARQUIVO sem .enc]
help-import = Importa os dados de outro sistema
help-import-multichat = Importa os dados do sistema Django original: clientes, instâncias, mídias e arquivos; repetir não duplica nada
help-import-multichat--db = O banco SQLite do outro sistema; só é lido
help-import-multichat--media = O media_storage do outro sistema; só é lido
help-import-multichat--link = Usa hard links em vez de copiar os arquivos, quando os dois lados estão no mesmo disco
help-import-multichat--dry-run = Lê tudo e mostra o que seria importado

## config, completions, man

help-config = As configurações
help-config-init = Grava o arquivo padrão comentado em PASTA/midiateca.toml, ou em --config
help-config-show = Mostra as configurações em vigor, e a origem de cada valor
help-config-check = Lê as configurações e aponta cada problema; termina com 2 quando há algum
help-completions = Gera o script com que um shell completa comandos e opções
help-completions--shell = O shell
help-man = As páginas de manual
help-man--folder = Grava todas as páginas nesta pasta, em vez da primeira na saída padrão (stdout)

## user

help-user = Usuários, que entram no painel
help-user-add = Adiciona um usuário, que define a senha com o link mostrado, uma única vez
help-user-add--name = O nome com que o usuário entra, como um endereço de e-mail
help-user-add--role = O que o usuário pode fazer
help-user-add--client = Só para este cliente [padrão: todos os clientes]
help-user-add--password-file = O arquivo que contém a senha
help-user-add--password-stdin = Lê a senha da entrada padrão
help-user-list = Lista os usuários, um por linha, por nome
help-user-password = Define a senha de um usuário e encerra as sessões dele; num terminal ela é pedida e não aparece
help-user-password--name = O nome do usuário
help-user-password--password-file = O arquivo que contém a senha
help-user-password--password-stdin = Lê a senha da entrada padrão
help-user-remove = Remove um usuário, com as sessões e os links que ele criou
help-user-remove--name = O nome do usuário
help-user-setup-link = Mostra, uma única vez, um link com que um usuário define a senha; vale por um dia
help-user-setup-link--name = O nome do usuário [padrão: o primeiro administrador, enquanto não há usuário]
