//! What `instance configure-webhooks` says.

words! {
    SETTING: "setting {slot} …", "configurando {slot} …";
    SET: "set", "configurado";
    NOT_SET: "NOT set", "NÃO configurado";
    WOULD_BE_SET: "would be set", "seria mudado";
    LEFT: "left alone", "mantido";
    HOLDS_OURS: "holds our address: {address}", "contém o nosso endereço: {address}";
    HOLDS_OTHER: "holds an address that is not ours: {address}", "contém um endereço que não é nosso: {address}";
    HOLDS_NOTHING: "holds nothing", "vazio";
    WOULD_HOLD: "each would hold a new address of this instance at {address}", "cada um passaria a conter um novo endereço desta instância em {address}";
    NOT_REMEMBERED: "what {slot} held before can no longer be told ({why}); it keeps what it holds", "não dá mais para saber o que {slot} continha antes ({why}); fica com o que contém";
    NOT_READ_BACK: "the slots could not be read back: {why}", "não foi possível reler os webhooks: {why}";
    NO_ADDRESS: "say how the door is reached from outside with --public-url https://…, or set door.public_url", "informe o endereço público com --public-url https://…, ou configure door.public_url";
    BASE_ONLY: "--public-url is the address without /hooks/…, such as https://midia.example.com; the rest is added to it", "--public-url é o endereço sem /hooks/…, por exemplo https://midia.example.com; o resto é acrescentado a ele";
    BY_HAND: "set what is missing by hand: open the instance in the gateway's panel, then its webhooks; paste the address below into {slots}, switch each on, and save. It is shown this once; those before are taken as well until `midiateca instance rotate-hook`", "configure o que falta à mão: abra a instância no painel do gateway e os webhooks dela; cole o endereço abaixo em {slots}, ative cada um e salve. Ele só é mostrado desta vez; os anteriores continuam valendo até `midiateca instance rotate-hook`";
    NOTHING_TO_UNDO: "the slots of this instance were not set from here, so nothing can be put back", "os webhooks desta instância não foram configurados por aqui, então não há o que desfazer";
    NOT_UNDONE: "not all slots hold what they held before; run the same command again, or set the rest by hand in the gateway's panel", "nem todos os webhooks voltaram ao que continham; rode o mesmo comando de novo, ou configure o resto à mão no painel do gateway";
}
