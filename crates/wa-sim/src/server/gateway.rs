//! The calls of the gateways other than W-API, below `/gateway/{name}`.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use super::{Shared, admin, call, file, redirect};
use crate::world::Entry;
use crate::{Fault, Gateway, webhook};

type Queries = HashMap<String, String>;

/// The purpose of a request.
enum Request<'a> {
    /// A description of a file: of a message, a media id or a path on the CDN.
    Describe(&'a str),
    /// A file, by the name in its link or by its message.
    File(&'a str),
    /// A file that anyone may have.
    PublicFile(&'a str),
    /// A file that anyone may have, also who shows the key.
    OpenFile(&'a str),
    /// A file that another server has.
    Elsewhere(&'a str),
}

pub(super) async fn answer(
    State(shared): State<Shared>,
    Path((name, path)): Path<(String, String)>,
    method: Method,
    Query(query): Query<Queries>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(gateway) = Gateway::parse(&name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if let Some(down) = call::begin(&shared.world).await {
        return down;
    }
    let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    if let Some(answer) = admin::answer(&shared.world, gateway, &method, (&parts, &headers), &body)
    {
        return answer;
    }
    let Some(request) = read(gateway, &method, (&parts, &query), &body) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let is_public = matches!(request, Request::PublicFile(_) | Request::OpenFile(_));
    if !is_public && let Err(status) = authorised(&shared, gateway, &parts, &headers) {
        return call::error(gateway, status);
    }
    match request {
        Request::Describe(id) => describe(&shared, gateway, id).await,
        Request::File(id) | Request::OpenFile(id) => {
            serve(&shared, gateway, id, &HeaderMap::new()).await
        }
        Request::PublicFile(id) => serve(&shared, gateway, id, &headers).await,
        Request::Elsewhere(name) => {
            let files = shared.world.lock().origins.files.clone();
            redirect(&format!("{files}/media/file/{name}"))
        }
    }
}

fn read<'a>(
    gateway: Gateway,
    method: &Method,
    (parts, query): (&[&'a str], &'a Queries),
    body: &'a Value,
) -> Option<Request<'a>> {
    let text = |path: &str| body.pointer(path).and_then(Value::as_str);
    let is_get = method == Method::GET;
    let is_set = |name: &str, value: &str| query.get(name).is_some_and(|it| it == value);
    Some(match (gateway, is_get, parts) {
        (Gateway::Evolution, false, ["chat", "getBase64FromMediaMessage", _]) => {
            Request::Describe(text("/message/key/id")?)
        }
        (Gateway::EvolutionGo, false, ["message", "downloadmedia"]) => {
            let mut files = body.get("message")?.as_object()?.values();
            Request::Describe(files.next()?.get("directPath")?.as_str()?)
        }
        (Gateway::Uazapi, false, ["message", "download"]) => Request::Describe(text("/id")?),
        (Gateway::Meta, true, ["v23.0", id]) | (Gateway::Dialog360, true, [id]) => {
            Request::Describe(id)
        }
        (Gateway::Meta | Gateway::Dialog360, true, ["whatsapp_business", "attachments"]) => {
            Request::File(query.get("mid")?)
        }
        (Gateway::Waha, true, ["api", _, "chats", _, "messages", id])
            if is_set("downloadMedia", "true") =>
        {
            Request::Describe(id)
        }
        (Gateway::Waha, true, ["api", "files", _, name]) => Request::File(name),
        (Gateway::Wuzapi, false, ["chat", "downloadimage" | "downloadvideo" | "downloadaudio"])
        | (Gateway::Wuzapi, false, ["chat", "downloaddocument" | "downloadsticker"]) => {
            Request::Describe(text("/DirectPath")?)
        }
        (Gateway::Wppconnect, true, ["api", _, "get-media-by-message", id]) => {
            Request::Describe(id)
        }
        (Gateway::Gowa, true, ["message", id, "download"]) if query.contains_key("phone") => {
            Request::Describe(id)
        }
        (Gateway::Gowa, true, ["statics", "media", name]) => Request::PublicFile(name),
        (Gateway::Quepasa, true, ["download", id]) => Request::File(id),
        (Gateway::Gupshup, true, ["wa", _, "wa", "media", name]) => Request::OpenFile(name),
        (Gateway::Twilio, true, ["2010-04-01", "Accounts", _, "Messages", _, "Media", name]) => {
            Request::Elsewhere(name)
        }
        _ => return None,
    })
}

/// Checks the token: that of the instance in the path, or of any instance where the path has none.
fn authorised(
    shared: &Shared,
    gateway: Gateway,
    parts: &[&str],
    headers: &HeaderMap,
) -> Result<(), StatusCode> {
    let shown = gateway.token(headers).ok_or(StatusCode::UNAUTHORIZED)?;
    let state = shared.world.lock();
    let named = match (gateway, parts) {
        (Gateway::Evolution, [_, _, instance])
        | (Gateway::Waha, ["api", "files", instance, _])
        | (Gateway::Waha | Gateway::Wppconnect, ["api", instance, ..]) => Some(*instance),
        _ => None,
    };
    let mut accounts = state.accounts.iter();
    let is_right = accounts
        .any(|(id, account)| account.token == shown && named.is_none_or(|named| named == id));
    is_right.then_some(()).ok_or(StatusCode::UNAUTHORIZED)
}

async fn serve(shared: &Shared, gateway: Gateway, name: &str, headers: &HeaderMap) -> Response {
    match file::take(&shared.world, name, headers) {
        Ok(entry) => match call::refused(gateway, &entry.current).await {
            Some(refused) => refused,
            None => file::serve(&entry),
        },
        Err(StatusCode::NOT_FOUND) if gateway == Gateway::Quepasa => call::lost(gateway),
        Err(status) => status.into_response(),
    }
}

async fn describe(shared: &Shared, gateway: Gateway, id: &str) -> Response {
    let path = shared.world.lock().files.get(id).cloned();
    let path = path.unwrap_or_else(|| id.to_owned());
    let Some(entry) = call::take_fault(&shared.world, &path) else {
        return match gateway {
            Gateway::Evolution => call::error(gateway, StatusCode::BAD_REQUEST),
            _ => call::lost(gateway),
        };
    };
    if let Some(refused) = call::refused(gateway, &entry.current).await {
        return refused;
    }
    if entry.current == Fault::HtmlPage && !has_links(gateway) {
        return file::serve(&entry);
    }
    let status = match gateway {
        Gateway::Evolution => StatusCode::CREATED,
        _ => StatusCode::OK,
    };
    (status, Json(description(shared, gateway, &entry))).into_response()
}

/// Whether the answer has a link, not the file.
fn has_links(gateway: Gateway) -> bool {
    use Gateway::{Dialog360, Gowa, Meta, Uazapi, Waha};
    [Dialog360, Gowa, Meta, Uazapi, Waha].contains(&gateway)
}

fn description(shared: &Shared, gateway: Gateway, entry: &Entry) -> Value {
    let media = &entry.media;
    let origins = shared.world.lock().origins.clone();
    let link = || webhook::link(gateway, &origins, media, &entry.current);
    let base64 = || {
        let mut text = STANDARD.encode(file::altered(media, &entry.current).to_bytes());
        if let Fault::CutShort { after_bytes } = entry.current {
            text.truncate(after_bytes);
        }
        text
    };
    let data = || format!("data:{};base64,{}", media.mime, base64());
    let (mime, size) = (&media.mime, media.content.size_bytes());
    match gateway {
        Gateway::EvolutionGo => json!({
            "message": "success",
            "data": {"base64": data(), "timestamp": "2026-09-21T14:13:20Z"},
        }),
        Gateway::Uazapi => json!({"fileURL": link(), "mimetype": mime}),
        Gateway::Meta | Gateway::Dialog360 => json!({
            "messaging_product": "whatsapp",
            "url": link(),
            "mime_type": mime,
            "file_size": size,
            "id": media.media_id(),
        }),
        Gateway::Waha => json!({
            "id": media.message_id,
            "hasMedia": true,
            "media": {"url": link(), "mimetype": mime, "filename": media.file_name},
        }),
        Gateway::Wuzapi => json!({
            "code": 200,
            "data": {"Mimetype": mime, "Data": data()},
            "success": true,
        }),
        Gateway::Gowa => json!({
            "status": 200,
            "code": "SUCCESS",
            "message": "Success",
            "results": {
                "message_id": media.message_id,
                "media_type": media.kind.as_str(),
                "filename": media.file_id(),
                "file_path": link(),
                "file_url": format!("http://gowa.example:3000/{}", link()),
                "file_size": size,
            },
        }),
        _ => json!({
            "mediaType": format!("{}Message", media.kind.as_str()),
            "fileName": media.file_name,
            "mimetype": mime,
            "base64": base64(),
            "buffer": null,
        }),
    }
}
