//! What `media list` and `media show` say.

words! {
    NO_KIND: "{name} is no kind; there are image, video, audio, document, sticker", "{name} não é um tipo; existem image, video, audio, document, sticker";
    NO_STATUS: "{name} is no status; there are pending, downloading, stored, failed, expired, skipped", "{name} não é um status; existem pending, downloading, stored, failed, expired, skipped";
    UNKNOWN: "no media {id} is known; see `midiateca media list`", "nenhuma mídia {id} é conhecida; veja `midiateca media list`";
}
