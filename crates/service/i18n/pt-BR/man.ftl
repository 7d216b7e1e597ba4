### What the manual pages say beyond the help.

man-name = NOME
man-synopsis = SINOPSE
man-description = DESCRIÇÃO
man-commands = COMANDOS
man-version = VERSÃO
man-exit-status = CÓDIGOS DE SAÍDA
man-fine = Concluído.
man-found-wrong = O comando foi executado e encontrou algo que precisa de atenção.
man-usage = Uso ou configuração incorretos.
man-out-of-reach = Algo necessário está inacessível, como a pasta de dados, o banco de dados, o disco ou a rede.
