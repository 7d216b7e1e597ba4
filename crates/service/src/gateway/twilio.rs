//! Twilio's WhatsApp channel, which posts forms. Facts from its documentation and client libraries.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use wa_media::read::{field, number};
use wa_media::{FoundMedia, MediaKind};

use super::fields::{Fields, Object, id, kind_of_mime, link, nothing, sender, with_media, words};
use super::{Access, Message, ParsedDelivery, Protocol, Signature};
use crate::model::{DeliveryReason, Route};

pub(super) struct Twilio;

/// The most files of one message that are read; WhatsApp messages have one.
const MOST_FILES: u64 = 16;

impl Protocol for Twilio {
    fn is_delivery(&self, of: &Object) -> bool {
        words(of, &["AccountSid"]).is_some() && words(of, &["MessageSid", "SmsSid"]).is_some()
    }

    fn read(&self, root: &Object) -> Vec<ParsedDelivery> {
        if words(root, &["MessageStatus"]).is_some() {
            return vec![nothing(DeliveryReason::StatusUpdate)];
        }
        let count = field(root, &["NumMedia"]).and_then(number).unwrap_or(0);
        let files = (0..count.min(MOST_FILES)).filter_map(|at| file(root, at, count));
        vec![with_media(message(root), files.collect())]
    }

    fn signature(&self) -> Signature {
        Signature::Twilio
    }

    /// The token is `account:token` of its basic authentication. It redirects to another host, which must not get it.
    fn file_headers(&self, access: Access<'_>) -> Vec<(&'static str, String)> {
        vec![(
            "authorization",
            format!("Basic {}", STANDARD.encode(access.token)),
        )]
    }

    fn file_domains(&self) -> &'static [&'static str] {
        &["twilio.com"]
    }

    fn default_api_base(&self) -> &'static str {
        "https://api.twilio.com"
    }

    fn file_paths(&self) -> &'static [&'static str] {
        &["/Media/"]
    }

    fn routes(&self) -> &'static [Route] {
        &[Route::Link]
    }
}

fn file(root: &Object, at: u64, count: u64) -> Option<FoundMedia> {
    let link = link(root, &[&format!("MediaUrl{at}")])?;
    let mime = words(root, &[&format!("MediaContentType{at}")]);
    let declared = words(root, &["MessageType"]).filter(|_| count == 1);
    let kind = match declared.as_deref() {
        Some("image") => MediaKind::Image,
        Some("video") => MediaKind::Video,
        Some("audio") => MediaKind::Audio,
        Some("document") => MediaKind::Document,
        Some("sticker") => MediaKind::Sticker,
        _ => kind_of_mime(mime.as_deref().unwrap_or_default()),
    };
    Some(FoundMedia {
        link: Some(link),
        mime,
        caption: words(root, &["Body"]).filter(|_| at == 0),
        ..FoundMedia::of_fields(kind, &Object::new())
    })
}

fn message(root: &Object) -> Message {
    let from = id(root, &["From"]);
    Message {
        id: id(root, &["MessageSid", "SmsSid"]).unwrap_or_default(),
        origin: Fields {
            sender: sender([from.clone()]),
            chat: from,
            is_group: false,
            from_me: false,
        }
        .origin(),
        sender_name: words(root, &["ProfileName"]),
        // The form has no time.
        sent_at: None,
    }
}
