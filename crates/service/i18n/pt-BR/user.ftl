### What `user` says.

user-last-sign-in = último acesso { $at }
user-no-password-yet = ainda sem senha
user-open-link = abra este endereço para definir a senha; ele é mostrado só agora e vale por um dia
user-password-set = a senha de { $name } foi alterada, e as sessões foram encerradas
user-removed = o usuário { $name } foi removido
user-unknown = não existe o usuário { $name }
    .hint = `midiateca user list` mostra os usuários
user-ask-password = senha (não aparece):
user-no-password = nenhuma senha foi informada
    .hint = use --password-stdin ou --password-file ARQUIVO
