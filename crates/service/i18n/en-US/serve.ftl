### What `serve` says, besides its log lines.

serve-started = midiateca listens on { $address }, its data are in { $data }; Ctrl-C ends it
serve-no-public-url = warning: http.public_url is not set, so webhook addresses are printed as http://localhost…; set it to the address at which the gateway reaches this server, such as https://midia.example.com
serve-stopping = stopping: downloads under way may end
serve-ended = ended
