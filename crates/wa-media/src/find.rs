//! Which media a message holds, however deeply it is wrapped.
//!
//! A work list walks every object of the content, never what a message quotes. Unknown wrappers are walked like
//! known ones, and whatever has a key and a path is reported, so that a new kind of wrapper loses nothing.

use std::collections::VecDeque;

use serde_json::{Map, Value};

use crate::carrier::{carrier, is_closed, key_kind, kind_of_words};
use crate::read::{bytes32, field, flag, number, same_name, text};
use crate::{KeyKind, MediaKey, MediaKind};

/// No message carries more files than this.
const MOST_MEDIA: usize = 64;
/// How many objects are looked at.
const MOST_OBJECTS: usize = 2_048;
/// How deep: each of 16 wrappers takes two levels.
const DEEPEST: usize = 34;

type Object = Map<String, Value>;

/// What a message holds.
#[derive(Debug, Default)]
pub struct Found {
    /// The media, in an order that does not depend on the order of the JSON's keys.
    pub media: Vec<FoundMedia>,
    /// The message was larger or deeper than is looked at.
    pub cut_short: bool,
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
    /// A moving sticker, or a video that plays like a GIF.
    pub animated: bool,
    /// The fields around it, from the outside in, such as `ephemeralMessage/message`; empty at the top level.
    pub wrapper: String,
}

/// One object on the work list.
struct Node<'a> {
    object: &'a Object,
    /// The field it stands in.
    name: &'a str,
    wrapper: String,
    depth: usize,
    view_once: bool,
}

/// Looks through a message's content, wrappers and all.
pub fn find(content: &Value) -> Found {
    let mut found = Found::default();
    let root = content.as_object().map(|object| Node {
        object,
        name: "",
        wrapper: String::new(),
        depth: 0,
        view_once: false,
    });
    let mut work: VecDeque<_> = root.into_iter().collect();
    let mut seen = 0;
    while let Some(node) = work.pop_front() {
        seen += 1;
        if seen > MOST_OBJECTS || node.depth > DEEPEST {
            found.cut_short = true;
            continue;
        }
        if let Some(media) = flat(&node) {
            add(&mut found, media);
            continue;
        }
        let mut carried = Vec::new();
        for (name, value) in node.object.iter().filter(|(name, _)| !is_closed(name)) {
            match (carrier(name), value.as_object()) {
                (Some((place, kind)), Some(object)) => carried.push((place, name, kind, object)),
                _ => work.extend(children(&node, name, value)),
            }
        }
        carried.sort_by_key(|(place, ..)| *place);
        for (_, name, kind, object) in carried
            .into_iter()
            .filter(|(.., object)| !object.is_empty())
        {
            let mut media = describe(kind, name, object);
            media.view_once |= node.view_once;
            media.wrapper.clone_from(&node.wrapper);
            add(&mut found, media);
        }
    }
    found
}

/// The objects in a field, one or a list of them.
fn children<'a>(node: &Node<'_>, name: &'a str, value: &'a Value) -> Vec<Node<'a>> {
    let objects: Vec<&Object> = match value {
        Value::Object(object) => vec![object],
        Value::Array(list) => list.iter().filter_map(Value::as_object).collect(),
        _ => return Vec::new(),
    };
    let view_once = node.view_once || name.to_ascii_lowercase().starts_with("viewonce");
    let wrapper = if node.wrapper.is_empty() {
        name.to_owned()
    } else {
        format!("{}/{name}", node.wrapper)
    };
    let child = |object| Node {
        object,
        name,
        wrapper: wrapper.clone(),
        depth: node.depth + 1,
        view_once,
    };
    objects.into_iter().map(child).collect()
}

/// A file that is described outside any known carrier: flat messages, and carriers yet unknown.
fn flat(node: &Node<'_>) -> Option<FoundMedia> {
    field(node.object, &["mediaKey"])?;
    field(node.object, &["directPath"]).and_then(text)?;
    let word = |names: &[&str]| {
        field(node.object, names)
            .and_then(text)
            .and_then(kind_of_words)
    };
    let kind = word(&["type"])
        .or_else(|| kind_of_words(node.name))
        .or_else(|| word(&["mimetype"]));
    let mut media = describe(kind.unwrap_or(MediaKind::Document), node.name, node.object);
    media.voice_note |= field(node.object, &["type"]).and_then(text) == Some("ptt");
    media.view_once |= node.view_once;
    media.wrapper.clone_from(&node.wrapper);
    Some(media)
}

/// Adds a media, or merges it with the same one found before.
fn add(found: &mut Found, media: FoundMedia) {
    let same = found.media.iter_mut().find(|known| known.is_same(&media));
    if let Some(known) = same {
        known.view_once |= media.view_once;
        known.caption = known.caption.take().or(media.caption);
        known.file_name = known.file_name.take().or(media.file_name);
        known.sha256 = known.sha256.or(media.sha256);
        known.enc_sha256 = known.enc_sha256.or(media.enc_sha256);
    } else if found.media.len() < MOST_MEDIA {
        found.media.push(media);
    } else {
        found.cut_short = true;
    }
}

impl FoundMedia {
    /// Whether both are the same file, told twice in one delivery.
    fn is_same(&self, other: &Self) -> bool {
        let keys = self.media_key.is_some() && self.media_key == other.media_key;
        let hashes = match (self.enc_sha256, other.enc_sha256) {
            (Some(one), Some(two)) => one == two,
            _ => self.direct_path == other.direct_path,
        };
        keys && hashes && self.kind == other.kind
    }
}

