//! Reads the answers of gateways to calls for files.

use serde_json::Value as Json;
use wa_media::read::{field, text};

use super::FileAnswer;
use super::fields::{self, Object, words};
use crate::model::Reason;

/// How deep a file's fields may be nested in an answer.
const DEEPEST: usize = 4;
/// Fields that answers are nested in.
const NESTS: &[&str] = &[
    "data", "results", "result", "response", "media", "message", "error",
];

/// Reads an answer with a link in one of these fields, or base64 in one of those. An answer without either is a failure even
/// with status 200, such as Evolution API's `null`.
pub(super) fn file(
    status: u16,
    body: &[u8],
    links: &[&str],
    base64: &[&str],
) -> Result<FileAnswer, Reason> {
    let answer: Option<Json> = serde_json::from_slice(body).ok();
    if !(200..300).contains(&status) {
        return Err(refusal(status, answer.as_ref()));
    }
    let answer = answer.ok_or(Reason::GatewayBadAnswer)?;
    if answer.is_null() {
        return Err(Reason::GatewayFileGone);
    }
    let mut level = match &answer {
        Json::Array(items) => items.first().and_then(Json::as_object),
        answer => answer.as_object(),
    };
    for _ in 0..DEEPEST {
        let Some(object) = level else {
            break;
        };
        if let Some(link) = words(object, links) {
            return Ok(FileAnswer::Link(link));
        }
        if let Some(bytes) = field(object, base64).and_then(text) {
            return Ok(FileAnswer::Base64(bytes.to_owned()));
        }
        level = fields::object(object, NESTS);
    }
    Err(refusal(status, Some(&answer)))
}

/// The reason in an answer without a file.
pub(super) fn refusal(status: u16, answer: Option<&Json>) -> Reason {
    let said = answer.map(said).unwrap_or_default().to_lowercase();
    let is_gone = [
        "not found",
        "does not exist",
        "doesn't exist",
        "no attachment",
        "expired",
        // What WhatsApp's CDN answered to the gateway.
        "status code 403",
        "status code 404",
        "status code 410",
    ]
    .iter()
    .any(|words| said.contains(words));
    let is_of_instance = ["instance", "session", "device"]
        .iter()
        .any(|word| said.contains(word));
    match status {
        401 | 403 => Reason::GatewayTokenRefused,
        429 => Reason::GatewayThrottled,
        502..=504 => Reason::GatewayUnavailable,
        _ if is_gone && is_of_instance => Reason::GatewayUnknownInstance,
        404 | 410 => Reason::GatewayFileGone,
        _ if is_gone => Reason::GatewayFileGone,
        _ if said.contains("not active") || said.contains("not connected") => {
            Reason::GatewayUnavailable
        }
        500.. => Reason::GatewayFailed,
        200..300 if answer.is_some_and(has_error) => Reason::GatewayFailed,
        _ => Reason::GatewayBadAnswer,
    }
}

/// Whether an answer, or the description of the file in it, has an error.
fn has_error(answer: &Json) -> bool {
    let Some(answer) = answer.as_object() else {
        return false;
    };
    let media = fields::object(answer, &["media"]);
    let mut errors = [Some(answer), media]
        .into_iter()
        .flatten()
        .filter_map(|of| field(of, &["error"]));
    errors.any(|error| *error != Json::Bool(false))
}

/// All texts of an answer's error, in whatever form.
fn said(answer: &Json) -> String {
    match answer {
        Json::String(text) => text.clone(),
        Json::Array(items) => items.iter().map(said).collect::<Vec<_>>().join(" "),
        Json::Object(object) => errors(object),
        _ => String::new(),
    }
}

fn errors(object: &Object) -> String {
    // In WAHA's answers the file has the error.
    let names = [
        "message",
        "error",
        "response",
        "details",
        "exception",
        "media",
    ];
    let texts = names
        .iter()
        .filter_map(|name| field(object, &[name]).map(said));
    texts.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_file_is_found_in_every_form_of_answer() {
        let read = |body: Json| {
            file(
                200,
                body.to_string().as_bytes(),
                &["url", "fileURL"],
                &["base64", "Data"],
            )
        };
        let link = |url: &str| Ok(FileAnswer::Link(url.to_owned()));
        let bytes = |text: &str| Ok(FileAnswer::Base64(text.to_owned()));
        assert_eq!(read(json!({"fileURL": "a", "mimetype": "b"})), link("a"));
        assert_eq!(read(json!({"results": {"url": "a"}})), link("a"));
        assert_eq!(read(json!([{"results": [{"url": "a"}]}])), link("a"));
        assert_eq!(
            read(json!({"message": "success", "data": {"base64": "QQ=="}})),
            bytes("QQ==")
        );
        assert_eq!(
            read(json!({"code": 200, "data": {"Mimetype": "x", "Data": "data:x;base64,QQ=="}})),
            bytes("data:x;base64,QQ==")
        );
        assert_eq!(read(Json::Null), Err(Reason::GatewayFileGone));
        assert_eq!(
            read(json!({"mediaType": "imageMessage", "base64": ""})),
            Err(Reason::GatewayBadAnswer)
        );
        assert_eq!(
            file(200, b"<html>", &["url"], &[]),
            Err(Reason::GatewayBadAnswer)
        );
    }

    #[test]
    fn an_error_is_read_in_every_form() {
        for (status, body, reason) in [
            (
                400,
                json!({"status": 400, "error": "Bad Request", "response": {"message": ["Message not found"]}}),
                Reason::GatewayFileGone,
            ),
            (
                404,
                json!({"response": {"message": ["The \"x\" instance does not exist"]}}),
                Reason::GatewayUnknownInstance,
            ),
            (
                404,
                json!({"error": "Message not found"}),
                Reason::GatewayFileGone,
            ),
            (
                400,
                json!({"error": {"message": "Unsupported get request. Object with ID does not exist", "code": 100}}),
                Reason::GatewayFileGone,
            ),
            (
                401,
                json!({"error": {"code": 190}}),
                Reason::GatewayTokenRefused,
            ),
            (
                500,
                json!({"status": "error", "message": "The session is not active"}),
                Reason::GatewayUnavailable,
            ),
            (
                500,
                json!({"error": "failed to download"}),
                Reason::GatewayFailed,
            ),
            (
                400,
                json!({"response": {"message": ["AxiosError: Request failed with status code 410"]}}),
                Reason::GatewayFileGone,
            ),
            (
                200,
                json!({"hasMedia": true, "media": {"url": null, "error": {"code": 13, "details": "status code 403"}}}),
                Reason::GatewayFileGone,
            ),
            (
                200,
                json!({"media": [{"url": null, "error": {"message": "timeout"}}]}),
                Reason::GatewayFailed,
            ),
            (
                200,
                json!({"error": false, "data": null}),
                Reason::GatewayBadAnswer,
            ),
            (503, Json::Null, Reason::GatewayUnavailable),
            (429, Json::Null, Reason::GatewayThrottled),
            (418, Json::Null, Reason::GatewayBadAnswer),
        ] {
            assert_eq!(refusal(status, Some(&body)), reason, "{status} {body}");
        }
    }
}
