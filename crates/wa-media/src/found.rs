//! One media as its message describes it. Nothing of it is verified.

use serde_json::{Map, Value};

use crate::carrier::{key_kind, says_view_once};
use crate::link::{DirectPath, path_of_url};
use crate::read::{
    base64_bytes, bytes32, field, flag, is_empty_bytes, number, same_name, seconds, text, waveform,
};
use crate::{KeyKind, MediaKey, MediaKind};

/// One media of a message. Its slot is its index in [`Found::media`](crate::Found::media).
#[derive(Clone, Debug)]
pub struct FoundMedia {
    /// The kind.
    pub kind: MediaKind,
    /// The label of its key.
    pub key_kind: KeyKind,
    /// The key. Channels publish unencrypted files without one.
    pub media_key: Option<MediaKey>,
    /// The message has a key that does not have 32 bytes.
    pub media_key_malformed: bool,
    /// When the key was created, unix seconds; the link usually lives 30 days longer.
    pub media_key_at: Option<i64>,
    /// The path on the CDN; taken from WhatsApp's own link when the message has no path.
    pub direct_path: Option<String>,
    /// The full link; often expired or to another host.
    pub url: Option<String>,
    /// A link to an unencrypted file; only channels have it.
    pub static_url: Option<String>,
    /// SHA-256 of the plaintext.
    pub sha256: Option<[u8; 32]>,
    /// SHA-256 of the encrypted file.
    pub enc_sha256: Option<[u8; 32]>,
    /// Declared length of the plaintext in bytes; often wrong.
    pub length_bytes: Option<u64>,
    /// The declared type, with parameters.
    pub mime: Option<String>,
    /// The declared file name: untrusted, never a path.
    pub file_name: Option<String>,
    /// The caption.
    pub caption: Option<String>,
    /// An edit removes the caption.
    pub caption_removed: bool,
    /// Pixels.
    pub width: Option<u32>,
    /// Pixels.
    pub height: Option<u32>,
    /// Duration.
    pub seconds: Option<u32>,
    /// Recorded in the app.
    pub voice_note: bool,
    /// View-once.
    pub view_once: bool,
    /// An animated sticker, or a video that plays like a GIF.
    pub animated: bool,
    /// Found in an edit of an earlier message.
    pub edited: bool,
    /// The edited message's id, if the edit has it. Unverified: the author chooses it.
    pub edits: Option<String>,
    /// When the edit was written, unix milliseconds by the sender's clock.
    pub edited_at_ms: Option<i64>,
    /// The file itself, if the gateway put it into the message.
    pub inline: Option<Inline>,
    /// A link to the decrypted file, if the gateway gave one: a URL, or a path below the gateway's address.
    pub link: Option<String>,
    /// The id by which the gateway hands out the file, such as the media id of Meta's Cloud API.
    pub media_id: Option<String>,
    /// A small JPEG of it, made by the sender's app.
    pub preview: Option<Inline>,
    /// The loudness of a voice note in 64 places, 0 to 100, made by the sender's app.
    pub waveform: Option<[u8; 64]>,
    /// The fields around it, from the outside in, such as `ephemeralMessage/message`; empty at the top level.
    pub wrapper: String,
}

/// A file inside the message, as base64. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Inline(String);

impl Inline {
    /// From base64, or from a text that stands for it.
    pub fn new(base64: &str) -> Self {
        Self(base64.to_owned())
    }

    /// The decoded bytes; `None` when the text is not base64 (either alphabet, padded or not, with or without `data:`
    /// prefix).
    pub fn decode(&self) -> Option<Vec<u8>> {
        base64_bytes(&self.0).filter(|bytes| !bytes.is_empty())
    }

    /// The original text.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Inline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Inline({} characters)", self.0.len())
    }
}

/// The base64 of a file in a field of `object`.
pub(crate) fn inline(object: &Map<String, Value>) -> Option<Inline> {
    let value = field(object, &["base64"]).and_then(text)?;
    Some(Inline(value.to_owned()))
}

/// Base64 in `jpegThumbnail`, also as Node's `{"type":"Buffer","data":…}`.
fn preview(object: &Map<String, Value>) -> Option<Inline> {
    let value = field(object, &["jpegThumbnail"])?;
    let value = value.get("data").unwrap_or(value);
    text(value).map(Inline::new)
}

/// The path, or the one in WhatsApp's own link when the path is invalid.
fn usable_path(path: Option<String>, url: Option<&str>) -> Option<String> {
    let declared = path.as_deref();
    if declared.is_some_and(|path| DirectPath::parse(path).is_ok()) {
        return path;
    }
    let in_link = declared
        .and_then(path_of_url)
        .or_else(|| url.and_then(path_of_url));
    in_link.map(str::to_owned).or(path)
}

/// Whether a link has more than a host.
fn leads_to_a_file(link: &str) -> bool {
    let path = link.split_once("://").map_or(link, |(_, rest)| rest);
    path.split_once('/')
        .is_some_and(|(_, path)| !path.is_empty())
}