fn describe(kind: MediaKind, carrier: &str, object: &Object) -> FoundMedia {
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
        key_kind: key_kind(carrier, kind),
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
        voice_note: same_name(carrier, "pttMessage") || field(object, &["ptt"]).is_some_and(flag),
        view_once: field(object, &["viewOnce"]).is_some_and(flag),
        animated: field(object, &["isAnimated", "gifPlayback", "isLottie"]).is_some_and(flag),
        wrapper: String::new(),
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

    fn leaf(path: &str) -> Value {
        let key = "rwyoaVpbrjfFQ3X1YKt7Y1+pnun0a2536qDKOnT2HuQ=";
        json!({"mediaKey": key, "directPath": path, "mimetype": "image/jpeg"})
    }

    fn paths(content: &Value) -> Vec<String> {
        find(content)
            .media
            .into_iter()
            .filter_map(|media| media.direct_path)
            .collect()
    }

    #[test]
    fn every_wrapper_is_opened_known_or_not() {
        for wrapper in [
            "deviceSentMessage",
            "ephemeralMessage",
            "viewOnceMessage",
            "viewOnceMessageV2",
            "viewOnceMessageV2Extension",
            "documentWithCaptionMessage",
            "editedMessage",
            "groupMentionedMessage",
            "botInvokeMessage",
            "lottieStickerMessage",
            "eventCoverImage",
            "statusMentionMessage",
            "groupStatusMentionMessage",
            "pollCreationOptionImageMessage",
            "pollCreationMessageV4",
            "associatedChildMessage",
            "statusAddYours",
            "groupStatusMessage",
            "groupStatusMessageV2",
            "limitSharingMessage",
            "botTaskMessage",
            "questionMessage",
            "questionReplyMessage",
            "botForwardedMessage",
            "newsletterAdminProfileMessage",
            "spoilerMessage",
            "commentMessage",
            "wrapperOfNextYear",
        ] {
            let media = find(&json!({wrapper: {"message": {"imageMessage": leaf("/a")}}})).media;
            assert_eq!(media.len(), 1, "{wrapper}");
            assert_eq!(media[0].wrapper, format!("{wrapper}/message"));
            assert_eq!(media[0].view_once, wrapper.starts_with("viewOnce"));
        }
    }

    #[test]
    fn carriers_inside_interactive_messages_are_found() {
        for content in [
            json!({"protocolMessage": {"type": 14, "editedMessage": {"documentWithCaptionMessage": {"message": {"documentMessage": leaf("/a")}}}}}),
            json!({"interactiveMessage": {"header": {"imageMessage": leaf("/a")}}}),
            json!({"interactiveMessage": {"carouselMessage": {"cards": [{"header": {"videoMessage": leaf("/a")}}]}}}),
            json!({"templateMessage": {"hydratedTemplate": {"imageMessage": leaf("/a")}, "hydratedFourRowTemplate": {"imageMessage": leaf("/a")}}}),
            json!({"buttonsMessage": {"documentMessage": leaf("/a")}}),
            json!({"productMessage": {"product": {"productImage": leaf("/a")}}}),
            json!({"requestPaymentMessage": {"noteMessage": {"imageMessage": leaf("/a")}, "background": {"mediaData": leaf("/b")}}}),
            json!({"Message": {"imageMessage": leaf("/a")}, "RawMessage": {"ephemeralMessage": {"message": {"imageMessage": leaf("/a")}}}}),
            json!({"type": "ptt", "mediaKey": leaf("")["mediaKey"], "directPath": "/a"}),
            json!({"holographicMessage": leaf("/a")}),
        ] {
            assert_eq!(paths(&content), ["/a"], "{content}");
        }
        let flat =
            find(&json!({"type": "ptt", "mediaKey": leaf("")["mediaKey"], "directPath": "/a"}))
                .media
                .remove(0);
        assert_eq!((flat.kind, flat.voice_note), (MediaKind::Audio, true));
    }

    #[test]
    fn what_a_message_quotes_is_not_its_own() {
        let content = json!({
            "extendedTextMessage": {"contextInfo": {"quotedMessage": {"imageMessage": leaf("/quoted")}}},
            "imageMessage": {"mediaKey": leaf("")["mediaKey"], "directPath": "/own", "contextInfo": {"quotedMessage": {"imageMessage": leaf("/quoted")}}},
            "messageContextInfo": {"botMetadata": leaf("/bot")},
            "protocolMessage": {"historySyncNotification": leaf("/history")},
        });
        assert_eq!(paths(&content), ["/own"]);
    }

    #[test]
    fn depth_width_and_number_are_limited() {
        let mut deep = json!({"imageMessage": leaf("/a")});
        for _ in 0..16 {
            deep = json!({"ephemeralMessage": {"message": deep}});
        }
        assert_eq!(paths(&deep), ["/a"]);
        let deeper = json!({"a": {"message": {"b": {"message": deep}}}});
        let found = find(&deeper);
        assert!(found.media.is_empty() && found.cut_short);
        let key = |n: u8| json!(vec![n; 32]);
        let many: Vec<_> = (0..100)
            .map(|n| json!({"imageMessage": {"mediaKey": key(n), "directPath": "/a"}}))
            .collect();
        let found = find(&json!({"cards": many}));
        assert!(found.media.len() == MOST_MEDIA && found.cut_short);
        let wide: Vec<_> = (0..5_000).map(|n| json!({"n": n})).collect();
        assert!(find(&json!({"cards": wide})).cut_short);
    }
}
