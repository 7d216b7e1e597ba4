### What the manual pages say beyond the help.

man-name = NAME
man-synopsis = SYNOPSIS
man-description = DESCRIPTION
man-commands = SUBCOMMANDS
man-version = VERSION
man-exit-status = EXIT STATUS
man-fine = Success.
man-found-wrong = The command ran and found something that needs attention.
man-usage = Wrong usage or configuration.
man-out-of-reach = Something required is unreachable, such as the data folder, the database, the disk or the network.
