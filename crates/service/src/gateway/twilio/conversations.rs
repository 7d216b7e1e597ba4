//! Deliveries of the Conversations API: a form whose files are JSON in a field, or the same as JSON by way of Event Streams.

use wa_media::FoundMedia;
use wa_media::read::{field, text};

use crate::gateway::fields::{
    Fields, Object, bare, deletion, event, id, is_opus, kind_of_mime, nothing, objects, sender,
    time, with_media, without_media, word, words,
};
use crate::gateway::{Message, ParsedDelivery, envelope, segment};
use crate::model::{DeliveryReason, MediaKind};

/// The host of the files when nothing says that the account is in another region.
pub(super) const DEFAULT_FILE_HOST: &str = "mcs.us1.twilio.com";

const MOST_FILES: usize = 16;

/// Whether an object is such an event. Event Streams give its name to the envelope.
pub(super) fn is_event(of: &Object) -> bool {
    words(of, &["ConversationSid"]).is_some() && words(of, &["EventType", "MessageSid"]).is_some()
}

pub(super) fn read(root: &Object) -> ParsedDelivery {
    let name = event(root, &["EventType"]);
    let message = message(root);
    if name.starts_with("onmessageremove") {
        return without_media(message.clone(), deletion(&[&message.id], None));
    }
    if !(name.is_empty() || name.starts_with("onmessage")) {
        return nothing(DeliveryReason::StatusUpdate);
    }
    let is_edit = name.starts_with("onmessageupdate");
    let service = words(root, &["ChatServiceSid"]);
    let caption = words(root, &["Body", "MessageBody"]);
    let list = listed(root);
    let files = list
        .as_ref()
        .map_or_else(Vec::new, |list| objects(list, &["Media"]));
    let files = files.into_iter().take(MOST_FILES).enumerate();
    let files = files.map(|(at, file)| FoundMedia {
        caption: caption.clone().filter(|_| at == 0),
        edited: is_edit,
        edits: Some(message.id.clone()).filter(|_| is_edit),
        ..read_file(file, service.as_deref())
    });
    let files: Vec<_> = files.collect();
    with_media(message, files)
}

/// The list of files, which is JSON in a text.
fn listed(root: &Object) -> Option<Object> {
    let media = field(root, &["Media"])?;
    let media = text(media).map_or_else(|| Some(media.clone()), envelope::inside)?;
    Some(Object::from_iter([("Media".to_owned(), media)]))
}

/// Without the service it cannot be requested.
fn read_file(file: &Object, service: Option<&str>) -> FoundMedia {
    let mime = words(file, &["ContentType"]);
    let kind = kind_of_mime(mime.as_deref().unwrap_or_default());
    let link = id(file, &["Sid", "MediaSid"])
        .zip(service)
        .map(|(file, service)| {
            let [service, file] = [service, &file].map(segment);
            format!("https://{DEFAULT_FILE_HOST}/v1/Services/{service}/Media/{file}/Content")
        });
    FoundMedia {
        link,
        voice_note: kind == MediaKind::Audio && is_opus(mime.as_deref()),
        file_name: words(file, &["Filename"]),
        length_bytes: field(file, &["Size"]).and_then(wa_media::read::number),
        mime,
        ..bare(kind)
    }
}

/// An event before the message is published has no id of it, so that of its first file stands for it.
fn message(root: &Object) -> Message {
    let author = id(root, &["Author"]);
    let source = word(root, &["Source"]);
    let is_address = |author: &String| author.contains(':') || author.starts_with('+');
    let from_me = match source.as_deref() {
        Some("api" | "sdk") => true,
        Some(_) => false,
        None => !author.as_ref().is_some_and(is_address),
    };
    let list = listed(root);
    let first = || {
        let list = list.as_ref()?;
        let file = objects(list, &["Media"]).first().copied()?;
        id(file, &["Sid", "MediaSid"])
    };
    Message {
        id: id(root, &["MessageSid"]).or_else(first).unwrap_or_default(),
        origin: Fields {
            chat: id(root, &["ConversationSid"]),
            is_group: false,
            from_me,
            sender: sender([author]),
        }
        .origin(),
        sender_name: None,
        sent_at: time(root, &["DateCreated"]),
    }
}
