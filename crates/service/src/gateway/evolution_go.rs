//! Evolution GO. Facts from its source; its wiki shows another form.

use serde_json::json;

use super::fields::{Object, connection, event, nothing, object, words};
use super::mask::TokenField;
use super::whatsmeow;
use super::{Access, Call, CallMethod, FileCall, FileRequest, ParsedDelivery, Protocol, baileys};
use crate::model::{DeliveryReason, Route};

pub(super) struct EvolutionGo;

impl Protocol for EvolutionGo {
    fn is_delivery(&self, of: &Object) -> bool {
        words(of, &["event"]).is_some() && object(of, &["data"]).is_some()
            || whatsmeow::is_message(of)
    }

    fn read(&self, root: &Object) -> Vec<ParsedDelivery> {
        if whatsmeow::is_message(root) {
            return vec![whatsmeow::read(root)];
        }
        let empty = Object::new();
        let data = object(root, &["data"]).unwrap_or(&empty);
        match event(root, &["event"]).as_str() {
            "connected" | "pairsuccess" => vec![connection(true)],
            "loggedout" | "disconnected" | "connectfailure" => vec![connection(false)],
            "historysync" => whatsmeow::history(data),
            "presence" | "chatpresence" => vec![nothing(DeliveryReason::PresenceUpdate)],
            name if name.starts_with("call") => vec![nothing(DeliveryReason::Call)],
            _ if whatsmeow::is_message(data) => vec![whatsmeow::read(data)],
            _ => vec![nothing(DeliveryReason::StatusUpdate)],
        }
    }

    /// It knows image, video, audio, document and sticker messages; a round video is given as a video.
    fn file_call(&self, access: Access<'_>, request: &FileRequest<'_>) -> Option<FileCall> {
        let (name, _) = baileys::file_of(request)?;
        let file = whatsmeow::file_of(request)?;
        let call = Call::new(
            CallMethod::Post,
            "message/downloadmedia",
            ("apikey", access.token),
        );
        Some(FileCall::Ask(
            call.with_body(json!({"message": { name: file }})),
        ))
    }

    fn token_fields(&self) -> &'static [TokenField] {
        &[TokenField {
            name: "instanceToken",
            everywhere: true,
        }]
    }

    fn routes(&self) -> &'static [Route] {
        &[Route::Inline, Route::Cdn, Route::Link, Route::Gateway]
    }
}
