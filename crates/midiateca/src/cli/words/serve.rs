//! What `serve` says, besides its log lines.

words! {
    STARTED: "midiateca listens on {address}, its data are in {data}; Ctrl-C ends it", "midiateca escutando em {address}, com os dados em {data}; Ctrl-C encerra";
    NO_PUBLIC_URL: "warning: door.public_url is not set, so webhook addresses are printed as http://localhost…; set it to the address at which the gateway reaches this server, such as https://midia.example.com", "aviso: door.public_url não está configurado, e os endereços de webhook são mostrados como http://localhost…; configure o endereço em que o gateway alcança este servidor, como https://midia.example.com";
    STOPPING: "stopping: downloads under way may end", "encerrando: os downloads em andamento podem terminar";
    ENDED: "ended", "encerrado";
}
