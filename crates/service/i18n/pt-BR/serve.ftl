### What `serve` says, besides its log lines.

serve-started = midiateca escutando em { $address }, pasta de dados { $data }; Ctrl-C encerra
serve-no-public-url = aviso: http.public_url não está configurado, e os endereços de webhook são mostrados como http://localhost…; configure o endereço em que o gateway alcança este servidor, como https://midia.example.com
serve-stopping = encerrando: os downloads em andamento podem terminar
serve-ended = encerrado
serve-first-admin = ainda não há usuário: abra este endereço para definir a senha do administrador
