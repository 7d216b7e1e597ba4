//! What is not fetched, by the operator's rules.

use wa_media::{FoundMedia, KeyKind};

use crate::config::Keep;
use crate::gateway::Message;
use crate::media::Reason;

/// Why a media is not to be fetched; nothing when it is. The first rule that speaks is the one that is told.
pub(super) fn skip(keep: &Keep, message: &Message, found: &FoundMedia) -> Option<Reason> {
    let chat = message.chat_id.as_deref().unwrap_or("");
    // W-API calls the chat of stories just `status`.
    let story = matches!(chat, "status" | "status@broadcast");
    let rules = [
        (found.view_once && !keep.view_once, Reason::ViewOnce),
        (story && !keep.stories, Reason::Story),
        (
            chat.ends_with("@newsletter") && !keep.newsletters,
            Reason::Newsletter,
        ),
        (message.is_group && !keep.groups, Reason::Group),
        (message.from_me && !keep.own, Reason::OwnMessage),
        (
            found.key_kind == KeyKind::StickerPack && !keep.sticker_packs,
            Reason::StickerPack,
        ),
        (
            !keep.kinds.contains(&found.kind.into()),
            Reason::KindNotKept,
        ),
        (
            found
                .length_bytes
                .is_some_and(|length| plausible(length) && length > keep.max_bytes),
            Reason::OverSize,
        ),
    ];
    rules
        .into_iter()
        .find(|(applies, _)| *applies)
        .map(|(_, reason)| reason)
}

/// Some senders declare absurd lengths on purpose; no file of WhatsApp's is larger than 2 GiB.
fn plausible(length: u64) -> bool {
    length <= 2 << 30
}
