### What `media list` and `media show` say.

media-unknown = nenhuma mídia { $id } é conhecida; veja `midiateca media list`
