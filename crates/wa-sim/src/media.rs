//! Served media: real small files, or large ones generated while they are sent.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};
use wa_media::{KeyKind, MediaKey, MediaKind};

use crate::Fault;

/// The bytes of a media.
#[derive(Clone, Debug)]
pub enum Content {
    /// Fixed bytes.
    Bytes(Bytes),
    /// Generated from a seed while they are sent.
    Generated {
        /// Another seed gives other bytes.
        seed: u64,
        /// The length.
        size_bytes: u64,
    },
}

const PIECE: usize = 64 << 10;

/// The key of the documented audio and of all generated files: `rwyoaVpbrjfFQ3X1YKt7Y1+pnun0a2536qDKOnT2HuQ=`.
pub const DOCUMENTED_KEY: [u8; 32] = [
    0xaf, 0x0c, 0xa8, 0x69, 0x5a, 0x5b, 0xae, 0x37, 0xc5, 0x43, 0x75, 0xf5, 0x60, 0xab, 0x7b, 0x63,
    0x5f, 0xa9, 0x9e, 0xe9, 0xf4, 0x6b, 0x6e, 0x77, 0xea, 0xa0, 0xca, 0x3a, 0x74, 0xf6, 0x1e, 0xe4,
];

impl Content {
    /// The length.
    pub fn size_bytes(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Generated { size_bytes, .. } => *size_bytes,
        }
    }

    /// The complete content, compressed.
    pub(crate) fn gzip(&self) -> std::io::Result<Self> {
        let pieces = (0..self.size_bytes())
            .step_by(PIECE)
            .map(|offset| self.piece(offset));
        gzip(pieces).map(Self::Bytes)
    }

    /// Up to 64 KiB from `offset`; empty at the end.
    pub(crate) fn piece(&self, offset: u64) -> Bytes {
        match self {
            Self::Bytes(bytes) => {
                let start = usize::try_from(offset)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                bytes.slice(start..(start + PIECE).min(bytes.len()))
            }
            Self::Generated { seed, size_bytes } => {
                let left = size_bytes.saturating_sub(offset).min(PIECE as u64);
                let mut piece = vec![0; usize::try_from(left).unwrap_or(0)];
                fill(*seed, offset, &mut piece);
                piece.into()
            }
        }
    }

    /// The complete content.
    pub(crate) fn to_bytes(&self) -> Bytes {
        if let Self::Bytes(bytes) = self {
            return bytes.clone();
        }
        let mut bytes = Vec::new();
        while (bytes.len() as u64) < self.size_bytes() {
            bytes.extend_from_slice(&self.piece(bytes.len() as u64));
        }
        bytes.into()
    }

    /// SHA-256 of the complete content.
    pub fn sha256(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut offset = 0;
        while offset < self.size_bytes() {
            let piece = self.piece(offset);
            hash.update(&piece);
            offset += piece.len() as u64;
        }
        hash.finalize().into()
    }
}

/// Compresses pieces of bytes into one gzip member.
pub(crate) fn gzip(pieces: impl Iterator<Item = Bytes>) -> std::io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for piece in pieces {
        encoder.write_all(&piece)?;
    }
    encoder.finish().map(Bytes::from)
}

/// Begins like an Ogg/Opus file, then xorshift noise in 8-byte words. `offset` is a multiple of 64 KiB.
fn fill(seed: u64, offset: u64, piece: &mut [u8]) {
    let mut state = (seed.wrapping_mul(2) ^ offset.wrapping_mul(0x9e37_79b9_7f4a_7c15)) | 1;
    for word in piece.chunks_mut(8) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        word.copy_from_slice(&state.to_le_bytes()[..word.len()]);
    }
    const HEAD: &[u8] = b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead";
    if offset == 0 && piece.len() >= HEAD.len() {
        piece[..HEAD.len()].copy_from_slice(HEAD);
    }
}

/// SHA-256 of [`Content::Generated`].
pub fn generated_sha256(seed: u64, size_bytes: u64) -> [u8; 32] {
    Content::Generated { seed, size_bytes }.sha256()
}

/// The form in which the gateway returns a link's expiry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LinkExpiry {
    /// Unix milliseconds, as W-API does.
    #[default]
    Milliseconds,
    /// Unix seconds.
    Seconds,
    /// Unix milliseconds as text.
    Text,
    /// 0.
    Zero,
    /// Omitted.
    Absent,
}

/// One media, its message and its faults.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of the message")]
pub struct SimMedia {
    pub instance: String,
    pub message_id: String,
    pub kind: MediaKind,
    pub content: Content,
    pub mime: String,
    /// Whether the delivery contains the hashes.
    pub with_hashes: bool,
    /// The gateway's fault.
    pub fault: Fault,
    /// The CDN's fault.
    pub cdn_fault: Fault,
    /// The fault of the CDN's second host.
    pub fallback_fault: Fault,
    /// Whether the delivery contains the key.
    pub with_key: bool,
    /// Whether the CDN has it unencrypted, like the files of channels.
    pub in_the_clear: bool,
    /// Whether the delivery contains the bytes.
    pub with_bytes: bool,
    /// Whether the delivery contains a link, which W-API's never does.
    pub with_link: bool,
    pub file_name: Option<String>,
    pub caption: Option<String>,
    pub chat_id: Option<String>,
    pub sender_id: Option<String>,
    pub sender_lid: Option<String>,
    pub push_name: Option<String>,
    pub from_me: bool,
    pub is_group: bool,
    /// Unix seconds.
    pub moment: Option<i64>,
    pub voice_note: bool,
    pub event: Option<String>,
    /// Unix seconds; the `oe` of the path.
    pub expires_at: i64,
    pub media_key: MediaKey,
    /// The label of its key, if not the kind's.
    pub key_kind: Option<KeyKind>,
    /// Derived from the message's id unless set.
    pub direct_path: Option<String>,
    /// The name in the link; generated unless set.
    pub link_name: Option<String>,
    /// The form of the link's expiry.
    pub link_expiry: LinkExpiry,
}

