### What `media list` and `media show` say.

media-unknown = no media { $id } is known; see `midiateca media list`
