//! What `demo` says.

words! {
    STARTING: "starting a pretend W-API and midiateca on loopback", "iniciando uma W-API de mentira e o midiateca nesta máquina";
    GATEWAY: "  W-API   {address}", "  W-API    {address}";
    WEBHOOK: "  webhook {address}", "  webhook  {address}";
    DATA: "  data    {path}", "  dados    {path}";
    NOT_OURS: "{path} is not empty and was not made by the demo: name another folder with --data", "{path} não está vazia e não foi criada pela demo: informe outra pasta com --data";
    MARK: "made by `midiateca demo`, emptied by the next one", "criada por `midiateca demo`, esvaziada pela próxima";
    ALREADY_THERE: "the instance was there before the demo began", "a instância já existia antes de a demo começar";
    NO_GATEWAY: "the pretend gateway cannot start", "o gateway de mentira não pôde ser iniciado";
    NO_ANSWER: "the door does not answer", "o midiateca não responde";
    CANNOT_EMPTY: "cannot empty {path}", "não é possível esvaziar {path}";
    CANNOT_USE: "cannot use {path}", "não é possível usar {path}";
    POSTED: "→ {what} … {status} {answer}", "→ {what} … {status} {answer}";
    POSTED_TWICE: "→ {what} … {status} {answer}, known already", "→ {what} … {status} {answer}, já conhecida";
    INVITATION: "all stays up until Ctrl-C. To try, in another terminal:", "tudo fica no ar até Ctrl-C. Para experimentar, em outro terminal:";
    STORED: "{size} bytes, {verified}, {attempts} x, {file}", "{size} bytes, {verified}, {attempts} x, {file}";

    // the day
    DOCUMENTED: "the documented voice note", "o áudio documentado";
    PHOTO: "a photo", "uma foto";
    VIDEO: "a video", "um vídeo";
    DOCUMENT: "a document", "um documento";
    STICKER: "a sticker", "uma figurinha";
    VOICE_NOTE: "a voice note", "um áudio";
    AGAIN: "the documented voice note once more", "o áudio documentado outra vez";
    FLAKY: "a photo at which the gateway fails twice", "uma foto em que o gateway falha duas vezes";
    BROKEN: "a photo whose message promises another file", "uma foto cuja mensagem promete outro arquivo";
    EVIL: "a document whose link points into the network", "um documento cujo link aponta para a rede interna";
    TEXT: "a message without media", "uma mensagem sem mídia";
    CONNECTED: "the news that the number is connected", "o aviso de que o número está conectado";

    // what should have happened and did not
    WRONG: "error: {what}", "erro: {what}";
    NONE_STORED: "of this kind nothing was stored: {kind}", "nada deste tipo foi gravado: {kind}";
    DOCUMENTED_NOT_FIRST: "the documented audio is not the first of the report", "o áudio documentado não é o primeiro do relatório";
    REPEAT_NOT_KNOWN: "the repeated delivery was not recognised", "a entrega repetida não foi reconhecida";
    NOTHING_HEALED: "no failure was healed by a retry", "nenhuma falha se resolveu numa nova tentativa";
    NOTHING_EXPLAINED: "no failure was explained", "nenhuma falha foi explicada";
}
