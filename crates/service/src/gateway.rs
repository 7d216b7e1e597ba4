//! What each gateway sends and how it is called: parses a delivery into media and instance events, and describes the
//! request that turns a media into a link. Pure: no I/O, no clock.

mod envelope;
mod hook_address;
mod id;
mod reader;
mod repair;
pub mod wapi;

pub use hook_address::{ORIGINAL_PATHS, hook_token};

pub use reader::{Panicked, Reader};
use serde_json::Value as Json;
use wa_media::FoundMedia;

use crate::clock::Millis;
use crate::model::{DeliveryReason, KeyKind, MediaKey, MediaKind, Origin, Reason, codes};

codes! {
    /// The names are those in addresses, file names and the database.
    Gateway {
        /// w-api.app
        Wapi "wapi",
    }
}

/// The content of a delivery, decided by its fields and not by its event's name.
#[derive(Debug, PartialEq, Eq)]
pub enum DeliveryContent {
    /// A message with media.
    Media,
    /// The session went up or down.
    Connection { connected: bool },
    /// No media, but stored, because a later version may find some in it; with a description in English.
    Notice(&'static str),
    /// Nothing to store.
    Nothing(DeliveryReason),
}

/// The fields that all media of one message share.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// The gateway's id of the message; empty when it gave none.
    pub id: String,
    /// Chat and sender, without control characters.
    pub origin: Origin,
    /// The name that the sender shows.
    pub sender_name: Option<String>,
    /// The message's own time.
    pub sent_at: Option<Millis>,
}

#[derive(Debug)]
pub struct ParsedDelivery {
    /// The instance that the body names.
    pub instance: Option<String>,
    pub content: DeliveryContent,
    /// The message, when there is media.
    pub message: Message,
    /// In the order of their slots.
    pub media: Vec<FoundMedia>,
    /// Fields with media that this version does not know.
    pub unknown: Vec<String>,
    /// The message was larger or deeper than the limits, so there may be more in it.
    pub cut_short: bool,
}

/// A body that cannot be read: it is stored, and answered with this error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not JSON (or deeper than 128 levels).
    #[error("invalid JSON at line {line} column {column}")]
    NotJson {
        /// From 1.
        line: usize,
        /// From 1; 0 at the very beginning.
        column: usize,
    },
    /// JSON with more values than any message has.
    #[error("JSON with more than {limit} values")]
    TooManyValues { limit: usize },
    #[error("the body is JSON but not an object")]
    NotAnObject,
    /// The envelope of an automation or a queue, without a readable delivery in it.
    #[error("the body is around another that cannot be read")]
    UnreadableEnvelope,
}

impl Error {
    /// Why such a delivery is set aside.
    pub fn reason(&self) -> DeliveryReason {
        match self {
            Self::NotJson { .. } => DeliveryReason::InvalidJson,
            Self::TooManyValues { .. } => DeliveryReason::TooManyValues,
            Self::NotAnObject => DeliveryReason::NotAnObject,
            Self::UnreadableEnvelope => DeliveryReason::UnreadableEnvelope,
        }
    }

    /// Line and column of the JSON error, from 1.
    pub fn place(&self) -> Option<(usize, usize)> {
        match self {
            Self::NotJson { line, column } => Some((*line, *column)),
            _ => None,
        }
    }
}

/// The input of a gateway's call for a link.
pub struct LinkRequest<'a> {
    pub media_key: &'a MediaKey,
    /// The path on WhatsApp's CDN, with its query.
    pub direct_path: &'a str,
    /// The kind that the message declared.
    pub kind: MediaKind,
    /// The label of its key.
    pub key_kind: KeyKind,
    /// The declared type.
    pub mime: Option<&'a str>,
}

/// A link from the gateway. Its expiry is not read: gateways write it in seconds, in milliseconds, as text or as 0 for
/// never, and only the file's server knows.
#[derive(Debug, PartialEq, Eq)]
pub struct Link {
    /// As the gateway wrote it; not checked yet.
    pub url: String,
}

/// Each value takes up to some hundred bytes of memory, however short it is written.
const MOST_VALUES: usize = 100_000;

/// Parses JSON, also with the usual defects of sloppy senders.
fn parse(body: &[u8]) -> Result<Json, Error> {
    if separators(body) > MOST_VALUES {
        return Err(Error::TooManyValues { limit: MOST_VALUES });
    }
    serde_json::from_slice(body).or_else(|error| {
        let not_json = Error::NotJson {
            line: error.line(),
            column: error.column(),
        };
        let repaired = repair::repair(body).and_then(|text| serde_json::from_str(&text).ok());
        repaired
            .or_else(|| envelope::from_form(body))
            .ok_or(not_json)
    })
}

