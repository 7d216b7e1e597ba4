### How the command line shows an error, and the errors of its own.

cli-error = error: { $message }
cli-hint = hint: { $hint }
cli-no-stdout = stdout cannot be written
cli-no-threads = no threads can be started
cli-terminal-panicked = the program crashed
cli-terminal-not-taken = the terminal cannot be used
    .hint = `midiateca monitor --lines` needs no full screen
cli-terminal-no-keys = the terminal's keys cannot be read
    .hint = `midiateca monitor --lines` needs no full screen
cli-exit-status = Exit status
cli-exit-codes = 0, success; 1, the command ran and found something wrong; 2, wrong usage or configuration; 3, something required is out of reach, such as the data folder, the database or the network
