### What `hold` says.

hold-added = a retenção legal { $id } está em vigor: regras de retenção e apagamentos não mexem no que ela abrange
hold-released = a retenção legal { $id } foi encerrada
hold-everything = tudo
hold-chat = conversa { $id }
hold-person = pessoa { $id }
hold-since = desde { $at }
hold-in-force = em vigor
hold-released-at = encerrada em { $at }
