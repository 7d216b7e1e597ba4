### What `user` says.

user-last-sign-in = last signed in { $at }
user-no-password-yet = no password yet
user-open-link = open this address to set the password; it is shown only now, and valid for a day
user-password-set = { $name } has a new password and is signed out everywhere
user-removed = { $name } is removed
user-unknown = there is no user { $name }
    .hint = `midiateca user list` shows the users
user-ask-password = password (not shown):
user-no-password = no password was given
    .hint = use --password-stdin or --password-file FILE
