//! What `serve` says, besides its log lines.

words! {
    STARTED: "midiateca listens on {address}, its data are in {data}; Ctrl-C ends it", "midiateca escutando em {address}, com os dados em {data}; Ctrl-C encerra";
    STOPPING: "stopping: downloads under way may end", "encerrando: os downloads em andamento podem terminar";
    ENDED: "ended", "encerrado";
}
