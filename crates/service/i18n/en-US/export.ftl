### What `media export` prints.

export-terminal = an archive is not for a terminal
    .hint = write it to a file, or to a pipe such as `| ssh host 'cat > media.tar'`
export-sum =
    { $files ->
        [one] { $files } file
       *[other] { $files } files
    } ({ $bytes }) in { $target }; { $omitted } omitted
export-would-be =
    would be exported to { $target }: { $files ->
        [one] { $files } file
       *[other] { $files } files
    } ({ $bytes }); { $omitted } omitted
export-kept =
    { $count ->
        [one] { $count } of them was already there
       *[other] { $count } of them were already there
    }
export-carried =
    { $count ->
        [one] { $count } more file of earlier exports remains there and in the manifest
       *[other] { $count } more files of earlier exports remain there and in the manifest
    }
export-how-to-restore = omitted files are marked in manifest.jsonl; `midiateca retry ID` downloads a missing file again while WhatsApp has it
export-stopped-archive = stopped; the incomplete { $target } was removed
export-stopped-folder =
    stopped; { $files ->
        [one] { $files } file is
       *[other] { $files } files are
    } in { $target }, and the same command continues from there
export-stopped-stream = stopped; the archive on stdout is incomplete: discard it
