### What `media export` prints.

export-terminal = um arquivo tar não serve para o terminal
    .hint = grave-o em um arquivo ou em um pipe, como `| ssh servidor 'cat > midias.tar'`
export-sum =
    { $files ->
        [one] { $files } arquivo
       *[other] { $files } arquivos
    } ({ $bytes }) em { $target }; { $omitted ->
        [one] { $omitted } omitido
       *[other] { $omitted } omitidos
    }
export-would-be =
    seriam exportados para { $target }: { $files ->
        [one] { $files } arquivo
       *[other] { $files } arquivos
    } ({ $bytes }); { $omitted ->
        [one] { $omitted } omitido
       *[other] { $omitted } omitidos
    }
export-kept =
    { $count ->
        [one] { $count } deles já estava lá
       *[other] { $count } deles já estavam lá
    }
export-carried =
    { $count ->
        [one] mais { $count } arquivo de exportações anteriores permanece lá e no manifesto
       *[other] mais { $count } arquivos de exportações anteriores permanecem lá e no manifesto
    }
export-how-to-restore = os arquivos omitidos estão marcados em manifest.jsonl; `midiateca retry ID` baixa de novo um arquivo ausente enquanto o WhatsApp o tiver
export-stopped-archive = interrompido; { $target }, incompleto, foi removido
export-stopped-folder =
    interrompido; { $files ->
        [one] { $files } arquivo está
       *[other] { $files } arquivos estão
    } em { $target }, e o mesmo comando continua dali
export-stopped-stream = interrompido; o arquivo na saída padrão está incompleto: descarte-o
