### How the bytes of a media were verified when they were stored, by code.

proofs-key-and-hash = Descriptografada aqui com a chave de mídia da mensagem: o MAC confere, e o hash SHA-256 da mensagem também.
proofs-hash-only = Recebida sem criptografia: o hash SHA-256 é o que consta na entrega. A criptografia do WhatsApp não foi verificada.
proofs-key-only = Descriptografada aqui com a chave de mídia da mensagem: o MAC confere. A mensagem não tem hash do conteúdo.
proofs-compared-with-nothing = Recebida sem criptografia, e a entrega não tem hash: não houve com o que comparar. O hash SHA-256 foi calculado aqui no recebimento e só revela alterações posteriores.
