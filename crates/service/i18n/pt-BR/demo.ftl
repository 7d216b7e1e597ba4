### The messages of `demo`.

demo-starting =
    iniciando W-API, Evolution API e Z-API simuladas e o midiateca em loopback
    { "  " }W-API    { $gateway }
    { "  " }webhook  { $webhook }
    { "  " }dados    { $data }
demo-not-ours = { $path } não está vazia e não foi criada pela demo
    .hint = informe outra pasta com --data
demo-mark = criada por `midiateca demo`, esvaziada pela próxima execução
demo-already-there = a instância já existia antes do início da demo
demo-no-gateway = não foi possível iniciar o gateway simulado
demo-no-answer = o servidor HTTP não responde
demo-cannot-empty = não é possível esvaziar { $path }
demo-cannot-use = não é possível usar { $path }
demo-posted = → { $what } … { $status } { $answer }
demo-posted-twice = → { $what } … { $status } { $answer }, já conhecida
demo-invitation = tudo continua em execução até Ctrl-C. Para experimentar, em outro terminal:
demo-dashboard = o painel, em um link que só pode ser usado uma vez: { $address }
demo-stored = { $size } bytes, { $verified }, { $attempts } x, { $file }

## The day

demo-documented = o áudio documentado
demo-photo = uma foto
demo-video = um vídeo
demo-document = um documento
demo-sticker = uma figurinha
demo-voice-note = um áudio
demo-by-evolution = um áudio pela Evolution API
demo-by-zapi = uma foto pela Z-API
demo-again = o áudio documentado de novo
demo-flaky = uma foto em que o gateway falha duas vezes
demo-broken = uma foto cuja mensagem informa outro arquivo
demo-evil = um documento cujo link aponta para a rede interna
demo-text = uma mensagem sem mídia
demo-connected = o aviso de que o número está conectado

## What should have happened and did not

demo-wrong = erro: { $what }
demo-none-stored = nenhuma mídia deste tipo foi armazenada: { $kind }
demo-documented-not-first = o áudio documentado não é o primeiro do relatório
demo-repeat-not-known = a entrega repetida não foi reconhecida
demo-no-retry-succeeded = nenhuma falha foi resolvida por uma nova tentativa
demo-nothing-explained = nenhuma falha foi explicada
