//! The kinds of media, and the labels of their keys.

/// The five kinds of media that people send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MediaKind {
    /// A photo.
    Image,
    /// A video, a GIF (which WhatsApp sends as video) or a round video note.
    Video,
    /// A voice note or another sound.
    Audio,
    /// Any file.
    Document,
    /// A sticker.
    Sticker,
}

impl MediaKind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Image,
        Self::Video,
        Self::Audio,
        Self::Document,
        Self::Sticker,
    ];

    /// The name, lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Document => "document",
            Self::Sticker => "sticker",
        }
    }

    /// The kind with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

macro_rules! key_kinds {
    ($($(#[$doc:meta])* $variant:ident $wire:literal $info:literal;)*) => {
        /// The label under which a media key is expanded (HKDF info). The sender chooses it, usually but not always
        /// by the message's type. The table is WhatsApp Web's.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum KeyKind { $($(#[$doc])* $variant,)* }

        impl KeyKind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The HKDF info string, ASCII.
            pub fn info(self) -> &'static str {
                match self { $(Self::$variant => $info,)* }
            }

            /// The canonical `mms-type` of the wire.
            pub fn wire_type(self) -> &'static str {
                match self { $(Self::$variant => $wire,)* }
            }
        }
    };
}

key_kinds! {
    /// Photos and stickers.
    Image "image" "WhatsApp Image Keys";
    /// Videos, GIFs, round video notes.
    Video "video" "WhatsApp Video Keys";
    /// Voice notes and other sounds.
    Audio "audio" "WhatsApp Audio Keys";
    /// Files.
    Document "document" "WhatsApp Document Keys";
    /// A pack of stickers, one zip.
    StickerPack "sticker-pack" "WhatsApp Sticker Pack Keys";
    /// A photo's preview.
    ImageThumbnail "thumbnail-image" "WhatsApp Image Thumbnail Keys";
    /// A video's preview.
    VideoThumbnail "thumbnail-video" "WhatsApp Video Thumbnail Keys";
    /// A file's preview.
    DocumentThumbnail "thumbnail-document" "WhatsApp Document Thumbnail Keys";
    /// A link's preview.
    LinkThumbnail "thumbnail-link" "WhatsApp Link Thumbnail Keys";
    /// A sticker pack's preview.
    StickerPackThumbnail "thumbnail-sticker-pack" "WhatsApp Sticker Pack Thumbnail Keys";
    /// Artwork of embedded music.
    MusicArtwork "music-artwork" "WhatsApp Music Artwork Keys";
    /// The picture behind a payment.
    PaymentBackground "payment-bg-image" "WhatsApp Payment Background Keys";
    /// History of messages.
    History "md-msg-hist" "WhatsApp History Keys";
    /// State of the app.
    AppState "md-app-state" "WhatsApp App State Keys";
    /// History of a group; this label has neither prefix nor suffix.
    GroupHistory "group-history" "Group History";
    /// An advertisement's picture.
    AdsImage "ads-image" "ads-image";
    /// An advertisement's video.
    AdsVideo "ads-video" "ads-video";
}

impl KeyKind {
    /// The label of an `mms-type`; some types share one.
    pub fn from_wire_type(name: &str) -> Option<Self> {
        match name {
            "sticker" | "product" | "xma-image" => Some(Self::Image),
            "ptv" | "gif" => Some(Self::Video),
            "ptt" => Some(Self::Audio),
            "maiba-file" => Some(Self::Document),
            other => Self::ALL
                .iter()
                .copied()
                .find(|kind| kind.wire_type() == other),
        }
    }
}

impl From<MediaKind> for KeyKind {
    fn from(kind: MediaKind) -> Self {
        match kind {
            MediaKind::Image | MediaKind::Sticker => Self::Image,
            MediaKind::Video => Self::Video,
            MediaKind::Audio => Self::Audio,
            MediaKind::Document => Self::Document,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_names_in_both_directions() {
        let names = [
            (MediaKind::Image, "image"),
            (MediaKind::Video, "video"),
            (MediaKind::Audio, "audio"),
            (MediaKind::Document, "document"),
            (MediaKind::Sticker, "sticker"),
        ];
        assert_eq!(names.map(|(kind, _)| kind), MediaKind::ALL);
        for (kind, name) in names {
            assert_eq!(kind.as_str(), name);
            assert_eq!(MediaKind::parse(name), Some(kind));
        }
        for name in ["", "Image", "images", "ptt", " image", "xyzzy"] {
            assert_eq!(MediaKind::parse(name), None, "{name:?}");
        }
    }

    #[test]
    fn labels_have_wire_types_in_both_directions() {
        for kind in KeyKind::ALL {
            assert_eq!(KeyKind::from_wire_type(kind.wire_type()), Some(*kind));
        }
        for (name, kind) in [
            ("sticker", KeyKind::Image),
            ("product", KeyKind::Image),
            ("xma-image", KeyKind::Image),
            ("ptv", KeyKind::Video),
            ("gif", KeyKind::Video),
            ("ptt", KeyKind::Audio),
            ("maiba-file", KeyKind::Document),
        ] {
            assert_eq!(KeyKind::from_wire_type(name), Some(kind), "{name}");
        }
        for name in ["", "Image", "WhatsApp Image Keys", "xyzzy"] {
            assert_eq!(KeyKind::from_wire_type(name), None, "{name:?}");
        }
    }

    #[test]
    fn no_two_labels_have_one_info_or_wire_type() {
        for (at, kind) in KeyKind::ALL.iter().enumerate() {
            for other in &KeyKind::ALL[..at] {
                assert_ne!(kind.info(), other.info());
                assert_ne!(kind.wire_type(), other.wire_type());
            }
        }
    }

    #[test]
    fn each_kind_has_its_label() {
        let labels = MediaKind::ALL.map(KeyKind::from).map(KeyKind::info);
        assert_eq!(
            labels,
            [
                "WhatsApp Image Keys",
                "WhatsApp Video Keys",
                "WhatsApp Audio Keys",
                "WhatsApp Document Keys",
                "WhatsApp Image Keys",
            ]
        );
    }
}
