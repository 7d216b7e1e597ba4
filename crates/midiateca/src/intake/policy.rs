//! What is not fetched, by the operator's rules.

use wa_media::FoundMedia;

use crate::config::Keep;
use crate::gateway::Message;
use crate::media::Reason;

/// Why a media is not to be fetched; nothing when it is. The first rule that speaks is the one that is told.
pub(super) fn skip(keep: &Keep, message: &Message, found: &FoundMedia) -> Option<Reason> {
    let chat = message.chat_id.as_deref().unwrap_or("");
    let rules = [
        (found.view_once && !keep.view_once, Reason::ViewOnce),
        (chat == "status@broadcast" && !keep.stories, Reason::Story),
        (
            chat.ends_with("@newsletter") && !keep.newsletters,
            Reason::Newsletter,
        ),
        (message.is_group && !keep.groups, Reason::Group),
        (message.from_me && !keep.own, Reason::OwnMessage),
    ];
    rules
        .into_iter()
        .find(|(applies, _)| *applies)
        .map(|(_, reason)| reason)
}
