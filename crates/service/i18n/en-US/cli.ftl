### How the command line shows an error, and the errors of its own.

cli-error = error: { $message }
cli-hint = hint: { $hint }
cli-no-stdout = stdout cannot be written
cli-no-threads = no threads can be started
cli-data-missing = there are no data in { $path }: nothing is kept there yet
cli-name-data = name the right folder with --data, or begin with `midiateca client add NAME`
cli-gateway-token-missing = no gateway token is kept for this instance
cli-add-token = add it: `midiateca instance add ID --client N --token-env VAR`
cli-gateway-token-undecryptable = the gateway token cannot be unsealed
cli-api-base-invalid = the API base is not a URL
cli-set-api-base = correct it: `midiateca instance add ID --client N --api-base URL`
cli-gateway-silent = the gateway does not answer
cli-gateway-status = the gateway answered { $status }
cli-gateway-refuses = the gateway refuses: { $named }
cli-gateway-empty = the gateway's answer tells nothing of the instance
cli-gateway-other = the gateway told of another instance: { $named }
cli-gateway-not-json = the gateway answered something that is not JSON
cli-see-instance = `midiateca doctor --instance ID` tries the instance's token and says what to do
cli-time-invalid = { $text } is no time; write it like 2026-11-24, 2026-11-24T12:00:00Z, 90m, 24h or 7d
cli-terminal-panicked = something in the program panicked
cli-terminal-not-taken = the terminal cannot be taken
cli-terminal-no-keys = the terminal's keys cannot be read
cli-use-lines = `midiateca monitor --lines` needs no full screen
cli-key-or-token = put the right secret.key back, or add the token again: `midiateca instance add ID --client N --token-env VAR`
cli-usage = wrong usage
