//! wuzapi. Facts from its source (builds of 2026).
//!
//! The delivery is JSON, a form with the field `jsonData`, or `multipart/form-data` with the file in a part of its own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use wa_media::read::{field, text};

use super::fields::{Object, connection, event, link, nothing, object, words};
use super::mask::TokenField;
use super::whatsmeow;
use super::{
    Access, Call, CallMethod, FileAnswer, FileCall, FileRequest, ParsedDelivery, Protocol,
    Signature, answers, envelope,
};
use crate::model::{DeliveryReason, Reason, Route};

pub(super) struct Wuzapi;

impl Protocol for Wuzapi {
    fn is_delivery(&self, of: &Object) -> bool {
        field(of, &["jsonData"]).is_some()
            || words(of, &["type"]).is_some() && of.contains_key("event")
    }

    fn read(&self, root: &Object) -> Vec<ParsedDelivery> {
        let parsed = field(root, &["jsonData"])
            .and_then(text)
            .and_then(envelope::inside);
        let inner = parsed.as_ref().and_then(Json::as_object);
        let inner = inner
            .or_else(|| object(root, &["jsonData"]))
            .unwrap_or(root);
        let empty = Object::new();
        let data = object(inner, &["event"]).unwrap_or(&empty);
        match event(inner, &["type"]).as_str() {
            "connected" | "pairsuccess" | "loggedin" => vec![connection(true)],
            "loggedout" | "disconnected" | "connectfailure" => vec![connection(false)],
            "historysync" => whatsmeow::history(data),
            "presence" | "chatpresence" => vec![nothing(DeliveryReason::PresenceUpdate)],
            name if name.starts_with("call") => vec![nothing(DeliveryReason::Call)],
            _ if whatsmeow::is_message(data) => {
                let mut reading = whatsmeow::read(data);
                // The file part of a multipart body has the name `file`.
                let bytes = field(inner, &["base64"]).or_else(|| field(root, &["base64", "file"]));
                let s3 = object(inner, &["s3"]).and_then(|s3| link(s3, &["url"]));
                whatsmeow::add_file(&mut reading, bytes, s3);
                vec![reading]
            }
            _ => vec![nothing(DeliveryReason::StatusUpdate)],
        }
    }

    fn signature(&self) -> Signature {
        Signature::HmacSha256 {
            header: "x-hmac-signature",
        }
    }

    fn file_call(&self, access: Access<'_>, request: &FileRequest<'_>) -> Option<FileCall> {
        let (key, path) = (request.media_key?, request.direct_path?);
        let hash = |hash: Option<&[u8; 32]>| hash.map(|hash| STANDARD.encode(hash));
        let body = json!({
            "Url": format!("https://mmg.whatsapp.net{path}"),
            "DirectPath": path,
            "MediaKey": STANDARD.encode(key.as_bytes()),
            "Mimetype": request.mime.unwrap_or("application/octet-stream"),
            "FileEncSHA256": hash(request.enc_sha256),
            "FileSHA256": hash(request.sha256),
            "FileLength": request.length_bytes,
        });
        let path = format!("chat/download{}", request.kind.as_str());
        let call = Call::new(CallMethod::Post, path, ("token", access.token));
        Some(FileCall::Ask(call.with_body(body)))
    }

    fn read_file_answer(&self, status: u16, body: &[u8]) -> Result<FileAnswer, Reason> {
        answers::file(status, body, &[], &["Data"])
    }

    fn token_fields(&self) -> &'static [TokenField] {
        &[TokenField {
            name: "token",
            everywhere: false,
        }]
    }

    fn routes(&self) -> &'static [Route] {
        &[Route::Inline, Route::Cdn, Route::Link, Route::Gateway]
    }
}
