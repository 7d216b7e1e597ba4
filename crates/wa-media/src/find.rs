//! Which media a message holds.

use serde_json::{Map, Value};

use crate::read::{bytes32, field, flag, number, same_name, text};
use crate::{KeyKind, MediaKey, MediaKind};

/// No message carries more files than this.
const MOST_MEDIA: usize = 64;

/// The names under which a message holds media.
const CARRIERS: &[(&str, MediaKind)] = &[
    ("audioMessage", MediaKind::Audio),
    ("documentMessage", MediaKind::Document),
    ("imageMessage", MediaKind::Image),
    ("pttMessage", MediaKind::Audio),
    ("ptvMessage", MediaKind::Video),
    ("stickerMessage", MediaKind::Sticker),
    ("videoMessage", MediaKind::Video),
];

/// What a message holds.
#[derive(Debug, Default)]
pub struct Found {
    /// The media, in an order that does not depend on the order of the JSON's keys.
    pub media: Vec<FoundMedia>,
}

/// One media of a message, as the message describes it. Nothing of it is proven.
#[derive(Clone, Debug)]
pub struct FoundMedia {
    /// What it is.
    pub kind: MediaKind,
    /// The label of its key.
    pub key_kind: KeyKind,
    /// The key.
    pub media_key: Option<MediaKey>,
    /// There is a key, but it is not 32 bytes long.
    pub media_key_malformed: bool,
    /// The path on the CDN, as it came.
    pub direct_path: Option<String>,
    /// The full link, as it came; often dead or foreign.
    pub url: Option<String>,
    /// SHA-256 of the plaintext.
    pub sha256: Option<[u8; 32]>,
    /// SHA-256 of the encrypted file.
    pub enc_sha256: Option<[u8; 32]>,
    /// Length of the plaintext in bytes. It lies.
    pub length_bytes: Option<u64>,
    /// The declared type, with parameters.
    pub mime: Option<String>,
    /// The declared file name: hostile, never a path.
    pub file_name: Option<String>,
    /// The text under it.
    pub caption: Option<String>,
    /// Pixels.
    pub width: Option<u32>,
    /// Pixels.
    pub height: Option<u32>,
    /// Duration.
    pub seconds: Option<u32>,
    /// Recorded on the spot.
    pub voice_note: bool,
    /// To be seen once.
    pub view_once: bool,
}

/// Looks at the top level of a message's content.
pub fn find(content: &Value) -> Found {
    let Some(content) = content.as_object() else {
        return Found::default();
    };
    let mut media = Vec::new();
    for (carrier, kind) in CARRIERS {
        let matching = content.iter().filter(|(key, _)| same_name(key, carrier));
        for object in matching.filter_map(|(_, value)| value.as_object()) {
            if !object.is_empty() && media.len() < MOST_MEDIA {
                media.push(describe(*kind, carrier, object));
            }
        }
    }
    Found { media }
}

fn describe(kind: MediaKind, carrier: &str, object: &Map<String, Value>) -> FoundMedia {
    let words = |names: &[&str]| field(object, names).and_then(text).map(str::to_owned);
    let small = |names: &[&str]| {
        field(object, names)
            .and_then(number)
            .and_then(|number| u32::try_from(number).ok())
    };
    let hash = |names: &[&str]| field(object, names).and_then(bytes32);
    let key = field(object, &["mediaKey"]);
    let media_key = key.and_then(bytes32).map(MediaKey::new);
    FoundMedia {
        kind,
        key_kind: kind.into(),
        media_key_malformed: key.is_some() && media_key.is_none(),
        media_key,
        direct_path: words(&["directPath"]),
        url: words(&["url", "deprecatedMms3Url"]),
        sha256: hash(&["fileSha256", "filehash"]),
        enc_sha256: hash(&["fileEncSha256", "encFilehash"]),
        length_bytes: field(object, &["fileLength", "size"]).and_then(number),
        mime: words(&["mimetype"]),
        file_name: words(&["fileName", "title"]),
        caption: words(&["caption"]),
        width: small(&["width"]),
        height: small(&["height"]),
        seconds: small(&["seconds"]),
        voice_note: carrier == "pttMessage" || field(object, &["ptt"]).is_some_and(flag),
        view_once: field(object, &["viewOnce"]).is_some_and(flag),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_five_kinds_are_found_in_any_case() {
        let content = json!({
            "imageMessage": {"URL": "u", "fileSHA256": "x"}, "VIDEOMESSAGE": {"a": 1}, "audio_message": {"PTT": true},
            "documentMessage": {"title": "t"}, "stickerMessage": {"a": 1}, "messageContextInfo": {"a": 1}, "conversation": "oi",
        });
        let kinds: Vec<_> = find(&content)
            .media
            .iter()
            .map(|media| media.kind)
            .collect();
        assert_eq!(
            kinds,
            [
                MediaKind::Audio,
                MediaKind::Document,
                MediaKind::Image,
                MediaKind::Sticker,
                MediaKind::Video
            ]
        );
        assert!(find(&content).media[0].voice_note);
    }

    #[test]
    fn a_malformed_key_is_told_apart_from_none() {
        let found = find(
            &json!({"imageMessage": {"mediaKey": "AAAA"}, "audioMessage": {"mediaKey": ""}, "videoMessage": {}}),
        );
        let malformed: Vec<_> = found
            .media
            .iter()
            .map(|media| (media.kind, media.media_key_malformed))
            .collect();
        assert_eq!(
            malformed,
            [(MediaKind::Audio, false), (MediaKind::Image, true)]
        );
    }
}
