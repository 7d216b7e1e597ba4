### What `media dismiss` says.

dismiss-name-media = informe mídias, ou use --failed ou --expired
dismiss-dismissed = dispensada
dismiss-would-be-dismissed = seria dispensada
dismiss-left-alone = deixada como está: não falhou nem expirou
dismiss-not-found = não encontrada
dismiss-sum = dispensadas: { $dismissed }, deixadas como estão: { $left }, não encontradas: { $unknown }
dismiss-would-sum = seriam dispensadas: { $dismissed }, deixadas como estão: { $left }, não encontradas: { $unknown }
