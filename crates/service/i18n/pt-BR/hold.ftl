### What `hold` says.

hold-added = a retenção legal { $id } está em vigor: regras de retenção e apagamentos não mexem no que ela abrange
hold-covers-nothing = nenhuma mídia corresponde a ela por enquanto: se deveria corresponder, encerre-a e confira o id com `midiateca media list`
hold-covers = { $count ->
    [one] ela abrange { $count } mídia agora
   *[other] ela abrange { $count } mídias agora
 }
hold-released = a retenção legal { $id } foi encerrada
hold-everything = tudo
hold-chat = conversa { $id }
hold-person = pessoa { $id }
hold-since = desde { $at }
hold-in-force = em vigor
hold-released-at = encerrada em { $at }
