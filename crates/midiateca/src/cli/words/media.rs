//! What `media` says.

words! {
    UNKNOWN: "no media {id} is known; see `midiateca media list`", "não existe mídia {id}; veja `midiateca media list`";
    UNKNOWN_KIND: "{name} is no kind; there are image, video, audio, document, sticker", "{name} não é um tipo; existem image, video, audio, document, sticker";
    UNKNOWN_STATUS: "{name} is no status; there are pending, downloading, stored, failed, expired, skipped", "{name} não é um estado; existem pending, downloading, stored, failed, expired, skipped";
}
