### What `check` says.

check-no-server = nenhum servidor está rodando em { $data }: os webhooks não são respondidos e nada é baixado; inicie com `systemctl start midiateca` ou `midiateca serve`
check-storage-gone = o armazenamento { $path } não existe: o disco está montado? Não inicie um servidor sem ele
check-silent-server = o servidor em { $address } está rodando e não responde: os webhooks não são recebidos; reinicie com `systemctl restart midiateca` e guarde o log dele
check-server-not-ready = o servidor em { $address } não consegue gravar agora (/readyz responde 503), e os webhooks podem receber 503; `midiateca doctor --problems` e o log dele dizem por quê
check-database-closed = não é possível gravar no banco de dados ({ $path }: { $why }), e os webhooks recebem 503; { $hint }
check-storage-closed = não é possível gravar no armazenamento ({ $path }: { $why }), e nada é armazenado; { $hint }
check-no-token = { $instance }: sem token do gateway; `midiateca instance add ID --client N --token-env VAR`
check-key = não é possível abrir os tokens do gateway: { $why }; coloque de volta o secret.key certo, `midiateca doctor` diz como
check-problem = { $instance }: { $reason }
check-scan-code = { $instance }: desconectada; leia o QR code de novo no painel do gateway
check-storage = { $count }: { $reason }
check-quarantined = entregas do último dia que não puderam ser lidas e foram separadas: { $count }; `midiateca deliveries list --set-aside`, depois `midiateca deliveries replay --set-aside` ou `midiateca deliveries dismiss`
check-given-up = mídias que falharam ou expiraram: { $count }; veja os motivos, corrija e use `midiateca retry --failed --expired`, ou `midiateca media dismiss --failed --expired` para aceitar a perda
check-files-missing = arquivos gravados que não estão no disco: { $count }
check-files-of-wrong-size = arquivos gravados com tamanho diferente do registrado: { $count }
check-no-room = o disco está quase cheio ({ $free } livres): os downloads esperam e continuam quando houver { $resume } livres; veja [retention] em `midiateca config init`
check-clock-jumped = o relógio da máquina está { $by } fora do horário esperado: nada é removido e nada expira; acerte-o, ou `midiateca doctor --accept-clock`
check-waits-long = há mídia esperando há mais de um dia; o `midiateca serve` está rodando?

## The tables

check-instances = Instâncias
check-media = Mídias
check-reasons = Não gravadas, e por quê
check-folders = Pastas
check-client = cliente
check-instance = instância
check-state = estado
check-token = token
check-deliveries = entregas
check-last-delivery = última entrega
check-kept = guardado
check-missing = falta
check-not-told = não informado
check-by-kind = por tipo
check-stored-bytes = bytes gravados
check-by-status = por estado
check-last-hour = última hora
check-count = quantas
check-reason = motivo
check-meaning = o que significa
check-may-heal = tem conserto
check-yes = sim
check-no = não
check-folder = pasta
check-files = arquivos
check-bytes = bytes

## The lines below them

check-on-disk = arquivos no disco: { $present } presentes, { $missing } faltando, { $wrong_size } de tamanho errado
check-look-at = { "  " }veja: { $file }
check-success-rate = taxa de sucesso: { $rate }
check-oldest-waiting = espera mais antiga: { $time }
check-next-deadline = próximo prazo: { $time }
check-next = próximo passo: midiateca client add NOME; midiateca instance add ID --client N --token-env VAR
check-needs-attention = precisa de atenção: { $need }
check-all-well = veredito: nada precisa de atenção