/// The number of commas and colons outside of strings: about as many as there are values.
fn separators(body: &[u8]) -> usize {
    let (mut count, mut in_string, mut is_escaped) = (0, false, false);
    for byte in body {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            b',' | b':' if !in_string => count += 1,
            _ => {}
        }
    }
    count
}

/// One of a gateway's webhook slots: it sends one family of events to its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The events that it sends, in one word.
    pub name: &'static str,
    /// The path (below the API base) of the call that sets it.
    pub path: &'static str,
    /// The field that contains it when it is read back.
    pub field: &'static str,
}

/// The state of an instance at its gateway; `None` where the gateway does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// The instance's name.
    pub instance: Option<String>,
    /// Whether WhatsApp is connected.
    pub connected: Option<bool>,
    /// Whether the gateway knows the number.
    pub has_number: bool,
    /// Whether the gateway ignores messages in groups.
    pub ignores_groups: Option<bool>,
}

impl Gateway {
    /// The instance that the beginning of a delivery names, found without parsing. For deliveries that are refused unread; the
    /// name cannot be trusted.
    pub fn named_instance(self, beginning: &[u8]) -> Option<String> {
        match self {
            Self::Wapi => wapi::named_instance(beginning),
        }
    }

    /// The webhook slots to be set.
    pub fn slots(self) -> &'static [Slot] {
        match self {
            Self::Wapi => wapi::SLOTS,
        }
    }

    /// The body of the call that sets a slot.
    pub fn slot_call(self, address: &str) -> Json {
        match self {
            Self::Wapi => wapi::slot_call(address),
        }
    }

    /// The path (below the API base) of the call that reads all slots back.
    pub fn slots_path(self) -> &'static str {
        match self {
            Self::Wapi => wapi::SLOTS_PATH,
        }
    }

    /// The gateway's error text, when an answer is an error despite its status.
    pub fn refusal(self, answer: &Json) -> Option<String> {
        match self {
            Self::Wapi => wapi::refusal(answer),
        }
    }

    /// Whether the answer to that call describes an instance at all.
    pub fn describes_instance(self, answer: &Json) -> bool {
        match self {
            Self::Wapi => wapi::describes_instance(answer),
        }
    }

    /// Whether a slot is switched off, by the answer to that call.
    pub fn is_slot_off(self, slot: &Slot, answer: &Json) -> bool {
        match self {
            Self::Wapi => wapi::is_slot_off(slot, answer),
        }
    }

    /// The address in a slot, by the answer to that call; `None` when it is empty.
    pub fn read_slot(self, slot: &Slot, answer: &Json) -> Option<String> {
        match self {
            Self::Wapi => wapi::read_slot(slot, answer),
        }
    }

    /// The state of an instance, by the same answer.
    pub fn read_session(self, answer: &Json) -> Session {
        match self {
            Self::Wapi => wapi::read_session(answer),
        }
    }

    /// The slot for the account's own messages.
    pub fn own_messages_slot(self) -> &'static str {
        match self {
            Self::Wapi => "delivery",
        }
    }

    /// The API's address when none is configured.
    pub fn default_api_base(self) -> &'static str {
        match self {
            Self::Wapi => wapi::API_BASE,
        }
    }

    /// The domains (with their subdomains) that are known to host its files.
    pub fn known_domains(self) -> &'static [&'static str] {
        match self {
            Self::Wapi => wapi::DOMAINS,
        }
    }

    /// Reads the deliveries in a body: one, unless an automation combined several.
    pub fn read(self, body: &[u8]) -> Result<Vec<ParsedDelivery>, Error> {
        let body = parse(body)?;
        match self {
            Self::Wapi => wapi::read(body),
        }
    }

    /// The texts of a body that seem to contain another body and cannot be read.
    pub fn unreadable_texts(self, body: &[u8]) -> Vec<String> {
        let Ok(body) = parse(body) else {
            return Vec::new();
        };
        match self {
            Self::Wapi => wapi::unreadable_texts(body),
        }
    }

    /// The path (below the API base) and body of the call for a link.
    pub fn link_call(self, request: &LinkRequest<'_>) -> (&'static str, Json) {
        match self {
            Self::Wapi => wapi::link_call(request),
        }
    }

    /// Reads the answer to that call.
    pub fn read_link(self, status: u16, body: &[u8]) -> Result<Link, Reason> {
        match self {
            Self::Wapi => wapi::read_link(status, body),
        }
    }
}
