//! What the gateways' readers say of a delivery that is ignored or cannot be read, as it is recorded with it.

texts! {
    "a presence update carries no media", "um aviso de presença não traz mídia";
    "a call carries no media", "uma chamada não traz mídia";
    "a status update carries no media", "um aviso de status não traz mídia";
    "the message carries no media", "a mensagem não traz mídia";
    "the delivery carries no message", "a entrega não traz mensagem";
    "the message was erased on request", "a mensagem foi apagada a pedido";
    "names another instance", "cita outra instância";
    "a message larger or deeper than is looked at", "mensagem maior ou mais profunda do que se examina";
    "invalid JSON at line {line} column {column}", "JSON inválido na linha {line}, coluna {column}";
    "JSON with more than {limit} values", "JSON com mais de {limit} valores";
    "the body is JSON but not an object", "o conteúdo é JSON, mas não é um objeto";
}
