//! Reading deliveries.

use wa_media::{FoundMedia, MediaKind};

use super::{Gupshup, older};
use crate::gateway::fields::{
    self, Object, described, id, is_opus, kind_of_mime, kind_of_word, link, object, of_person,
    time, with_media, word, words,
};
use crate::gateway::protocol::Read;
use crate::gateway::shape::{Shape, has};
use crate::gateway::{Message, ParsedDelivery, meta, unread};

impl Read for Gupshup {
    fn shapes(&self) -> &'static [Shape] {
        const OF_MESSAGE: &[&str] = &["payload", "source", "gsId"];
        &[
            Shape {
                place: 55,
                fits: |seen| is_of_version_3(seen.body),
            },
            Shape {
                place: 110,
                fits: |seen| {
                    let is_message = seen.payload.is_some_and(|it| has(it, OF_MESSAGE));
                    is_message && seen.has(&["app", "type"])
                },
            },
            Shape {
                place: 112,
                fits: |seen| older::is_of_bot(seen.body),
            },
            Shape {
                place: 114,
                fits: |seen| older::is_of_enterprise(seen.body),
            },
        ]
    }

    fn is_delivery(&self, of: &Object) -> bool {
        words(of, &["app", "type"]).is_some() && object(of, &["payload"]).is_some()
            || is_of_version_3(of)
            || older::is_of_bot(of)
            || older::is_of_enterprise(of)
    }

    fn names(&self, root: &Object) -> Vec<String> {
        fields::names(root, &["app"])
    }

    fn read(&self, root: &Object) -> Vec<ParsedDelivery> {
        if is_of_version_3(root) {
            return meta::PARTNER.read(root);
        }
        if older::is_of_bot(root) {
            return vec![older::read_bot(root)];
        }
        if older::is_of_enterprise(root) {
            return vec![older::read_enterprise(root)];
        }
        let empty = Object::new();
        let outer = object(root, &["payload"]).unwrap_or(&empty);
        let inner = object(outer, &["payload"]).unwrap_or(&empty);
        if word(root, &["type"]).is_some_and(|name| name != "message") {
            let is_strange = link(inner, &["url"]).is_some();
            return vec![unread::unknown_event(root, is_strange)];
        }
        let declared = word(outer, &["type"]).unwrap_or_default();
        let media = file(&declared, inner);
        vec![with_media(
            message(root, outer),
            media.into_iter().collect(),
        )]
    }
}

/// Meta's form with the id of the app.
fn is_of_version_3(root: &Object) -> bool {
    id(root, &["gs_app_id"]).is_some() && meta::PARTNER.is_delivery(root)
}

fn file(declared: &str, inner: &Object) -> Option<FoundMedia> {
    let mime = words(inner, &["contentType", "content-type"]);
    let has_file = link(inner, &["url"]).is_some();
    let by_mime = mime.as_deref().filter(|_| has_file).map(kind_of_mime);
    let kind = kind_of_word(declared).or(by_mime)?;
    Some(FoundMedia {
        file_name: words(inner, &["name", "filename"]),
        voice_note: kind == MediaKind::Audio && is_opus(mime.as_deref()),
        mime,
        ..described(kind, inner, link(inner, &["url"]))
    })
}

fn message(root: &Object, outer: &Object) -> Message {
    let source = id(outer, &["source"]);
    let contact = object(outer, &["sender"]);
    Message {
        id: id(outer, &["id"]).unwrap_or_default(),
        origin: of_person(source),
        sender_name: contact.and_then(|contact| words(contact, &["name"])),
        sent_at: time(root, &["timestamp"]),
    }
}
