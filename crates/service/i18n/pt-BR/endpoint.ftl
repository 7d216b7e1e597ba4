### What `endpoint` says.

endpoint-added = o endpoint { $id } foi adicionado; guarde este segredo: ele é mostrado só agora
endpoint-of-all-clients = este endpoint recebe os eventos de todos os clientes; --client N limita a um
endpoint-queued = a notificação { $id } está na fila
endpoint-removed = o endpoint { $url } foi removido com as suas notificações
endpoint-all-types = todos os tipos
endpoint-enabled = ativo
endpoint-disabled-at = desativado em { $at }
endpoint-failing-since = falhando desde { $at }
