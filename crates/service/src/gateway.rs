//! The formats and calls of each gateway: parses a delivery into media and instance events, and describes the
//! request that turns a media into a link. Pure: no I/O, no clock.

mod answers;
mod baileys;
mod byte_lists;
mod envelope;
mod evolution;
mod evolution_go;
mod fields;
mod file_address;
pub mod form;
mod gowa;
mod gupshup;
mod history;
mod hook_address;
mod id;
mod json;
mod locate;
mod long_number;
mod mask;
mod meta;
pub mod multipart;
mod nested_form;
mod plain_json;
mod protocol;
mod quepasa;
mod reader;
mod recognise;
mod repair;
mod sample;
mod shape;
pub mod signature;
mod slot;
mod title;
mod twilio;
mod uazapi;
mod unread;
mod waha;
mod wapi;
mod whatsmeow;
pub mod wide_text;
mod wppconnect;
mod wuzapi;
mod zapi;

use file_address::at_own_address;
pub use history::{HistoryRange, ListedChat};
pub use hook_address::{ORIGINAL_PATHS, hook_token};
use json::parse;
pub use locate::{Sought, locate};
pub use mask::{Masked, Taken, TokenFilter, Unmasking, unmasked};
use protocol::Protocol;

pub use reader::{Panicked, Reader};
pub use recognise::{DeliverySource, recognise, source};
pub use sample::Sample;
use std::sync::LazyLock;

use serde_json::Value as Json;
use signature::Headers;
pub use signature::Signature;
pub use slot::{Session, Slot, SlotContent, Wanted};
use wa_media::FoundMedia;

use crate::clock::Millis;
use crate::model::{
    ChatId, DeliveryReason, KeyKind, MediaKey, MediaKind, Origin, Reason, Route, codes,
};

codes! {
    /// The names are those in addresses, file names and the database.
    Gateway {
        /// w-api.app
        Wapi "wapi",
        /// Evolution API v2
        Evolution "evolution",
        /// Evolution GO
        EvolutionGo "evolution-go",
        /// z-api.io
        Zapi "zapi",
        /// uazapi.com and uazapiGO
        Uazapi "uazapi",
        /// Meta's Cloud API
        Meta "meta",
        /// 360dialog, which passes on what Meta sends
        Dialog360 "dialog360",
        /// WAHA
        Waha "waha",
        /// wuzapi
        Wuzapi "wuzapi",
        /// WPPConnect-server
        Wppconnect "wppconnect",
        /// go-whatsapp-web-multidevice
        Gowa "gowa",
        /// quepasa
        Quepasa "quepasa",
        /// Twilio's WhatsApp channel
        Twilio "twilio",
        /// Gupshup
        Gupshup "gupshup",
    }
}

const SEALED: &str = "an edit or another change that is encrypted with a message's secret";
const REVOKED: &str = "a message is deleted for everyone, without its id";

impl Gateway {
    fn protocol(self) -> &'static dyn Protocol {
        match self {
            Self::Wapi => &wapi::Wapi,
            Self::Evolution => &evolution::Evolution,
            Self::EvolutionGo => &evolution_go::EvolutionGo,
            Self::Zapi => &zapi::Zapi,
            Self::Uazapi => &uazapi::Uazapi,
            Self::Meta => &meta::Meta { is_signed: true },
            Self::Dialog360 => &meta::Meta { is_signed: false },
            Self::Waha => &waha::Waha,
            Self::Wuzapi => &wuzapi::Wuzapi,
            Self::Wppconnect => &wppconnect::Wppconnect,
            Self::Gowa => &gowa::Gowa,
            Self::Quepasa => &quepasa::Quepasa,
            Self::Twilio => &twilio::Twilio,
            Self::Gupshup => &gupshup::Gupshup,
        }
    }

    /// A delivery that brings this picture itself; `None` where no delivery can.
    pub fn sample(self, of: &Sample<'_>) -> Option<Json> {
        self.protocol().sample(of)
    }

    pub fn signature(self) -> Signature {
        self.protocol().signature()
    }

    /// Whether files cannot be downloaded without a token.
    pub fn needs_token(self) -> bool {
        self.protocol().needs_token()
    }

    /// The routes to a file that exist with the gateway, in the order of their use.
    pub fn routes(self) -> &'static [Route] {
        self.protocol().routes()
    }
}

