### What every command may say of the files that it is given.

context-created = a new installation begins in { $path }
context-only-read = nothing can be written here ({ $why }); the data are only read
context-cannot-read = cannot read { $path }
context-cannot-read-stdin = cannot read stdin
context-cannot-write = cannot write { $path }
context-cannot-make = cannot create { $path }
context-stays = { $path } already exists and was not changed
context-more = hint: more follow; --cursor { $cursor } shows the next page
context-nothing = nothing found
