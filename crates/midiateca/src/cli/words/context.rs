//! What every command may say of the files that it is given.

words! {
    ONLY_READ: "nothing can be written here ({why}); what is there is only read", "não é possível gravar aqui ({why}); os dados serão apenas lidos";
    CANNOT_READ: "cannot read {path}", "não é possível ler {path}";
    CANNOT_READ_STDIN: "cannot read stdin", "não é possível ler a entrada padrão (stdin)";
    CANNOT_WRITE: "cannot write {path}", "não é possível gravar {path}";
    CANNOT_WRITE_BESIDE: "cannot write beside {path}", "não é possível gravar ao lado de {path}";
    CANNOT_MAKE: "cannot make {path}", "não é possível criar {path}";
    STAYS: "{path} exists already and stays as it is", "{path} já existe e fica como está";
}
