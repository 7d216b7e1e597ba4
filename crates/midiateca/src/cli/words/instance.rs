//! What `instance add`, `list`, `show`, `remove` and `rotate-hook` say.

words! {
    UNKNOWN: "no instance {id} is known; see `midiateca instance list`", "nenhuma instância {id} é conhecida; veja `midiateca instance list`";
    UNKNOWN_GATEWAY: "no gateway {name} is known; there is: wapi", "nenhum gateway {name} é conhecido; existe: wapi";
    UNKNOWN_CLIENT: "no client {client} is known; add it with `midiateca client add NAME --id {client}`", "nenhum cliente {client} é conhecido; cadastre-o com `midiateca client add NOME --id {client}`";
    EMPTY_ID: "the instance's id is empty, or has control characters in it", "o id da instância está vazio ou contém caracteres de controle";
    OTHER_CLIENT: "{id} belongs to client {client}, and its files lie there; `midiateca instance remove {id}` first if it changed hands", "{id} é do cliente {client}, e os arquivos dela estão lá; rode antes `midiateca instance remove {id}` se ela mudou de dono";
    NOT_PLAIN: "{url} is not a plain web address; write it like https://host", "{url} não é um endereço web simples; escreva como https://host";
    NOT_ROUTES: "{list} is no list of routes; there are: inline, cdn, gateway", "{list} não é uma lista de rotas; existem: inline, cdn, gateway";
    UNSET_VARIABLE: "the environment variable {name} is not set: set it before the command, as {name}=… midiateca …, or give the token with --token-file or --token-stdin", "a variável de ambiente {name} não está definida: defina-a antes do comando, como {name}=… midiateca …, ou informe o token com --token-file ou --token-stdin";
    CANNOT_READ: "cannot read {path}", "não foi possível ler {path}";
    EMPTY_TOKEN: "the gateway's token is empty", "o token do gateway está vazio";
    ADD_TOKEN: "no gateway token is kept yet: add it with --token-env, --token-file or --token-stdin", "ainda não há token do gateway: use --token-env, --token-file ou --token-stdin";
    CHANGED: "changed; its webhook address stays (`midiateca instance rotate-hook` makes a new one)", "alterada; o endereço do webhook continua (`midiateca instance rotate-hook` cria outro)";
    REMOVED: "removed; its media stay", "removida; as mídias ficam";
    PASTE: "paste this address into all webhook slots of the gateway's panel; it is shown only once:", "cole este endereço em todos os webhooks do painel do gateway; ele só é mostrado uma vez:";
    ONLY_LOCAL: "put the door's public address in the place of http://localhost…, for the gateway cannot reach that; with door.public_url (or MIDIATECA_PUBLIC_URL) set, the whole address is printed", "troque http://localhost… pelo endereço público, pois o gateway não alcança esse; com door.public_url (ou MIDIATECA_PUBLIC_URL) configurado, o endereço completo é mostrado";

    INSTANCE: "instance", "instância";
    CLIENT: "client", "cliente";
    GATEWAY: "gateway", "gateway";
    API_BASE: "API", "API";
    CDN_BASE: "CDN", "CDN";
    ROUTES: "routes", "rotas";
    STATE: "state", "estado";
    STATE_NOW: "gateway says", "gateway informa";
    PROBLEM: "problem", "problema";
    TOKEN: "gateway token", "token do gateway";
    LAST_DELIVERY: "last delivery", "última entrega";
    RHYTHM: "usual gaps", "intervalos";
    SILENCE: "silence", "silêncio";
    DELIVERIES: "deliveries", "entregas";
    MEDIA: "media", "mídias";
    WAITING: "waiting", "esperando";
    SLOT: "webhook {slot}", "webhook {slot}";
    SLOTS: "webhooks", "webhooks";

    USUAL_HOSTS: "WhatsApp's usual hosts", "servidores de costume do WhatsApp";
    USUAL_ROUTES: "{routes} (fetch.routes)", "{routes} (fetch.routes)";
    CONNECTED: "connected", "conectada";
    DISCONNECTED: "disconnected; scan its QR code again in the gateway's panel", "desconectada; leia o QR code de novo no painel do gateway";
    STATE_UNKNOWN: "unknown: the gateway has not told of it yet", "desconhecido: o gateway ainda não informou";
    SINCE: "{state}, since {at} ({span} ago)", "{state}, desde {at} (há {span})";
    NO_PROBLEM: "none", "nenhum";
    KEPT: "kept", "guardado";
    NOT_KEPT: "none is kept: `midiateca instance add {id} --client {client} --token-env VAR`", "não há: `midiateca instance add {id} --client {client} --token-env VAR`";
    NEVER: "never", "nunca";
    AGO: "{at} ({span} ago)", "{at} (há {span})";
    GAPS: "usually {usual}, at the longest {longest}", "de costume {usual}, no máximo {longest}";
    NO_RHYTHM: "too little is known to tell", "ainda não dá para saber";
    SILENT: "YES: nothing came for {span}, longer than it ever usually takes; see `midiateca doctor`", "SIM: nada chega há {span}, mais do que costuma demorar; veja `midiateca doctor`";
    NOT_SILENT: "no", "não";
    SILENCE_UNKNOWN: "cannot be told", "não dá para dizer";
    DELIVERED: "{count}, {ignored} of them without anything to keep", "{count}, {ignored} delas sem nada para guardar";
    NO_MEDIA: "none", "nenhuma";
    WAITS: "{count}, the oldest since {oldest}; the nearest deadline is {deadline}", "{count}, a mais antiga desde {oldest}; o prazo mais próximo é {deadline}";
    NOTHING_WAITS: "nothing", "nada";
    OURS: "ours", "nosso";
    OTHER: "NOT OURS", "DE OUTRO";
    EMPTY: "EMPTY", "VAZIO";
    OFF: "OFF", "DESLIGADO";
    CONFIGURE: "`midiateca instance configure-webhooks {id} --public-url URL` sets all of them", "`midiateca instance configure-webhooks {id} --public-url URL` configura todos";
    NOT_ASKED: "not read back, for --offline was given", "não relidos, por causa de --offline";
    CANNOT_ASK: "cannot be read back: {error}", "não puderam ser relidos: {error}";
}
