//! What `instance configure-webhooks` says.

words! {
    HOLDS: "holds", "contém";
    SET: "set", "gravado";
    NOT_SET: "NOT set", "NÃO gravado";
    NO_ADDRESS: "say how the door is reached from outside with --public-url https://…, or set door.public_url", "informe o endereço público com --public-url https://…, ou configure door.public_url";
    BY_HAND: "set what is missing by hand: in the gateway's panel, paste the address that `midiateca instance rotate-hook ID` prints into every slot", "configure o que falta à mão: no painel do gateway, cole em cada webhook o endereço que `midiateca instance rotate-hook ID` mostra";
    NOTHING_TO_UNDO: "the slots of this instance were not set from here, so nothing can be put back", "os webhooks desta instância não foram configurados por aqui, então não há o que desfazer";
    NOT_UNDONE: "not all slots hold what they held before; set the rest by hand in the gateway's panel, or run the same command again", "nem todos os webhooks voltaram ao que continham; configure o resto à mão no painel do gateway, ou rode o mesmo comando de novo";
}
