### What the manual pages say beyond the help.

man-name = NAME
man-synopsis = SYNOPSIS
man-description = DESCRIPTION
man-commands = SUBCOMMANDS
man-version = VERSION
man-exit-status = EXIT STATUS
man-fine = All is well.
man-found-wrong = It ran, and found something that a person should look at.
man-usage = Wrong usage, or settings that cannot be.
man-out-of-reach = Something that it needs is out of reach, such as the data folder, the database, the disk or the network.
