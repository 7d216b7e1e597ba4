### What `media list` and `media show` say.

media-not-stored = { $id } não tem arquivo; `midiateca media show { $id }` diz por quê
media-file-missing = o arquivo { $path } está ausente; `midiateca scrub --repair` o procura
media-no-opener = não foi possível iniciar um programa para abri-lo: { $why }
