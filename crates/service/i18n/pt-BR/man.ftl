### What the manual pages say beyond the help.

man-name = NOME
man-synopsis = SINOPSE
man-description = DESCRIÇÃO
man-commands = COMANDOS
man-version = VERSÃO
man-exit-status = CÓDIGOS DE SAÍDA
man-fine = Está tudo bem.
man-found-wrong = O comando rodou e encontrou algo que precisa de atenção.
man-usage = Uso errado, ou configurações que não podem valer.
man-out-of-reach = Algo de que o comando precisa está fora de alcance, como a pasta de dados, o banco de dados, o disco ou a rede.
