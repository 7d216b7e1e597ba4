//! What every gateway's folder implements.

use serde_json::Value as Json;
use url::Url;

use super::fields::{self, Object};
use super::mask::TokenField;
use super::shape::Shape;
use super::{
    Access, Call, Error, FileAnswer, FileCall, FileRequest, HistoryRange, ListedChat,
    ParsedDelivery, Sample, Session, Signature, Slot, SlotContent, Wanted, answers, envelope,
    unread,
};
use crate::clock::Millis;
use crate::model::{DeliveryReason, Reason, Route};

/// The formats and calls of one gateway: a type with these four, each in a file of the gateway's folder.
pub(super) trait Protocol: Read + Authenticate + Download + Admin {}

impl<T: Read + Authenticate + Download + Admin> Protocol for T {}

/// What a gateway's deliveries say.
pub(super) trait Read: Sync {
    /// The forms by which its deliveries are recognised.
    fn shapes(&self) -> &'static [Shape] {
        &[]
    }

    /// Whether an object is one delivery of the gateway, and not an envelope around it.
    fn is_delivery(&self, of: &Object) -> bool;

    /// Reads one delivery: its messages with media in their order, or one reading without media.
    fn read(&self, root: &Object) -> Vec<ParsedDelivery>;

    /// The names that a delivery gives to its instance.
    fn names(&self, _root: &Object) -> Vec<String> {
        Vec::new()
    }

    /// Reads one delivery with the names of its instance.
    fn read_named(&self, root: &Object) -> Vec<ParsedDelivery> {
        let mut readings = self.read(root);
        let names = self.names(root);
        for reading in readings.iter_mut().filter(|it| it.names.is_empty()) {
            reading.names.clone_from(&names);
        }
        readings
    }

    /// A delivery that brings this picture itself, where a delivery can.
    fn sample(&self, _of: &Sample<'_>) -> Option<Json> {
        None
    }

    /// Whether an object inside an envelope is a delivery.
    fn is_inside_envelope(&self, of: &Object) -> bool {
        self.is_delivery(of)
    }

    fn named_instance(&self, _beginning: &[u8]) -> Option<String> {
        None
    }

    /// For a body in which there is no delivery.
    fn read_unknown(&self, _body: &Json) -> Result<Vec<ParsedDelivery>, Error> {
        Ok(vec![fields::nothing(DeliveryReason::NoMessage)])
    }

    /// Reads the deliveries in a body: one, unless it is the envelope of an automation that combined several.
    fn read_body(&self, mut body: Json) -> Result<Vec<ParsedDelivery>, Error> {
        if let Some(root) = body.as_object().filter(|root| self.is_delivery(root)) {
            return Ok(self.read_named(root));
        }
        if let Some(parsed) = body.as_str().and_then(envelope::inside) {
            body = parsed;
        }
        if !(body.is_object() || body.is_array()) {
            return Err(Error::NotAnObject);
        }
        let envelopes = envelope::take(&mut body, |of| self.is_delivery(of));
        let is_sealed = !envelopes.sealed.is_empty();
        let mut readings: Vec<_> = envelopes
            .found
            .iter()
            .flat_map(|of| unread::marked_in(self.read_named(of), of))
            .collect();
        if !readings.is_empty() {
            readings.extend(unread::rest_of(&body));
        }
        for reading in &mut readings {
            reading.cut_short |= envelopes.cut_short || is_sealed;
        }
        if !readings.is_empty() {
            Ok(readings)
        } else if is_sealed {
            Err(Error::UnreadableEnvelope)
        } else {
            self.read_unknown(&body)
        }
    }
}

/// Whether a delivery is the gateway's, and what in it is secret.
pub(super) trait Authenticate: Sync {
    /// How deliveries are signed, if the instance has a secret.
    fn signature(&self) -> Signature {
        Signature::None
    }

    /// The fields of a delivery that have a token of the gateway.
    fn token_fields(&self) -> &'static [TokenField] {
        &[]
    }
}

/// The ways to a file.
pub(super) trait Download: Sync {
    /// Whether files cannot be downloaded without a token.
    fn needs_token(&self) -> bool {
        true
    }

    /// The routes that exist with it, in the order of their use.
    fn routes(&self) -> &'static [Route];

    fn default_api_base(&self) -> &'static str {
        ""
    }

    fn known_domains(&self) -> &'static [&'static str] {
        &[]
    }

    fn file_call(&self, _access: Access<'_>, _request: &FileRequest<'_>) -> Option<FileCall> {
        None
    }

    fn reupload_call(&self, _access: Access<'_>, _request: &FileRequest<'_>) -> Option<FileCall> {
        None
    }

    fn read_file_answer(&self, status: u16, body: &[u8]) -> Result<FileAnswer, Reason> {
        answers::file(status, body, &[], &["base64"])
    }

    /// The headers with which a file is requested at the gateway itself.
    fn file_headers(&self, _access: Access<'_>) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// How a path at the gateway's own address begins if it is a file's, `*` for any one segment; empty when files may be
    /// anywhere. A delivery must not make this service call anything else there.
    fn file_paths(&self) -> &'static [&'static str] {
        &[]
    }

    /// Domains of the gateway besides the API's that want these headers.
    fn file_domains(&self) -> &'static [&'static str] {
        &[]
    }

    /// How long the file behind a link in a delivery exists, if that is some minutes only.
    fn link_life(&self, _link: &str) -> Option<Millis> {
        None
    }

    /// The address of a link, which may be a path at the gateway or lead to a name that only the gateway knows.
    fn file_url(&self, link: &str, _api_base: &Url) -> Option<Url> {
        Url::parse(link).ok()
    }
}

/// Webhook slots, the state of a session, and lists of past messages.
pub(super) trait Admin: Sync {
    fn slots(&self) -> &'static [Slot] {
        &[]
    }

    fn slots_call(&self, _access: Access<'_>) -> Option<Call> {
        None
    }

    /// Only called for slots of [`Self::slots`].
    fn slot_calls(&self, _slot: &Slot, _access: Access<'_>, _wanted: &Wanted<'_>) -> Vec<Call> {
        Vec::new()
    }

    fn session_call(&self, _access: Access<'_>) -> Option<Call> {
        None
    }

    /// Answers with a state are none, although they call it a failure.
    fn refusal(&self, answer: &Json) -> Option<String> {
        let answer = answer.as_object()?;
        let fails = answer.get("success") == Some(&Json::Bool(false));
        let said = fields::words(answer, &["error", "message", "status"]);
        (fails && !answer.contains_key("state")).then(|| said.unwrap_or_else(|| "error".to_owned()))
    }

    fn describes_instance(&self, _answer: &Json) -> bool {
        true
    }

    fn read_slot(&self, _slot: &Slot, _answer: &Json, _has_secret: bool) -> Vec<SlotContent> {
        Vec::new()
    }

    fn read_session(&self, _answer: &Json) -> Session {
        Session::default()
    }

    fn own_messages_slot(&self) -> &'static str {
        ""
    }

    fn history_call(&self, _access: Access<'_>, _range: HistoryRange<'_>) -> Option<Call> {
        None
    }

    fn chats_call(&self, _access: Access<'_>) -> Option<Call> {
        None
    }

    fn read_chats(&self, _answer: &Json) -> Vec<ListedChat> {
        Vec::new()
    }

    fn read_history(&self, _access: Access<'_>, _answer: Json) -> Vec<Json> {
        Vec::new()
    }

    /// The address of the calls for slots and for the state, where it is another than that of the API.
    fn admin_base(&self, api_base: &Url) -> Url {
        api_base.clone()
    }
}