/// A link that came after its message.
#[derive(Debug, PartialEq, Eq)]
pub struct LateLink {
    pub url: String,
}

/// A message that was deleted for everyone. Nothing in it is verified: who sends it chooses the id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// The deleted message, under each id that it may have here.
    pub messages: Vec<String>,
    /// Whether the account deleted it, where the gateway says so.
    pub by_me: Option<bool>,
}

/// The content of a delivery, decided by its fields and not by its event's name.
#[derive(Debug, PartialEq, Eq)]
pub enum DeliveryContent {
    /// A message with media.
    Media,
    /// A link to the file of an earlier message.
    Link(LateLink),
    /// An earlier message was deleted for everyone. The reading's message has the chat.
    Deleted(Deletion),
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
    /// The names of the instance in the body, where they need not be its id.
    pub names: Vec<String>,
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

impl ParsedDelivery {
    /// Whether it has media, or is about an earlier message's.
    pub fn is_about_media(&self) -> bool {
        !self.media.is_empty() || matches!(self.content, DeliveryContent::Deleted(_))
    }

    /// Whether it has media that no reader finds.
    pub fn is_unread(&self) -> bool {
        self.content == DeliveryContent::Nothing(DeliveryReason::UnreadMedia)
    }

    /// Whether it counts where other messages of its delivery do.
    fn counts(&self) -> bool {
        self.is_about_media() || self.is_unread()
    }
}

/// A body that came to an instance.
#[derive(Debug)]
pub enum Reading {
    Own(Vec<ParsedDelivery>),
    /// It has the form of another source and is not read.
    Other(DeliverySource),
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

/// The input of a gateway's call for a file: what its message says about it.
#[derive(Clone, Copy)]
pub struct FileRequest<'a> {
    /// The gateway's id of the message.
    pub message_id: &'a str,
    pub chat: Option<&'a str>,
    pub from_me: bool,
    /// Who sent it to a group.
    pub participant: Option<&'a str>,
    pub media_key: Option<&'a MediaKey>,
    /// The path on WhatsApp's CDN, with its query.
    pub direct_path: Option<&'a str>,
    pub sha256: Option<&'a [u8; 32]>,
    pub enc_sha256: Option<&'a [u8; 32]>,
    pub length_bytes: Option<u64>,
    /// The gateway's id of the file.
    pub media_id: Option<&'a str>,
    /// The kind that the message declared.
    pub kind: MediaKind,
    /// The label of its key.
    pub key_kind: KeyKind,
    /// The declared type.
    pub mime: Option<&'a str>,
}

impl<'a> FileRequest<'a> {
    /// For a media as its message describes it.
    pub fn of(message_id: &'a str, chat: Option<&'a ChatId>, found: &'a FoundMedia) -> Self {
        Self {
            message_id,
            chat: chat.map(ChatId::as_str),
            from_me: false,
            participant: None,
            media_key: found.media_key.as_ref(),
            direct_path: found.direct_path.as_deref(),
            sha256: found.sha256.as_ref(),
            enc_sha256: found.enc_sha256.as_ref(),
            length_bytes: found.length_bytes,
            media_id: found.media_id.as_deref(),
            kind: found.kind,
            key_kind: found.key_kind,
            mime: found.mime.as_deref(),
        }
    }
}

/// How a gateway is asked for a file.
pub enum FileCall {
    /// The answer describes the file; see [`Gateway::read_file_answer`].
    Ask(Call),
    /// The answer is the file.
    Fetch(Call),
}

/// A gateway's answer to a call for a file. A link's expiry is not read: gateways write it in seconds, in milliseconds,
/// as text or as 0 for never, and only the file's server knows.
#[derive(Debug, PartialEq, Eq)]
pub enum FileAnswer {
    /// As the gateway wrote it; not checked yet.
    Link(String),
    /// The file in base64.
    Base64(String),
}

/// The address and secrets of one instance at its gateway.
#[derive(Clone, Copy)]
pub struct Access<'a> {
    /// The instance's id, or its name at the gateway if that is another.
    pub instance: &'a str,
    pub token: &'a str,
    /// The secret with which it signs its deliveries. Only needed to set slots.
    pub secret: Option<&'a str>,
}

impl<'a> Access<'a> {
    /// The token of an instance and another of its gateway's account, which some gateways want. They are stored as one, with
    /// a colon between them.
    fn tokens(self) -> (&'a str, Option<&'a str>) {
        match self.token.split_once(':') {
            Some((token, account)) => (token, Some(account)),
            None => (self.token, None),
        }
    }

