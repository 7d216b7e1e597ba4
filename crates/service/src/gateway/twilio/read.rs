//! Reading deliveries: of the Messaging API, and of the Conversations API.

use wa_media::FoundMedia;
use wa_media::read::{field, number};

use super::{Twilio, conversations};
use crate::gateway::fields::{
    Object, bare, id, kind_of_mime, kind_of_word, link, nothing, of_person, time, with_media, word,
    words,
};
use crate::gateway::protocol::Read;
use crate::gateway::shape::{Shape, has};
use crate::gateway::{Message, ParsedDelivery};
use crate::model::DeliveryReason;

/// The most files of one message that are read; WhatsApp messages have one.
const MOST_FILES: u64 = 16;

impl Read for Twilio {
    fn shapes(&self) -> &'static [Shape] {
        const SIDS: &[&str] = &["MessageSid", "SmsSid", "SmsMessageSid"];
        &[
            Shape {
                place: 20,
                fits: |seen| seen.has(&["AccountSid"]) && has(seen.body, SIDS),
            },
            Shape {
                place: 25,
                fits: |seen| {
                    let is_streamed = || is_event_stream(seen.body);
                    conversations::is_event(seen.body) || is_streamed()
                },
            },
        ]
    }

    fn is_delivery(&self, of: &Object) -> bool {
        let has = |names: &[&str]| words(of, names).is_some();
        has(&["AccountSid", "NumMedia"]) && has(&["MessageSid", "SmsSid"])
            || conversations::is_event(of)
    }

    fn read(&self, root: &Object) -> Vec<ParsedDelivery> {
        if conversations::is_event(root) {
            return vec![conversations::read(root)];
        }
        let status = word(root, &["MessageStatus"]);
        if status.is_some_and(|status| status != "received") {
            return vec![nothing(DeliveryReason::StatusUpdate)];
        }
        let declared = field(root, &["NumMedia"]).and_then(number).unwrap_or(0);
        let has_link = |at: &u64| field(root, &[&format!("MediaUrl{at}")]).is_some();
        let (mut places, lost): (Vec<_>, Vec<_>) = (0..MOST_FILES).partition(has_link);
        let missing = declared.saturating_sub(places.len() as u64);
        places.extend(lost.into_iter().take(usize::try_from(missing).unwrap_or(0)));
        places.sort_unstable();
        let (first, is_alone) = (places.first().copied(), places.len() == 1);
        let files = places.into_iter().map(|at| FoundMedia {
            caption: words(root, &["Body"]).filter(|_| Some(at) == first),
            ..file(root, at, is_alone)
        });
        let files = files.collect();
        vec![with_media(message(root), files)]
    }
}

/// Event Streams put an event into an envelope.
fn is_event_stream(of: &Object) -> bool {
    let name = words(of, &["type"]).unwrap_or_default();
    name.starts_with("com.twilio.") && field(of, &["specversion"]).is_some()
}

/// Without a link it is lost.
fn file(root: &Object, at: u64, is_alone: bool) -> FoundMedia {
    let link = link(root, &[&format!("MediaUrl{at}")]);
    let mime = words(root, &[&format!("MediaContentType{at}")]);
    let declared = words(root, &["MessageType"]).filter(|_| is_alone);
    let kind = declared.as_deref().and_then(kind_of_word);
    let kind = kind.unwrap_or_else(|| kind_of_mime(mime.as_deref().unwrap_or_default()));
    FoundMedia {
        link,
        mime,
        ..bare(kind)
    }
}

fn message(root: &Object) -> Message {
    let from = id(root, &["From"]);
    Message {
        id: id(root, &["MessageSid", "SmsSid"]).unwrap_or_default(),
        origin: of_person(from),
        sender_name: words(root, &["ProfileName"]),
        // Only events by way of Event Streams have a time.
        sent_at: time(root, &["timestamp"]),
    }
}
