//! What `decrypt` says.

words! {
    UNKNOWN_KIND: "{name} is no kind; there are: image, video, audio, document, sticker", "{name} não é um tipo; existem: image, video, audio, document, sticker";
    NOT_32_BYTES: "{name} is not 32 bytes in any known form: copy the whole value from the message, in quotes, as base64, 64 hexadecimal digits or a JSON list of numbers", "{name} não tem 32 bytes em nenhum formato conhecido: copie da mensagem o valor inteiro, entre aspas, como base64, 64 dígitos hexadecimais ou uma lista JSON de números";
    NAME_OUTPUT: "name the output with -o, for the file does not end in .enc", "informe a saída com -o, pois o arquivo não termina em .enc";
    RIGHT: "right", "certo";
    WRONG: "WRONG", "ERRADO";
    NOT_COMPARED: "not compared", "não comparado";
    WRITTEN: "{output}: {size} bytes, verified {how}, {label} ({checks})", "{output}: {size} bytes, verificação {how}, {label} ({checks})";
    NOT_WRITTEN: "nothing was written: {why} ({checks})", "nada foi gravado: {why} ({checks})";

    // why not
    NOT_ENCRYPTED: "the file is not encrypted", "o arquivo não está cifrado";
    TOO_SHORT: "only {received} bytes, fewer than any encrypted file has", "só {received} bytes, menos do que tem qualquer arquivo cifrado";
    BAD_SHAPE: "{received} bytes are not whole blocks and a MAC: the file was cut off, or is not an encrypted one", "{received} bytes não são blocos inteiros e um MAC: o arquivo foi cortado, ou não é um arquivo cifrado";
    CORRUPT: "the bytes are not the ones that were sent", "os bytes não são os que foram enviados";
    WRONG_KEY: "the bytes are right, but not for this key and kind", "os bytes estão certos, mas não para esta chave e este tipo";
    BAD_PADDING: "the padding is malformed", "o preenchimento (padding) é malformado";
    PLAIN_HASH_MISMATCH: "the plaintext does not have the promised hash", "o conteúdo decifrado não tem o hash prometido";
}
