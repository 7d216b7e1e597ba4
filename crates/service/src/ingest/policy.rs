//! The operator's rules about what to download.

use wa_media::{FoundMedia, KeyKind};

use crate::config::Keep;
use crate::gateway::Message;
use crate::model::{ChatKind, Reason};

/// The reason of the first rule that excludes a media; None when it is downloaded.
pub fn skip(keep: &Keep, message: &Message, found: &FoundMedia) -> Option<Reason> {
    let chat = message.origin.chat_kind();
    let rules = [
        (found.view_once && !keep.view_once, Reason::ViewOnce),
        (chat == ChatKind::Story && !keep.stories, Reason::Story),
        (
            chat == ChatKind::Channel && !keep.newsletters,
            Reason::Newsletter,
        ),
        (chat == ChatKind::Group && !keep.groups, Reason::Group),
        (message.origin.from_me && !keep.own, Reason::OwnMessage),
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
                .is_some_and(|length| plausible(length) && length > keep.max_size.bytes()),
            Reason::OverSize,
        ),
    ];
    rules
        .into_iter()
        .find(|(applies, _)| *applies)
        .map(|(_, reason)| reason)
}

/// Some senders declare absurd lengths; WhatsApp files are at most 2 GiB.
fn plausible(length: u64) -> bool {
    length <= 2 << 30
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Kind, Size};
    use crate::model::{ChatId, Origin};
    use serde_json::json;

    fn found(extra: serde_json::Value) -> FoundMedia {
        let mut leaf = json!({"mediaKey": vec![1; 32], "directPath": "/a", "fileLength": 1_000});
        leaf.as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        wa_media::find(&json!({"imageMessage": leaf}))
            .media
            .remove(0)
    }

    #[test]
    fn each_rule_has_its_reason_and_can_be_turned() {
        let usual = Keep::default;
        let from = |origin| Message {
            origin,
            ..Message::default()
        };
        let chat = |id: &str| {
            from(Origin {
                chat: Some(ChatId(id.to_owned())),
                is_group: id.ends_with("@g.us"),
                ..Origin::default()
            })
        };
        let own = from(Origin {
            from_me: true,
            ..Origin::default()
        });
        let plain = || found(json!({}));
        for (keep, message, found, reason) in [
            (usual(), chat("5500900000001"), plain(), None),
            (usual(), chat("status"), plain(), Some(Reason::Story)),
            (
                usual(),
                chat("status@broadcast"),
                plain(),
                Some(Reason::Story),
            ),
            (
                Keep {
                    stories: true,
                    ..usual()
                },
                chat("status"),
                plain(),
                None,
            ),
            (
                usual(),
                chat("1"),
                found(json!({"viewOnce": true})),
                Some(Reason::ViewOnce),
            ),
            (
                Keep {
                    view_once: true,
                    ..usual()
                },
                chat("1"),
                found(json!({"viewOnce": true})),
                None,
            ),
            (usual(), chat("1@newsletter"), plain(), None),
            (
                Keep {
                    newsletters: false,
                    ..usual()
                },
                chat("1@newsletter"),
                plain(),
                Some(Reason::Newsletter),
            ),
            (usual(), chat("1@g.us"), plain(), None),
            (
                Keep {
                    groups: false,
                    ..usual()
                },
                chat("1@g.us"),
                plain(),
                Some(Reason::Group),
            ),
            (usual(), own.clone(), plain(), None),
            (
                Keep {
                    own: false,
                    ..usual()
                },
                own,
                plain(),
                Some(Reason::OwnMessage),
            ),
            (
                Keep {
                    kinds: vec![Kind::Audio],
                    ..usual()
                },
                chat("1"),
                plain(),
                Some(Reason::KindNotKept),
            ),
            (
                Keep {
                    max_size: Size::from_bytes(999),
                    ..usual()
                },
                chat("1"),
                plain(),
                Some(Reason::OverSize),
            ),
            (
                Keep {
                    max_size: Size::from_bytes(1_000),
                    ..usual()
                },
                chat("1"),
                plain(),
                None,
            ),
            (
                Keep {
                    max_size: Size::from_bytes(999),
                    ..usual()
                },
                chat("1"),
                found(json!({"fileLength": "99999999999999"})),
                None,
            ),
        ] {
            assert_eq!(skip(&keep, &message, &found), reason, "{message:?}");
        }
        let pack = wa_media::find(
            &json!({"stickerPackMessage": {"mediaKey": vec![1; 32], "directPath": "/a"}}),
        )
        .media
        .remove(0);
        assert_eq!(skip(&usual(), &chat("1"), &pack), Some(Reason::StickerPack));
    }
}
