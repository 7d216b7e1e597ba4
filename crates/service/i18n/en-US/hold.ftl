### What `hold` says.

hold-added = hold { $id } is in force: retention rules and erasures leave alone what it covers
hold-covers-nothing = no stored media matches it yet: if it should, release it and check the id with `midiateca media list`
hold-covers = { $count ->
    [one] it covers { $count } media now
   *[other] it covers { $count } media now
 }
hold-released = hold { $id } is released
hold-everything = everything
hold-chat = chat { $id }
hold-person = person { $id }
hold-since = since { $at }
hold-in-force = in force
hold-released-at = released { $at }
