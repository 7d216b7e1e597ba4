### O que `user` diz.

user-all-clients = todos os clientes
user-last-sign-in = último acesso { $at }
user-no-password-yet = ainda sem senha
user-open-link = abra este endereço para definir a senha; ele é mostrado só agora e vale por um dia
user-password-set = { $name } tem uma nova senha e saiu de todos os navegadores
user-removed = { $name } foi removido
user-unknown = nenhum usuário { $name } é conhecido
    .hint = `midiateca user list` mostra os usuários
user-ask-password = senha (não aparece):
user-no-password = nenhuma senha foi dada
    .hint = use --password-stdin ou --password-file ARQUIVO
