//! What `test-webhook` says.

words! {
    TOO_LARGE: "a delivery of more than {limit} bytes is not taken", "uma entrega com mais de {limit} bytes não é aceita";
    CANNOT_KEEP: "cannot write the delivery to the data folder", "não é possível gravar a entrega na pasta de dados";
    NAMES_NO_INSTANCE: "the delivery names no instance: name one with --instance ID", "a entrega não diz de que instância é: informe uma com --instance ID";
    UNKNOWN_INSTANCE: "no instance {id} is known; see `midiateca instance list`", "não existe instância {id}; veja `midiateca instance list`";
    NO_INSTANCE: "there is no instance yet: `midiateca instance add ID --client N --token-env VAR`, or try `midiateca demo`", "ainda não há instância: `midiateca instance add ID --client N --token-env VAR`, ou experimente `midiateca demo`";
    MEDIA_GONE: "the media that was just committed is gone", "a mídia que acabou de ser confirmada sumiu";

    // the steps
    RECEIVED: "received", "recebida";
    COMMITTED: "committed", "confirmada";
    DETECTED: "detected", "detectada";
    IGNORED: "ignored", "ignorada";
    SET_ASIDE: "set aside", "separada";
    REFUSED: "refused", "recusada";
    ROUTE_TRIED: "route tried", "rota tentada";
    LINK: "link", "link";
    BYTES: "bytes", "bytes";
    VERIFIED: "verified", "comprovada";
    PATH: "path", "caminho";
    ROW: "row", "registro";
    NOT_STORED: "not stored", "não gravada";
}