/// Whether the new content of a message removes the caption: explicitly, or as a complete content without one. A
/// content with neither caption nor file changes nothing, unless it is empty, as JSON writes a message of empty
/// fields.
fn says_no_caption(object: &Map<String, Value>) -> bool {
    let caption = object.iter().find(|(name, _)| same_name(name, "caption"));
    match caption {
        Some((_, value)) => {
            value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
        }
        None => object.is_empty() || field(object, &["mediaKey", "directPath"]).is_some(),
    }
}

impl FoundMedia {
    /// Whether there is something to download or to store: a key, a path, a link or bytes.
    pub fn has_file(&self) -> bool {
        self.media_key.is_some()
            || self.media_key_malformed
            || self.direct_path.is_some()
            || self.static_url.is_some()
            || self.inline.is_some()
            || self.link.is_some()
            || self.media_id.is_some()
            || self.url.as_deref().is_some_and(leads_to_a_file)
    }

    /// Whether it is only a new caption for an earlier message.
    pub fn is_caption_edit(&self) -> bool {
        self.edited && !self.has_file()
    }

    /// Reads the fields of a media that another system has, by their names in a message: `mediaKey`, `directPath`,
    /// `fileSha256`, …
    pub fn of_fields(kind: MediaKind, fields: &Map<String, Value>) -> Self {
        Self {
            caption_removed: false,
            ..Self::describe(kind, "", fields)
        }
    }

    /// Reads the object that a carrier's field holds.
    pub(crate) fn describe(kind: MediaKind, carrier: &str, object: &Map<String, Value>) -> Self {
        let words = |names: &[&str]| field(object, names).and_then(text).map(str::to_owned);
        let small = |names: &[&str]| {
            field(object, names)
                .and_then(number)
                .and_then(|number| u32::try_from(number).ok())
        };
        let hash = |names: &[&str]| field(object, names).and_then(bytes32);
        let key = field(object, &["mediaKey"]).filter(|key| !is_empty_bytes(key));
        let media_key = key.and_then(bytes32).map(MediaKey::new);
        let url = words(&["url", "deprecatedMms3Url", "clientUrl"]);
        let direct_path = usable_path(words(&["directPath"]), url.as_deref());
        Self {
            kind,
            key_kind: key_kind(carrier, kind),
            media_key_malformed: key.is_some() && media_key.is_none(),
            media_key,
            media_key_at: field(object, &["mediaKeyTimestamp"]).and_then(seconds),
            direct_path,
            url,
            static_url: words(&["staticUrl"]),
            sha256: hash(&["fileSha256", "filehash", "sha256"]),
            enc_sha256: hash(&["fileEncSha256", "encFilehash"]),
            length_bytes: field(object, &["fileLength", "size"]).and_then(number),
            mime: words(&["mimetype"]),
            file_name: words(&["fileName", "title"]),
            caption: words(&["caption"]).filter(|words| !words.trim().is_empty()),
            caption_removed: says_no_caption(object),
            width: small(&["width"]),
            height: small(&["height"]),
            seconds: small(&["seconds"]),
            voice_note: same_name(carrier, "pttMessage")
                || field(object, &["ptt"]).is_some_and(flag),
            view_once: says_view_once(object),
            animated: ["isAnimated", "gifPlayback", "isLottie"]
                .iter()
                .any(|name| field(object, &[name]).is_some_and(flag)),
            edited: false,
            edits: None,
            edited_at_ms: None,
            inline: inline(object),
            link: None,
            media_id: None,
            preview: preview(object),
            waveform: field(object, &["waveform"]).and_then(waveform),
            wrapper: String::new(),
        }
    }

    /// Whether both are the same file, repeated in one delivery.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let same = |one: bool, two: bool, equal: bool| (one && two).then_some(equal);
        let (a, b) = (self, other);
        let keys = same(
            a.media_key.is_some(),
            b.media_key.is_some(),
            a.media_key == b.media_key,
        );
        let comparisons = [
            same(
                a.enc_sha256.is_some(),
                b.enc_sha256.is_some(),
                a.enc_sha256 == b.enc_sha256,
            ),
            same(a.sha256.is_some(), b.sha256.is_some(), a.sha256 == b.sha256),
            same(
                a.direct_path.is_some(),
                b.direct_path.is_some(),
                a.direct_path == b.direct_path,
            ),
        ];
        a.kind == b.kind
            && keys != Some(false)
            && match comparisons.into_iter().flatten().next() {
                Some(equal) => equal,
                None => keys == Some(true),
            }
    }

    /// Fills missing fields from a repeat of the same file.
    pub(crate) fn merge(&mut self, other: Self) {
        self.view_once |= other.view_once;
        self.voice_note |= other.voice_note;
        self.animated |= other.animated;
        self.caption_removed &= other.caption.is_none();
        self.media_key_malformed &= other.media_key.is_none();
        macro_rules! fill {
            ($($field:ident)*) => { $( if self.$field.is_none() { self.$field = other.$field; } )* };
        }
        fill!(edits edited_at_ms media_key media_key_at direct_path url static_url sha256 enc_sha256 length_bytes mime file_name caption width height seconds inline link media_id preview waveform);
    }
}
