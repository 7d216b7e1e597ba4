//! The names of fields that contain media, wrap other messages, or contain files that are not new media. After
//! WhatsApp's own message schema (`WAWebProtobufsE2E`).

use serde_json::{Map, Value};

use crate::read::{field, flag, letters, same_name};
use crate::{KeyKind, MediaKind};

/// Fields whose value describes one file. Their order decides the slots of a message's files.
const CARRIERS: &[(&str, MediaKind)] = &[
    ("audioMessage", MediaKind::Audio),
    ("documentMessage", MediaKind::Document),
    ("imageMessage", MediaKind::Image),
    ("pttMessage", MediaKind::Audio),
    ("ptvMessage", MediaKind::Video),
    ("stickerMessage", MediaKind::Sticker),
    ("videoMessage", MediaKind::Video),
    ("extendedAudioMessage", MediaKind::Audio),
    ("extendedDocumentMessage", MediaKind::Document),
    ("extendedImageMessage", MediaKind::Image),
    ("extendedVideoMessage", MediaKind::Video),
    ("stickerPackMessage", MediaKind::Document),
    ("productImage", MediaKind::Image),
    ("catalogImage", MediaKind::Image),
];

/// Fields with copies of other messages' media, history, decoration or links; also every field whose name begins with
/// `quoted` or `reply`.
const CLOSED: &[&str] = &[
    "contextInfo",
    "inReply",
    "repliedMessage",
    "repliedTo",
    "statusQuotedMessage",
    "messageContextInfo",
    "externalAdReply",
    "senderKeyDistributionMessage",
    "fastRatchetKeySenderKeyDistributionMessage",
    "keepInChatMessage",
    "pinInChatMessage",
    "reactionMessage",
    "encReactionMessage",
    "historySyncNotification",
    "messageHistoryBundle",
    "chatThemeSetting",
    "mediaNotifyMessage",
    "peerDataOperationRequestResponseMessage",
    "background",
    "embeddedMusic",
    "musicMetadata",
    "paymentInfo",
    "invoiceMessage",
    "processedVideos",
];

/// Fields with a complete message, to which a mark on the field applies.
const WRAPPERS: &[&str] = &[
    "message",
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
    "statusMentionMessage",
    "groupStatusMentionMessage",
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
    "newsletterAdminProfileStatusMessage",
    "spoilerMessage",
    "botPlatformRegistrationSuccessMessage",
    "protocolMessage",
    "aiQueryFanout",
    "commentMessage",
    "interactiveAnnotations",
    "annotations",
    "embeddedContent",
    "embeddedMessage",
    // Gateways' own envelopes.
    "msgContent",
    "content",
    "payload",
    "data",
    "_data",
    "event",
    "rawMessage",
    "sourceWebMsg",
];

/// Fields that stay in the chat and show a file as a part of themselves. Bots put them into `viewOnceMessage` only so
/// that old clients show them.
const SHELLS: &[&str] = &[
    "interactiveMessage",
    "interactiveMessageTemplate",
    "interactiveResponseMessage",
    "header",
    "body",
    "footer",
    "carouselMessage",
    "cards",
    "collectionMessage",
    "shopStorefrontMessage",
    "nativeFlowMessage",
    "templateMessage",
    "templateButtonReplyMessage",
    "hydratedTemplate",
    "hydratedFourRowTemplate",
    "fourRowTemplate",
    "highlyStructuredMessage",
    "hydratedHsm",
    "buttonsMessage",
    "buttonsResponseMessage",
    "listMessage",
    "listResponseMessage",
    "productListInfo",
    "productMessage",
    "product",
    "catalog",
    "orderMessage",
    "requestPaymentMessage",
    "sendPaymentMessage",
    "noteMessage",
    "pollCreationMessage",
    "pollCreationMessageV2",
    "pollCreationMessageV3",
    "pollCreationMessageV4",
    "pollCreationMessageV5",
    "pollCreationMessageV6",
    "pollCreationOptionImageMessage",
    "pollResultSnapshotMessage",
    "options",
    "eventMessage",
    "eventCoverImage",
    "groupInviteMessage",
    "extendedTextMessage",
];

/// The position of a carrier's name in the order of files, and its kind.
pub(crate) fn carrier(name: &str) -> Option<(usize, MediaKind)> {
    let at = CARRIERS
        .iter()
        .position(|(known, _)| same_name(name, known))?;
    Some((at, CARRIERS[at].1))
}

/// Whether a field with this name never has new media of this message.
pub(crate) fn is_closed(name: &str) -> bool {
    begins_with(name, b"quoted")
        || begins_with(name, b"reply")
        || CLOSED.iter().any(|closed| same_name(name, closed))
}

/// Whether a mark on a field applies to its content: a complete message, also in unknown wrappers, which all have a
/// `message`.
pub(crate) fn passes_marks(name: &str, object: &Map<String, Value>) -> bool {
    let is_one_of = |names: &[&str]| names.iter().any(|known| same_name(name, known));
    !is_one_of(SHELLS) && (is_one_of(WRAPPERS) || field(object, &["message"]).is_some())
}

/// Whether an object is marked as view-once, in any gateway's words.
pub fn says_view_once(object: &Map<String, Value>) -> bool {
    object.iter().any(|(name, value)| {
        flag(value) && (begins_with(name, b"viewonce") || begins_with(name, b"isviewonce"))
    })
}

/// Whether media in a field with this name are view-once.
pub(crate) fn is_view_once(name: &str) -> bool {
    begins_with(name, b"viewonce")
}

/// Ignores case and underscores.
fn begins_with(name: &str, beginning: &[u8]) -> bool {
    letters(name)
        .take(beginning.len())
        .eq(beginning.iter().copied())
}

/// Whether a field with this name is known to lead to media.
pub(crate) fn is_known_way(name: &str) -> bool {
    let mut known = WRAPPERS.iter().chain(SHELLS);
    known.any(|known| same_name(name, known))
}

/// Whether a field in a file's description can contain another message.
pub(crate) fn is_annotation(name: &str) -> bool {
    same_name(name, "interactiveAnnotations") || same_name(name, "annotations")
}

/// The usual label of a carrier's key.
pub(crate) fn key_kind(name: &str, kind: MediaKind) -> KeyKind {
    if same_name(name, "stickerPackMessage") {
        KeyKind::StickerPack
    } else {
        kind.into()
    }
}

/// The kind that a `type`, a field's name or a MIME type describes.
pub(crate) fn kind_of_words(words: &str) -> Option<MediaKind> {
    let words = words.to_ascii_lowercase();
    let known = [
        ("sticker", MediaKind::Sticker),
        ("ptv", MediaKind::Video),
        ("ptt", MediaKind::Audio),
        ("image", MediaKind::Image),
        ("video", MediaKind::Video),
        ("audio", MediaKind::Audio),
        ("document", MediaKind::Document),
    ];
    known
        .iter()
        .find(|(word, _)| words.contains(word))
        .map(|(_, kind)| *kind)
}
