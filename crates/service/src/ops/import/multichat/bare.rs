//! A media of which only its kind is known, and a record that tells no more than what its file is called.

use wa_media::FoundMedia;

use super::original::Record;
use crate::model::MediaKind;

impl Record {
    /// What its row tells of keys and hashes is told of another file of the message.
    pub(super) fn be_further(&mut self) {
        let known = nothing_known(self.found.kind);
        let found = std::mem::replace(&mut self.found, known);
        self.found.mime = found.mime;
        self.found.file_name = found.file_name;
        self.found.caption = found.caption;
    }
}

/// A media of which nothing is known but what it is.
pub(super) fn nothing_known(kind: MediaKind) -> FoundMedia {
    FoundMedia {
        kind,
        key_kind: kind.into(),
        media_key: None,
        media_key_malformed: false,
        media_key_at: None,
        direct_path: None,
        url: None,
        static_url: None,
        sha256: None,
        enc_sha256: None,
        length_bytes: None,
        mime: None,
        file_name: None,
        caption: None,
        caption_removed: false,
        width: None,
        height: None,
        seconds: None,
        voice_note: false,
        view_once: false,
        animated: false,
        edited: false,
        edits: None,
        edited_at_ms: None,
        inline: None,
        wrapper: String::new(),
    }
}
