//! The help. English stands in the doc comments of the options, without the last full stop; a test names what is
//! missing here, and what nobody says any more.

texts! {
    // clap's own
    "Print this message or the help of the given subcommand(s)", "Mostra esta mensagem ou a ajuda de um comando";

    // the program
    "Keeps every photo, voice note, video, document and sticker that arrives on a company's WhatsApp numbers", "Guarda cada foto, áudio, vídeo, documento e figurinha que chega aos números de WhatsApp de uma empresa";
    "Global options", "Opções globais";
    "The data folder", "A pasta de dados";
    "The configuration file [default: DIR/midiateca.toml when it is there]", "O arquivo de configuração [padrão: PASTA/midiateca.toml, se existir]";
    "The language of output [default: from LANG]", "O idioma das mensagens [padrão: o de LANG]";
    "English", "Inglês";
    "Brazilian Portuguese", "Português do Brasil";
    "Answer in JSON on stdout", "Responde em JSON na saída padrão (stdout)";
    "Log lines for people or as JSON, on stderr", "Linhas de log para pessoas ou em JSON, na saída de erros (stderr)";
    "For people", "Para pessoas";
    "One JSON object a line", "Um objeto JSON por linha";
    "More log lines", "Mais linhas de log";
    "Only log lines that need somebody", "Só linhas de log que precisam de atenção";

    "Show this help; in short with -h", "Mostra esta ajuda; resumida com -h";
    "Show the version", "Mostra a versão";

    "Colors in what people read", "Cores no que as pessoas leem";
    "On a terminal, unless NO_COLOR is set", "Em um terminal, a não ser que NO_COLOR esteja definida";
    "Always", "Sempre";
    "Never", "Nunca";

    // the commands
    "HTTP server and workers in one process", "Recebe webhooks e baixa mídias, tudo em um processo";
    "A whole day in ten seconds, against a simulated gateway on loopback", "Um dia inteiro em dez segundos, com um gateway simulado nesta máquina";
    "One screen: server, disk, queue, last webhook of each instance, next deadline, what needs a person", "Uma tela: servidor, disco, fila, último webhook de cada instância, próximo prazo e o que precisa de atenção";
    "The full report; exit 1 when something needs a person", "O relatório completo; termina com 1 quando algo precisa de atenção";
    "Sends one delivery through the pipeline and reports each step", "Passa uma entrega por todo o processo e relata cada etapa";
    "What happens, as it happens: a full screen, or one line an event when piped", "O que acontece, na hora em que acontece: em tela cheia, ou uma linha por evento quando há um pipe";
    "The companies whose numbers these are", "As empresas donas dos números";
    "WhatsApp numbers at a gateway", "Números de WhatsApp em um gateway";
    "What is stored, and why the rest is not", "O que está armazenado, e por que o resto não está";
    "The raw webhooks that are kept", "Os webhooks brutos que estão guardados";
    "Puts media back in the queue", "Devolve mídias à fila";
    "Looks at everything that keeping media depends on, and says what to do about what is wrong", "Verifica tudo de que a guarda das mídias depende, e diz o que fazer sobre o que está errado";
    "Deletes what the retention rules no longer keep", "Exclui o que as regras de retenção não mantêm mais";
    "Erases a person from a client's data, and prints the proof", "Apaga uma pessoa dos dados de um cliente e mostra a prova";
    "Erases a person from a client's data, and prints the proof\n\nAt the end the database is written anew: that takes up to twice its size in free room and some seconds for each gigabyte, in which webhooks wait for their answer", "Apaga uma pessoa dos dados de um cliente e mostra a prova\n\nNo fim o banco de dados é regravado: isso precisa de até duas vezes o tamanho dele em espaço livre e de alguns segundos por gigabyte, em que os webhooks esperam a resposta";
    "Decrypts one file from WhatsApp's CDN, without a database", "Decifra um arquivo da CDN do WhatsApp, sem banco de dados";
    "Compares stored files with their hashes; exit 1 when one is missing or corrupt", "Compara os arquivos armazenados com os hashes; termina com 1 quando algum está ausente ou corrompido";
    "The settings", "As configurações";

    "Trust the machine's clock as it is now, although it has jumped", "Confia no relógio da máquina como ele está agora, embora tenha saltado";

    // what several of them take
    "Only those of this client", "Só as deste cliente";
    "Only those of this instance", "Só as desta instância";
    "Only those of this chat", "Só as desta conversa";
    "Only this kind", "Só deste tipo";
    "Only those received since then: a day such as 2026-11-24, a time such as 2026-11-24T12:00:00Z, or so long ago: 90m, 24h, 7d", "Só as recebidas desde então: um dia como 2026-11-24, um horário como 2026-11-24T12:00:00Z, ou há quanto tempo: 90m, 24h, 7d";
    "Show what would be done", "Mostra o que seria feito";

    // serve, demo
    "Address and port of the HTTP server; may be given several times", "Endereço e porta do servidor HTTP; pode ser repetida";
    "Begin a new database where the old one is lost for good; it becomes the one of the storage", "Começa um banco de dados novo onde o antigo se perdeu de vez; ele passa a ser o do armazenamento";
    "Use the storage although it is not marked as the one of this database, and mark it", "Usa o armazenamento embora não esteja marcado como o deste banco de dados, e o marca";
    "Address and port of the HTTP server [default: a free port of the loopback]", "Endereço e porta em que os webhooks chegam [padrão: uma porta livre desta máquina]";
    "End after the report instead of staying up", "Termina depois do relatório em vez de continuar no ar";

    // test-webhook
    "The delivery as the gateway would post it; - reads stdin", "A entrega como o gateway a enviaria; - lê a entrada padrão (stdin)";
    "Whose it is, when the delivery does not say [default: its instanceId]", "De que instância é, quando a entrega não diz [padrão: o instanceId dela]";

    "Send a sample: a picture that the delivery itself brings, so that neither gateway nor CDN is asked", "Envia um exemplo: uma imagem que vem na própria entrega, sem consultar gateway nem CDN";

    // monitor
    "Begin after this event instead of now, one line an event; 0 shows everything", "Começa depois deste evento em vez de agora, uma linha por evento; 0 mostra tudo";
    "One line an event; end when there is nothing more to show", "Uma linha por evento; termina quando não há mais o que mostrar";
    "One line an event, on a terminal as well", "Uma linha por evento, mesmo em um terminal";

    // client
    "Adds a company", "Adiciona uma empresa";
    "Lists the companies", "Lista as empresas";
    "Its name", "O nome dela";
    "Its number [default: the next free one]", "O número dela [padrão: o próximo livre]";

    // instance
    "Adds a WhatsApp number, and prints the webhook address to paste into the gateway's panel, once; changes what is given of one that exists", "Adiciona um número de WhatsApp e mostra, uma única vez, o endereço de webhook para colar no painel do gateway; se o número já existe, altera o que for informado";
    "Stops an instance from receiving; its media stay", "Faz uma instância parar de receber; as mídias dela ficam";
    "Sets all webhook slots at the gateway to a new address of ours, and reads them back to prove it", "Configura todos os webhooks no gateway com um novo endereço nosso, e os relê para comprovar";
    "Makes a new webhook address; the old one stops working within a second", "Cria um novo endereço de webhook; o antigo deixa de funcionar em um segundo";
    "Whose it is", "De quem ela é";
    "The gateway", "O gateway";
    "The environment variable that holds the gateway's token", "A variável de ambiente que contém o token do gateway";
    "The file that holds the gateway's token", "O arquivo que contém o token do gateway";
    "Read the gateway's token from stdin; on a terminal it is asked for and not shown", "Lê o token do gateway da entrada padrão (stdin); em um terminal ele é pedido e não aparece";
    "Do not try the token at the gateway", "Não experimenta o token no gateway";
    "Make a new key where the old one is lost for good; every other instance needs its token again", "Cria uma chave nova onde a antiga se perdeu de vez; as outras instâncias precisam receber o token de novo";
    "Where the gateway's API is [default: the gateway's own]", "Onde fica a API do gateway [padrão: a do próprio gateway]";
    "Where WhatsApp's CDN is; several with commas, in their order; \"default\" for its usual hosts", "Onde fica a CDN do WhatsApp; várias com vírgulas, na ordem; \"default\" para os hosts de costume";
    "The ways to the bytes in their order, such as gateway or inline,cdn,gateway; \"default\" for fetch.routes", "Os caminhos até os bytes, na ordem, como gateway ou inline,cdn,gateway; \"default\" para fetch.routes";
    "How the door is reached from outside [default: http.public_url]", "O endereço público em que os webhooks chegam [padrão: http.public_url]";
    "Show what the slots hold and would hold, and change nothing", "Mostra o que os webhooks contêm e passariam a conter, sem mudar nada";
    "Put back what the slots held before they were first set from here", "Devolve aos webhooks o que continham antes de serem configurados por aqui";

    // media
    "Lists media, the newest first", "Lista as mídias, as mais recentes primeiro";
    "Shows one media with every attempt to get it", "Mostra uma mídia com cada tentativa de baixá-la";
    "Only those that stand so", "Só as que estão neste estado";
    "How many at the most", "Quantas no máximo";

    "Acknowledges media that failed or expired: `check` no longer counts them", "Dispensa mídias que falharam ou expiraram: o `check` deixa de contá-las";

    // deliveries
    "Acknowledges the deliveries that were set aside or refused until now: `check` no longer counts them", "Dispensa as entregas que ficaram em quarentena ou foram recusadas até agora: o `check` deixa de contá-las";
    "Lists the raw deliveries that are kept, oldest first", "Lista as entregas brutas guardadas, as mais antigas primeiro";
    "Reads kept deliveries again: what an older reader missed is found, what is not stored is tried again", "Relê as entregas guardadas: encontra o que uma versão anterior não viu, e tenta de novo o que não foi gravado";
    "Which deliveries, by id", "Quais entregas, por id";
    "Only those that could not be read", "Só as que não puderam ser lidas";
    "Show what would be found", "Mostra o que seria encontrado";

    // retry
    "Which media, by id", "Quais mídias, por id";
    "All that failed", "Todas as que falharam";
    "All that expired", "Todas as que expiraram";
    "All that were dismissed", "Todas as que foram dispensadas";
    "All that wait for their next attempt, at once", "Todas as que esperam a próxima tentativa, imediatamente";
    "All that were skipped by a rule of [keep]; what retention removed, only with --reason retention", "Todas as que foram ignoradas por uma regra de [keep]; as removidas pela retenção, só com --reason retention";
    "Only those that stand so for this reason, such as cdn_expired, as `check` and `media list` tell it", "Só as que estão assim por este motivo, como cdn_expired, tal como `check` e `media list` o mostram";

    // doctor
    "Look at this instance only", "Verifica só esta instância";
    "Ask nothing of the network", "Não consulta nada pela rede";
    "Show only what is not fine", "Mostra só o que não está bem";

    // sweep, forget
    "Erase without asking", "Apaga sem perguntar";
    "Show what would go", "Mostra o que seria removido";
    "Whose data it is", "De que cliente são os dados";
    "Whom to forget: a phone number with its country code, or an id as `media list` shows it; may be given several times", "Quem deve ser esquecido: um telefone com código do país, ou um id como `media list` mostra; pode ser informado várias vezes";
    "Erase raw deliveries that name them and cannot be read as well; they may hold what somebody else sent", "Apaga também as entregas brutas que citam a pessoa e não podem ser lidas; elas podem conter o que outra pessoa enviou";
    "Show what would be erased", "Mostra o que seria apagado";

    // decrypt
    "The file as WhatsApp's CDN gave it", "O arquivo como veio da CDN do WhatsApp";
    "The message's mediaKey, in any form that messages have it", "A mediaKey da mensagem, em qualquer formato em que as mensagens a trazem";
    "What it is: image, video, audio, document, sticker, or one of WhatsApp's own words such as thumbnail-link", "O que é: image, video, audio, document, sticker, ou um nome do próprio WhatsApp, como thumbnail-link";
    "The message's fileSha256, to be proven", "O fileSha256 da mensagem, para ser comprovado";
    "The message's fileEncSha256, to be proven", "O fileEncSha256 da mensagem, para ser comprovado";
    "Where the plaintext goes; - is stdout [default: FILE without .enc]", "Onde gravar o conteúdo decifrado; - é a saída padrão (stdout) [padrão: ARQUIVO sem .enc]";

    // scrub
    "Only files of this instance", "Só arquivos desta instância";
    "Only files received since then: a day such as 2026-11-24, a time such as 2026-11-24T12:00:00Z, or so long ago: 90m, 24h, 7d", "Só arquivos recebidos desde então: um dia como 2026-11-24, um horário como 2026-11-24T12:00:00Z, ou há quanto tempo: 90m, 24h, 7d";
    "Continue where the last run was stopped; newer files are left to the next whole run", "Continua de onde a última execução parou; arquivos mais novos ficam para a próxima execução completa";
    "Repair what can be repaired: a missing or corrupt file from another copy or by downloading it again; corrupt and orphaned files are moved to quarantine, nothing is deleted", "Repara o que for possível: um arquivo ausente ou corrompido, a partir de outra cópia ou baixando de novo; arquivos corrompidos e órfãos vão para a quarentena, nada é apagado";
    "Repair even if more than 20 files, and more than a tenth of all, are orphaned", "Repara mesmo que mais de 20 arquivos, e mais de um décimo de todos, sejam órfãos";
    "Repair even if more than half of the files, or all of one folder, are missing", "Repara mesmo que falte mais da metade dos arquivos, ou todos os de uma pasta";
    "The most megabytes to read per second; 0 for no limit", "Quantos megabytes ler por segundo, no máximo; 0 para não limitar";

    // config
    "Writes the commented default file to DIR/midiateca.toml, or to --config", "Grava o arquivo padrão comentado em PASTA/midiateca.toml, ou em --config";
    "Shows what is in force, and where each value comes from", "Mostra o que está em vigor, e de onde vem cada valor";

    // media export
    "Copies stored media into a folder or an archive, with a manifest and their hashes", "Copia as mídias gravadas para uma pasta ou um arquivo compactado, com um manifesto e os hashes";
    "A folder, a file that ends in .tar or .zip, or - for a tar archive on stdout", "Uma pasta, um arquivo que termina em .tar ou .zip, ou - para um tar na saída padrão (stdout)";
    "What to write, whatever the target's ending says", "O que gravar, não importa como o destino termina";
    "Only those received before then: a day (before it begins), a time, or so long ago", "Só as recebidas antes de então: um dia (antes de ele começar), um horário, ou há quanto tempo";
    "Show what would be exported", "Mostra o que seria exportado";

    // instance list and show
    "Lists the instances, a line each", "Lista as instâncias, uma por linha";
    "Shows one instance, with its webhook slots read back from the gateway", "Mostra uma instância, com os webhooks relidos no gateway";

    // import
    "Imports another system's data", "Importa os dados de outro sistema";
    "Imports the data of the original Django system: clients, instances, media and files; a second run adds nothing", "Importa os dados do sistema Django original: clientes, instâncias, mídias e arquivos; uma segunda execução não acrescenta nada";
    "Its SQLite database; it is only read", "O banco SQLite dele; só é lido";
    "Its media_storage; it is only read", "O media_storage dele; só é lido";
    "Give files a second name instead of copying them, where both are on one disk", "Dá um segundo nome aos arquivos em vez de copiá-los, quando os dois lados estão no mesmo disco";
    "Read everything, and show what would be imported", "Lê tudo e mostra o que seria importado";

    // backup
    "Copies everything into a folder that can take the data folder's place, while the service runs", "Copia tudo para uma pasta que pode tomar o lugar da pasta de dados, com o serviço rodando";
    "The folder of the backup: a new or empty one, or one from before, which is brought up to date", "A pasta do backup: uma nova ou vazia, ou a de um backup anterior, que é atualizado";
    "Copy the key too, which opens the gateway tokens", "Copia também a chave, que abre os tokens do gateway";
    "Take files out of the backup that the database no longer names, such as those of a person who was erased", "Tira do backup os arquivos que já não constam no banco de dados, como os de uma pessoa que foi apagada";
    "Read the files that are in the backup already, and replace those that are no longer right", "Lê os arquivos que já estão no backup e substitui os que não estão mais certos";

    // completions, man
    "What a shell needs to complete commands and flags", "O que um shell precisa para completar comandos e opções";
    "For which shell", "Para qual shell";
    "The manual pages", "As páginas de manual";
    "Write every page into this folder, instead of the first one to stdout", "Grava todas as páginas nesta pasta, em vez da primeira na saída padrão (stdout)";

    "Its id at the gateway", "O id dela no gateway";
    // ids, and what shows one thing
    "Its id, or the beginning of it", "O id, ou o começo dele";
    "Its id at the gateway, or the beginning of it", "O id no gateway, ou o começo dele";
    "Opens a stored file with the desktop's program for it, or prints its path when piped", "Abre um arquivo armazenado no programa do sistema, ou mostra o caminho quando há um pipe";
    "Print the path and start no program", "Mostra o caminho e não inicia nenhum programa";
    "Shows one delivery with its body, in which keys and tokens are masked", "Mostra uma entrega com o corpo, em que chaves e tokens são ocultados";
    "Gives a company another name; its number and its files stay", "Dá outro nome a uma empresa; o número e os arquivos não mudam";
    "Its number", "O número";
    "Its new name", "O novo nome";
    "Stops a company from receiving; refuses while it has media", "Faz uma empresa parar de receber; recusa enquanto ela tem mídias";
    "Remove it although it has media; its rows and files stay", "Remove mesmo que tenha mídias; os registros e arquivos permanecem";
    "Reads the settings, and names each problem in them; exit 2 when there is one", "Lê as configurações e aponta cada problema; termina com 2 quando há algum";
}
