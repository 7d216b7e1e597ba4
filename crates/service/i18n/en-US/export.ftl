### What `media export` prints.

export-terminal = an archive is not for a terminal; write it to a file, or to a pipe such as `| ssh host 'cat > media.tar'`
export-sum =
    { $files ->
        [one] { $files } file
       *[other] { $files } files
    } ({ $bytes }) in { $target }; { $omitted ->
        [one] { $omitted } omitted
       *[other] { $omitted } omitted
    }
export-would-be =
    would be exported to { $target }: { $files ->
        [one] { $files } file
       *[other] { $files } files
    } ({ $bytes }); { $omitted ->
        [one] { $omitted } omitted
       *[other] { $omitted } omitted
    }
export-kept =
    { $count ->
        [one] { $count } of them was there already
       *[other] { $count } of them were there already
    }
export-carried =
    { $count ->
        [one] { $count } more file of earlier exports is there and stays in the manifest
       *[other] { $count } more files of earlier exports are there and stay in the manifest
    }
export-how-to-restore = omitted files are marked in manifest.jsonl; `midiateca retry ID` downloads a lost file again while WhatsApp has it
export-stopped-archive = stopped; nothing was left of { $target }
export-stopped-folder =
    stopped; { $files ->
        [one] { $files } file is
       *[other] { $files } files are
    } in { $target }, and the same command continues from there
export-stopped-stream = stopped; the archive on stdout is incomplete: discard it
