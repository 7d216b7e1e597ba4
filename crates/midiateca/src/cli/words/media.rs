//! What `media list` and `media show` say.

words! {
    UNKNOWN: "no media {id} is known; see `midiateca media list`", "nenhuma mídia {id} é conhecida; veja `midiateca media list`";
}
