### The messages of `demo`.

demo-starting =
    starting a simulated W-API, Evolution API and Z-API, and midiateca, on loopback
    { "  " }W-API   { $gateway }
    { "  " }webhook { $webhook }
    { "  " }data    { $data }
demo-not-ours = { $path } is not empty and was not made by the demo
    .hint = name another folder with --data
demo-mark = made by `midiateca demo`, emptied by the next run
demo-already-there = the instance existed before the demo started
demo-no-gateway = the simulated gateway cannot start
demo-no-answer = the HTTP server does not answer
demo-cannot-empty = cannot empty { $path }
demo-cannot-use = cannot use { $path }
demo-posted = → { $what } … { $status } { $answer }
demo-posted-twice = → { $what } … { $status } { $answer }, known already
demo-invitation = everything runs until Ctrl-C. To try, in another terminal:
demo-dashboard = the dashboard, with a link for you that works once: { $address }
demo-stored = { $size } bytes, { $verified }, { $attempts } x, { $file }

## The day

demo-documented = the documented voice note
demo-photo = a photo
demo-video = a video
demo-document = a document
demo-sticker = a sticker
demo-voice-note = a voice note
demo-by-evolution = a voice note through Evolution API
demo-by-zapi = a photo through Z-API
demo-again = the documented voice note again
demo-flaky = a photo for which the gateway fails twice
demo-broken = a photo whose message promises another file
demo-evil = a document whose link points into the internal network
demo-text = a message without media
demo-connected = the event that the number is connected

## What should have happened and did not

demo-wrong = error: { $what }
demo-none-stored = no media of this kind was stored: { $kind }
demo-documented-not-first = the documented audio is not the first of the report
demo-repeat-not-known = the repeated delivery was not recognised
demo-no-retry-succeeded = no failure was resolved by a retry
demo-nothing-explained = no failure was explained
