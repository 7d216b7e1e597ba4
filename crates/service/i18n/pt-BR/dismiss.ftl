### What `media dismiss` prints.

dismiss-name-media = informe mídias, ou use --failed ou --expired
dismiss-dismissed = dispensada
dismiss-would-be-dismissed = seria dispensada
dismiss-skipped = ignorada: não falhou nem expirou
dismiss-not-found = não encontrada
dismiss-sum = dispensadas: { $dismissed }, ignoradas: { $skipped }, não encontradas: { $not_found }
dismiss-would-sum = seriam dispensadas: { $dismissed }, ignoradas: { $skipped }, não encontradas: { $not_found }
