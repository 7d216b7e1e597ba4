//! What the manual pages say beyond the help.

words! {
    NAME: "NAME", "NOME";
    SYNOPSIS: "SYNOPSIS", "SINOPSE";
    DESCRIPTION: "DESCRIPTION", "DESCRIÇÃO";
    COMMANDS: "SUBCOMMANDS", "COMANDOS";
    VERSION: "VERSION", "VERSÃO";
    EXIT_STATUS: "EXIT STATUS", "CÓDIGOS DE SAÍDA";
    FINE: "All is well.", "Está tudo bem.";
    FOUND_WRONG: "It ran, and found something that a person should look at.", "O comando rodou e encontrou algo que precisa de atenção.";
    USAGE: "Wrong usage, or settings that cannot be.", "Uso errado, ou configurações que não podem valer.";
    OUT_OF_REACH: "Something that it needs is out of reach, such as the data folder, the database, the disk or the network.", "Algo de que o comando precisa está fora de alcance, como a pasta de dados, o banco de dados, o disco ou a rede.";
}