    fn bearer(self) -> String {
        format!("Bearer {}", self.token)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallMethod {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// A call of a gateway's API. Its path and headers may have the token, so it is never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Call {
    pub method: CallMethod,
    /// Below the API base, with its query.
    pub path: String,
    /// The header with the token, and others.
    pub headers: Vec<(&'static str, String)>,
    pub body: Option<Json>,
}

impl Call {
    fn new(method: CallMethod, path: impl Into<String>, header: (&'static str, &str)) -> Self {
        Self {
            method,
            path: path.into(),
            headers: vec![(header.0, header.1.to_owned())],
            body: None,
        }
    }

    fn with_body(self, body: Json) -> Self {
        Self {
            body: Some(body),
            ..self
        }
    }

    /// The address of the call, below the API base.
    pub fn url(&self, api_base: &url::Url) -> Option<url::Url> {
        let base = api_base.as_str().trim_end_matches('/');
        let url = url::Url::parse(&format!("{base}/{}", self.path)).ok()?;
        (url.origin() == api_base.origin()).then_some(url)
    }
}

/// A body without the tokens of any gateway, because each may come to the address of another; `None` when it has none.
pub fn without_tokens(body: &[u8]) -> Option<Masked> {
    mask::masked(body, &TOKEN_FIELDS)
}

/// Like [`without_tokens`], for what follows a body that is too long to be read.
pub fn token_filter() -> TokenFilter {
    TokenFilter::new(&TOKEN_FIELDS)
}

static TOKEN_FIELDS: LazyLock<Vec<mask::TokenField>> = LazyLock::new(|| {
    let gateways = Gateway::ALL.into_iter();
    let fields = gateways.flat_map(|gateway| gateway.protocol().token_fields());
    fields.copied().collect()
});

/// A body of any form as JSON: JSON with defects, a form, multipart, and in any encoding.
pub fn as_json(body: &[u8]) -> Option<Json> {
    parse(body).ok()
}

/// A text that is a body: JSON, base64 of JSON, or a form with JSON in a field.
pub fn text_as_json(text: &str) -> Option<Json> {
    envelope::read(text, false)
}

/// A value as one segment of a path.
pub(crate) fn segment(value: &str) -> String {
    url::form_urlencoded::byte_serialize(value.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}

impl Gateway {
    /// The instance that the beginning of a delivery names, found without parsing. For deliveries that are refused unread; the
    /// name cannot be trusted.
    pub fn named_instance(self, beginning: &[u8]) -> Option<String> {
        self.protocol().named_instance(beginning)
    }

    /// The webhook slots to be set; none where the gateway has no call for it.
    pub fn slots(self) -> &'static [Slot] {
        self.protocol().slots()
    }

    /// The calls that set a slot, in their order.
    pub fn slot_calls(self, slot: &Slot, access: Access<'_>, wanted: &Wanted<'_>) -> Vec<Call> {
        self.protocol().slot_calls(slot, access, wanted)
    }

    /// The call that reads all slots back, and with it the state of the instance where [`Self::session_call`] is none.
    pub fn slots_call(self, access: Access<'_>) -> Option<Call> {
        self.protocol().slots_call(access)
    }

    /// The call that reads the state of the instance, where it is another one.
    pub fn session_call(self, access: Access<'_>) -> Option<Call> {
        self.protocol().session_call(access)
    }

    /// The address below which [`Self::slot_calls`], [`Self::slots_call`] and [`Self::session_call`] are.
    pub fn admin_base(self, api_base: &url::Url) -> url::Url {
        self.protocol().admin_base(api_base)
    }

    /// The gateway's error text, when an answer is an error despite its status.
    pub fn refusal(self, answer: &Json) -> Option<String> {
        self.protocol().refusal(answer)
    }

    /// Whether the answer to [`Self::slots_call`] describes an instance at all.
    pub fn describes_instance(self, answer: &Json) -> bool {
        self.protocol().describes_instance(answer)
    }

    /// The addresses in a slot, by the answer to that call. With a secret, a slot that does not sign lacks something.
    pub fn read_slot(self, slot: &Slot, answer: &Json, has_secret: bool) -> Vec<SlotContent> {
        self.protocol().read_slot(slot, answer, has_secret)
    }

    /// The state of an instance, by the answer to [`Self::session_call`], or to [`Self::slots_call`] where that is none.
    pub fn read_session(self, answer: &Json) -> Session {
        self.protocol().read_session(answer)
    }

    /// Whether it is called at an address that only its operator knows.
    pub fn needs_api_base(self) -> bool {
        let is_called = !self.slots().is_empty() || self.routes().contains(&Route::Gateway);
        is_called && self.default_api_base().is_empty()
    }

    /// The slot for the account's own messages.
    pub fn own_messages_slot(self) -> &'static str {
        self.protocol().own_messages_slot()
    }

    /// The API's address when none is configured; empty when each operator has an own one.
    pub fn default_api_base(self) -> &'static str {
        self.protocol().default_api_base()
    }

    /// The domains (with their subdomains) that are known to host its files.
    pub fn known_domains(self) -> &'static [&'static str] {
        self.protocol().known_domains()
    }

    /// Reads the deliveries in a body: one, unless an automation combined several.
    pub fn read(self, body: &[u8]) -> Result<Vec<ParsedDelivery>, Error> {
        let mut parsed = parse(body)?;
        envelope::open_content(&mut parsed);
        self.read_parsed(parsed, body)
    }

    /// Reads a body; it is parsed again if it seems to have nothing.
    fn read_parsed(self, parsed: Json, body: &[u8]) -> Result<Vec<ParsedDelivery>, Error> {
        let readings = self.protocol().read_body(parsed)?;
        Ok(unread::marked(readings, || parse(body).ok()))
    }

    /// Reads a body that came to an instance of this gateway, unless its form is another's.
    pub fn read_from(self, body: &[u8], headers: &Headers) -> Result<Reading, Error> {
        let mut parsed = parse(body)?;
        envelope::open_content(&mut parsed);
        if let Some(source) = self.other_source(&parsed, headers) {
            return Ok(Reading::Other(source));
        }
        self.read_parsed(parsed, body).map(Reading::Own)
    }

    /// The source of a body that is not this gateway's, if its shape shows it.
    pub fn source_of(self, body: &[u8], headers: &Headers) -> Option<DeliverySource> {
        let mut body = parse(body).ok()?;
        envelope::open_content(&mut body);
        self.other_source(&body, headers)
    }

    fn other_source(self, body: &Json, headers: &Headers) -> Option<DeliverySource> {
        let source = recognise(headers, body).or_else(|| {
            let root = body.as_object();
            let is_own = root.is_some_and(|root| self.protocol().is_delivery(root));
            (!is_own).then(|| recognise::recognise_inside(body))?
        })?;
        let is_own = match source {
            DeliverySource::Gateway(found) => {
                // Partners pass on what Meta sends.
                found == self || found == Self::Meta && self == Self::Dialog360
            }
            DeliverySource::Chatwoot => false,
        };
        (!is_own).then_some(source)
    }

    /// The texts of a body that seem to contain another body and cannot be read.
    pub fn unreadable_texts(self, body: &[u8]) -> Vec<String> {
        let Ok(mut body) = parse(body) else {
            return Vec::new();
        };
        let protocol = self.protocol();
        envelope::take(&mut body, |of| protocol.is_inside_envelope(of)).sealed
    }

    /// When the file behind a link in a delivery that comes now is deleted, if the gateway keeps it for minutes only.
    pub fn link_dies_at(self, link: &str, now: Millis) -> Option<Millis> {
        Some(now + self.protocol().link_life(link)?)
    }

    /// How the gateway is asked for a file; `None` when it cannot be, or the message lacks what it needs.
    pub fn file_call(self, access: Access<'_>, request: &FileRequest<'_>) -> Option<FileCall> {
        self.protocol().file_call(access, request)
    }

    /// The call for a file that makes the gateway ask the phone to upload it again, if the CDN has it no more; read like the
    /// answer to [`Self::file_call`].
    pub fn reupload_call(self, access: Access<'_>, request: &FileRequest<'_>) -> Option<FileCall> {
        self.protocol().reupload_call(access, request)
    }

    /// Reads the answer to that call.
    pub fn read_file_answer(self, status: u16, body: &[u8]) -> Result<FileAnswer, Reason> {
        self.protocol().read_file_answer(status, body)
    }
}

#[cfg(test)]
mod tests;
