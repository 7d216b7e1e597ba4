//! What `check`, `doctor` and `instance show` say of refused deliveries.

words! {
    SENTENCE: "{about}: {seen}; {hint}", "{about}: {seen}; {hint}";
    ONE: "1 delivery refused since {since}: {why}", "1 entrega recusada desde {since}: {why}";
    MANY: "{count} deliveries refused since {since}, the last at {last}: {why}", "{count} entregas recusadas desde {since}, a última em {last}: {why}";
    ONE_CONNECTION: "1 connection refused since {since}: {why}", "1 conexão recusada desde {since}: {why}";
    MANY_CONNECTIONS: "{count} connections refused since {since}, the last at {last}: {why}", "{count} conexões recusadas desde {since}, a última em {last}: {why}";
    OWN: "{seen}; {hint}", "{seen}; {hint}";
    SEEN: "{seen}", "{seen}";
    HINT: "{hint}", "{hint}";
    NONE: "none", "nenhuma";
    LABEL: "refused", "recusadas";
    TRIED: "counted refused deliveries", "entregas recusadas contadas";
    NONE_LATELY: "none within the last day", "nenhuma no último dia";

    MISSING_TOKEN: "their address has no webhook token", "o endereço não tem o token do webhook";
    WRONG_TOKEN: "their webhook token is wrong", "o token do webhook está errado";
    REPLACED_TOKEN: "their webhook address was replaced by another one", "o endereço do webhook foi substituído por outro";
    REMOVED_INSTANCE: "the instance was removed", "a instância foi removida";
    OTHER_INSTANCE: "they came to the webhook address of {address_of}", "chegaram no endereço de webhook da {address_of}";
    UNKNOWN_INSTANCE: "they came to its webhook address and name an instance that does not exist here", "chegaram no endereço de webhook dela e indicam uma instância que não existe aqui";
    UNKNOWN_GATEWAY: "their address names no known gateway", "o endereço não indica um gateway conhecido";
    BODY_TOO_LARGE: "larger than door.max_body_bytes", "maiores que door.max_body_bytes";
    UNSUPPORTED_MEDIA_TYPE: "encoded in a way that is not supported", "com codificação não suportada";

    TOO_MANY_CONNECTIONS: "there were too many", "havia conexões demais";
    RAISE_CONNECTIONS: "the log names the address and the limit; block the address, or raise door.max_connections or door.max_connections_per_address", "o log cita o endereço e o limite; bloqueie o endereço, ou aumente door.max_connections ou door.max_connections_per_address";
    PASTE_ADDRESS: "paste the webhook address of {instance} into all webhook slots of its panel: `midiateca instance rotate-hook {instance}` prints a new one, `midiateca instance configure-webhooks {instance} --public-url URL` sets it", "cole o endereço de webhook da {instance} em todos os webhooks do painel dela: `midiateca instance rotate-hook {instance}` mostra um novo, `midiateca instance configure-webhooks {instance} --public-url URL` o configura";
    FIND_INSTANCE: "`midiateca doctor` reads every instance's webhook slots and names those with another address; ignore this if the server is scanned from outside", "`midiateca doctor` lê os webhooks de cada instância e indica os que têm outro endereço; ignore se for uma varredura de fora";
    REMOVE_OR_ADD: "remove the address from the gateway's panel, or add the instance again with `midiateca instance add {instance} --client N`", "tire o endereço do painel do gateway, ou cadastre a instância de novo com `midiateca instance add {instance} --client N`";
    ADD_INSTANCE: "`midiateca deliveries list` shows them; add the instance with `midiateca instance add ID --client N`, and give it its own address", "`midiateca deliveries list` as mostra; cadastre a instância com `midiateca instance add ID --client N` e use o endereço dela";
    CORRECT_ADDRESS: "the address must be /hooks/{gateway}/TOKEN", "o endereço deve ser /hooks/{gateway}/TOKEN";
    RAISE_LIMIT: "raise door.max_body_bytes, and the body limit of the reverse proxy", "aumente door.max_body_bytes e o limite de corpo do proxy reverso";
    SEND_PLAIN: "let the gateway or proxy send JSON, plain or compressed with gzip", "faça o gateway ou proxy enviar JSON, puro ou comprimido com gzip";
}
