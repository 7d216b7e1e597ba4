### How the command line shows an error, and the errors of its own.

cli-error = erro: { $message }
cli-hint = dica: { $hint }
cli-no-stdout = não é possível gravar na saída padrão (stdout)
cli-no-threads = não é possível iniciar threads
cli-data-missing = não há dados em { $path }: nada foi guardado ali ainda
cli-name-data = informe a pasta certa com --data, ou comece com `midiateca client add NOME`
cli-gateway-token-missing = não há token do gateway para esta instância
cli-add-token = grave-o: `midiateca instance add ID --client N --token-env VAR`
cli-gateway-token-undecryptable = não é possível abrir o token do gateway
cli-api-base-invalid = o endereço da API não é uma URL
cli-set-api-base = corrija-o: `midiateca instance add ID --client N --api-base URL`
cli-gateway-silent = o gateway não responde
cli-gateway-status = o gateway respondeu { $status }
cli-gateway-refuses = o gateway recusa: { $named }
cli-gateway-empty = a resposta do gateway não informa nada da instância
cli-gateway-other = o gateway respondeu sobre outra instância: { $named }
cli-gateway-not-json = o gateway respondeu algo que não é JSON
cli-see-instance = `midiateca doctor --instance ID` testa o token da instância e diz o que fazer
cli-time-invalid = { $text } não é um horário; escreva como 2026-11-24, 2026-11-24T12:00:00Z, 90m, 24h ou 7d
cli-terminal-panicked = algo no programa falhou
cli-terminal-not-taken = não é possível usar o terminal
cli-terminal-no-keys = não é possível ler o teclado do terminal
cli-use-lines = `midiateca monitor --lines` dispensa a tela cheia
cli-key-or-token = restaure o arquivo secret.key certo, ou grave o token de novo: `midiateca instance add ID --client N --token-env VAR`
cli-usage = uso incorreto
