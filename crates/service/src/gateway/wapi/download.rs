//! The ways to a file, and the calls for it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use wa_media::read::{field, flag, text};

use super::{Wapi, call};
use crate::gateway::protocol::Download;
use crate::gateway::{Access, CallMethod, FileAnswer, FileCall, FileRequest};
use crate::model::{KeyKind, Reason, Route};

/// The documented address of the API.
const API_BASE: &str = "https://api.w-api.app/v1";

/// Files come from the API's own host.
const DOMAINS: &[&str] = &["w-api.app"];

const LINK_PATH: &str = "message/download-media";

impl Download for Wapi {
    fn routes(&self) -> &'static [Route] {
        &[Route::Inline, Route::Cdn, Route::Gateway]
    }

    fn default_api_base(&self) -> &'static str {
        API_BASE
    }

    fn known_domains(&self) -> &'static [&'static str] {
        DOMAINS
    }

    fn file_call(&self, access: Access<'_>, request: &FileRequest<'_>) -> Option<FileCall> {
        let body = link_body(request)?;
        let call = call(CallMethod::Post, LINK_PATH, access).with_body(body);
        Some(FileCall::Ask(call))
    }

    fn read_file_answer(&self, status: u16, body: &[u8]) -> Result<FileAnswer, Reason> {
        read_link(status, body)
    }
}

/// `POST {api}/message/download-media?instanceId=…`: all four fields are required, and `type` has four values. A sticker is
/// requested as an image, because its key has that label.
fn link_body(request: &FileRequest<'_>) -> Option<Json> {
    let kind = match request.key_kind {
        KeyKind::Image => "image",
        KeyKind::Video => "video",
        KeyKind::Audio => "audio",
        _ => "document",
    };
    let usual = match kind {
        "image" => "image/jpeg",
        "video" => "video/mp4",
        "audio" => "audio/ogg; codecs=opus",
        _ => "application/octet-stream",
    };
    Some(json!({
        "mediaKey": STANDARD.encode(request.media_key?.as_bytes()),
        "directPath": request.direct_path?,
        "type": kind,
        "mimetype": request.mime.unwrap_or(usual),
    }))
}

/// An answer with a link is a success whatever `error` says, because that field is always there. Without a link it is a
/// failure even with 200. A failure's `message` may be an object.
pub(super) fn read_link(status: u16, body: &[u8]) -> Result<FileAnswer, Reason> {
    match status {
        401 | 403 => return Err(Reason::GatewayTokenRefused),
        404 => return Err(Reason::GatewayUnknownInstance),
        429 => return Err(Reason::GatewayThrottled),
        502..=504 => return Err(Reason::GatewayUnavailable),
        _ => {}
    }
    let failed = if status >= 500 {
        Reason::GatewayFailed
    } else {
        Reason::GatewayBadAnswer
    };
    let answer: Json = serde_json::from_slice(body).map_err(|_| failed)?;
    let answer = answer.as_object().ok_or(failed)?;
    if field(answer, &["error"]).is_some_and(flag) {
        return Err(Reason::GatewayFailed);
    }
    let url = field(answer, &["fileLink", "link", "mediaUrl", "url"])
        .and_then(text)
        .ok_or(failed)?;
    if status >= 300 {
        return Err(failed);
    }
    Ok(FileAnswer::Link(url.to_owned()))
}
