### What `serve` says, besides its log lines.

serve-started = midiateca listens on { $address }, data folder { $data }; Ctrl-C stops it
serve-no-public-url = warning: http.public_url is not set, so webhook addresses are printed as http://localhost…; set it to the address at which the gateway reaches this server, such as https://midia.example.com
serve-stopping = stopping: running downloads may finish
serve-ended = stopped
serve-first-admin = there is no user yet: open this address to set the password of the administrator