macro_rules! file {
    ($name:literal) => {
        Bytes::from_static(include_bytes!(concat!("../media/", $name)))
    };
}

/// Invented people: name, chat, and what they send. One writes in a group.
const PEOPLE: [(&str, &str, MediaKind, Option<&str>); 6] = [
    ("Seu Antônio", "5500900000002", MediaKind::Audio, None),
    (
        "Marlene Prado",
        "5500900000003",
        MediaKind::Image,
        Some("chegou assim, dá para trocar?"),
    ),
    (
        "Dona Cida",
        "5500900000001",
        MediaKind::Document,
        Some("o orçamento assinado"),
    ),
    (
        "Téo da Oficina",
        "5500900000004",
        MediaKind::Video,
        Some("olha o barulho do motor"),
    ),
    ("Seu Antônio", "5500900000002", MediaKind::Sticker, None),
    (
        "Rita",
        "120363000000000001@g.us",
        MediaKind::Image,
        Some("foto da vistoria"),
    ),
];

impl SimMedia {
    /// Like [`Self::sample`], of another person and kind for each of several `n`, sent now.
    pub fn in_turn(instance: &str, message_id: &str, n: usize) -> Self {
        let (name, chat, kind, caption) = PEOPLE[n % PEOPLE.len()];
        let is_group = chat.ends_with("@g.us");
        Self {
            push_name: Some(name.to_owned()),
            chat_id: Some(chat.to_owned()),
            sender_id: Some(if is_group { "5500900000005" } else { chat }.to_owned()),
            sender_lid: None,
            is_group,
            caption: caption.map(str::to_owned),
            moment: None,
            ..Self::sample(instance, message_id, kind)
        }
    }

    /// A real small file of a kind, in a message of invented people.
    pub fn sample(instance: &str, message_id: &str, kind: MediaKind) -> Self {
        let (bytes, mime) = match kind {
            MediaKind::Image => (file!("photo.jpg"), "image/jpeg"),
            MediaKind::Video => (file!("video.mp4"), "video/mp4"),
            MediaKind::Audio => (file!("voice.ogg"), "audio/ogg; codecs=opus"),
            MediaKind::Document => (file!("document.pdf"), "application/pdf"),
            MediaKind::Sticker => (file!("sticker.webp"), "image/webp"),
        };
        let document = kind == MediaKind::Document;
        Self {
            instance: instance.to_owned(),
            message_id: message_id.to_owned(),
            kind,
            content: Content::Bytes(bytes),
            mime: mime.to_owned(),
            with_hashes: true,
            fault: Fault::None,
            cdn_fault: Fault::None,
            fallback_fault: Fault::None,
            with_key: true,
            in_the_clear: false,
            with_bytes: false,
            with_link: false,
            file_name: document.then(|| "orçamento da reforma.pdf".to_owned()),
            caption: (kind == MediaKind::Image).then(|| "segue a foto".to_owned()),
            chat_id: Some("5500900000001".to_owned()),
            sender_id: Some("5500900000001".to_owned()),
            sender_lid: Some("100000000000001@lid".to_owned()),
            push_name: Some("Dona Cida".to_owned()),
            from_me: false,
            is_group: false,
            moment: Some(1_790_000_000),
            voice_note: kind == MediaKind::Audio,
            event: Some("webhookReceived".to_owned()),
            expires_at: 1_892_592_000,
            media_key: MediaKey::new(Sha256::digest(message_id.as_bytes()).into()),
            key_kind: None,
            direct_path: None,
            link_name: None,
            link_expiry: LinkExpiry::default(),
        }
    }

    /// Its name in links.
    pub(crate) fn file_id(&self) -> String {
        self.link_name.clone().unwrap_or_else(|| {
            let id = self.message_id.chars();
            let id = id.filter(char::is_ascii_alphanumeric).take(64);
            format!("{}_{}.bin", id.collect::<String>(), self.kind.as_str())
        })
    }

    /// The id of its file where messages have one.
    pub fn media_id(&self) -> String {
        let digits = self.media_key.as_bytes()[..8].iter();
        digits.map(|byte| format!("{:02}", byte % 100)).collect()
    }

    /// The label of its key.
    pub(crate) fn label(&self) -> KeyKind {
        self.key_kind.unwrap_or_else(|| self.kind.into())
    }

    /// The documented audio: a minimal delivery, 5067 bytes, a link that expired on 5 September 2025.
    pub fn documented() -> Self {
        Self {
            content: Content::Bytes(file!("documented.ogg")),
            with_hashes: false,
            chat_id: None,
            sender_id: None,
            sender_lid: None,
            push_name: None,
            moment: None,
            voice_note: false,
            event: None,
            media_key: MediaKey::new(DOCUMENTED_KEY),
            direct_path: Some(
                "/v/t62.7117-24/19083661_1303226854859439_3997981883652895124_n.enc?ccb=11-4&oh=01_Q5Aa2AHv1g25E-1H3jqetiO5I0A7GCCp1SbCxNT7hCJBPKZhJw&oe=68BB4268&_nc_sid=5e03e0"
                    .to_owned(),
            ),
            link_name: Some("34f16e1c-8913-44f4-98e7-b0a535b55930_audio.oga".to_owned()),
            ..Self::sample("3B6XIW-ZTS923-GEAY6V", "B80D865264B9CA985108F695BEF5B564", MediaKind::Audio)
        }
    }
}
