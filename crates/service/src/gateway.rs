//! What each gateway says and how it is asked: reads a delivery into found media and instance news, and
//! describes the request that turns a media into a link. Pure: no I/O, no clock.

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
use crate::model::{DeliveryReason, KeyKind, MediaKey, MediaKind, Origin, Reason};

/// Which gateway a delivery comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gateway {
    /// w-api.app
    Wapi,
}

/// What a delivery is about, decided by its content and not by its event's name.
#[derive(Debug, PartialEq, Eq)]
pub enum DeliveryContent {
    /// It tells of media.
    Media,
    /// The session went up or down.
    Connection {
        /// Whether it is up now.
        connected: bool,
    },
    /// It has no media but is kept, for a later version may make more of it; what it is, in English.
    Notice(&'static str),
    /// Nothing to keep.
    Nothing(DeliveryReason),
}

/// What all media of one message share.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// The gateway's id of the message; empty when it gave none.
    pub id: String,
    /// Chat and sender, without control characters.
    pub origin: Origin,
    /// The name the sender shows.
    pub sender_name: Option<String>,
    /// The message's own time.
    pub sent_at: Option<Millis>,
}

/// A delivery, read.
#[derive(Debug)]
pub struct ParsedDelivery {
    /// Which instance the body names.
    pub instance: Option<String>,
    /// What it is about.
    pub content: DeliveryContent,
    /// The message, when it is about media.
    pub message: Message,
    /// What was found, in the order of their slots.
    pub media: Vec<FoundMedia>,
    /// Fields that led to media and are not known to this version.
    pub unknown: Vec<String>,
    /// The message was larger or deeper than is looked at, so there may be more in it.
    pub cut_short: bool,
}

/// A body that is not what it claims to be: kept, and answered with this.
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
    TooManyValues {
        /// How many are taken.
        limit: usize,
    },
    /// JSON, but no object.
    #[error("the body is JSON but not an object")]
    NotAnObject,
    /// What automations and queues put around a delivery, and nothing in it that can be read.
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

    /// Where it is not JSON: line and column, from 1.
    pub fn place(&self) -> Option<(usize, usize)> {
        match self {
            Self::NotJson { line, column } => Some((*line, *column)),
            _ => None,
        }
    }
}

/// What a gateway needs to know to hand out a link.
pub struct LinkRequest<'a> {
    /// The key.
    pub media_key: &'a MediaKey,
    /// The path on WhatsApp's CDN, with its query.
    pub direct_path: &'a str,
    /// What the message said it is.
    pub kind: MediaKind,
    /// Which label its key has.
    pub key_kind: KeyKind,
    /// The declared type.
    pub mime: Option<&'a str>,
}

/// A link that the gateway handed out. Until when it lives is not read: gateways write it in seconds, in milliseconds,
/// as text or as 0 for ever, and only the file's server knows.
#[derive(Debug, PartialEq, Eq)]
pub struct Link {
    /// Where the bytes are. As the gateway wrote it: not yet checked by anybody.
    pub url: String,
}

/// A value takes up to some hundred bytes of memory, however short it is written.
const MOST_VALUES: usize = 100_000;

/// JSON as it should be, or as sloppy senders write it.
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
        repaired.or_else(|| envelope::of_form(body)).ok_or(not_json)
    })
}

/// How many commas and colons stand outside of strings: about as many as there are values.
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

/// One of a gateway's webhook slots: it sends one family of events to the address in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// What comes through it, in a word.
    pub name: &'static str,
    /// The path (below the API base) of the call that sets it.
    pub path: &'static str,
    /// The field in which it is read back.
    pub field: &'static str,
}

/// What a gateway tells of an instance; nothing where it does not tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// Of which instance it tells.
    pub instance: Option<String>,
    /// Whether WhatsApp is connected.
    pub connected: Option<bool>,
    /// Whether it knows with which number.
    pub has_number: bool,
    /// Whether what is sent in groups is kept from us.
    pub ignores_groups: Option<bool>,
}

impl Gateway {
    /// All there are.
    pub const ALL: [Self; 1] = [Self::Wapi];

    /// The instance that a delivery names in its beginning, found without parsing it: for a delivery that is refused
    /// unread. Nothing of it can be relied on.
    pub fn named_instance(self, beginning: &[u8]) -> Option<String> {
        match self {
            Self::Wapi => wapi::named_instance(beginning),
        }
    }

    /// The webhook slots that are to be set.
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

    /// Why an answer is a refusal although its status says that all is well, in the gateway's words.
    pub fn refusal(self, answer: &Json) -> Option<String> {
        match self {
            Self::Wapi => wapi::refusal(answer),
        }
    }

    /// Whether the answer to that call tells of an instance at all.
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

    /// What a slot holds, by the answer to that call; nothing when it is empty.
    pub fn read_slot(self, slot: &Slot, answer: &Json) -> Option<String> {
        match self {
            Self::Wapi => wapi::read_slot(slot, answer),
        }
    }

    /// What the gateway tells of an instance, by the same answer.
    pub fn read_session(self, answer: &Json) -> Session {
        match self {
            Self::Wapi => wapi::read_session(answer),
        }
    }

    /// The slot through which the account's own messages come.
    pub fn own_messages_slot(self) -> &'static str {
        match self {
            Self::Wapi => "delivery",
        }
    }

    /// The name in addresses, file names and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wapi => "wapi",
        }
    }

    /// The gateway of that name.
    pub fn parse(name: &str) -> Option<Self> {
        (name == "wapi").then_some(Self::Wapi)
    }

    /// Where its API is when nobody says otherwise.
    pub fn default_api_base(self) -> &'static str {
        match self {
            Self::Wapi => wapi::API_BASE,
        }
    }

    /// The domains (with all below them) from which it is known to hand out files.
    pub fn known_domains(self) -> &'static [&'static str] {
        match self {
            Self::Wapi => wapi::DOMAINS,
        }
    }

    /// Reads the deliveries in a body: one, unless an automation put several together.
    pub fn read(self, body: &[u8]) -> Result<Vec<ParsedDelivery>, Error> {
        let body = parse(body)?;
        match self {
            Self::Wapi => wapi::read(body),
        }
    }

    /// The texts of a body in which another seems to be, and that cannot be read as they stand.
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
