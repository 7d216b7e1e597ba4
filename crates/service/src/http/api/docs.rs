//! The manual of the API: a page made from the OpenAPI document, without scripts and without anything from elsewhere.

use std::fmt::Write as _;
use std::sync::OnceLock;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use serde_json::{Map, Value};

use super::openapi::{document, document_of};
use crate::http::HttpState;
use crate::ops::dossier::public_key;

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}\
code{font:.9em ui-monospace,monospace;overflow-wrap:anywhere}table{border-collapse:collapse;width:100%}\
td,th{text-align:left;vertical-align:top;padding:.2rem .5rem;border-bottom:1px solid #8885}h3{margin-top:2.5rem}";

pub async fn openapi(State(state): State<HttpState>) -> Response {
    let mut response = match state.app.secrets.dossier_seed() {
        Ok(seed) => document_of(public_key(&seed)).into_response(),
        // The request for the key itself is answered with the error.
        Err(_) => document().as_bytes().into_response(),
    };
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

pub async fn page() -> Response {
    static PAGE: OnceLock<String> = OnceLock::new();
    let page = PAGE.get_or_init(|| {
        let document: Value = serde_json::from_str(document()).unwrap_or_default();
        rendered(&document)
    });
    let mut response = Html(page.as_str()).into_response();
    let policy = format!(
        "default-src 'none'; style-src '{}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        style_hash()
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn style_hash() -> String {
    use base64::Engine as _;
    use sha2::Digest as _;
    let hash = sha2::Sha256::digest(STYLE.as_bytes());
    format!(
        "sha256-{}",
        base64::engine::general_purpose::STANDARD.encode(hash)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or("")
}

fn empty() -> &'static Map<String, Value> {
    static EMPTY: OnceLock<Map<String, Value>> = OnceLock::new();
    EMPTY.get_or_init(Map::new)
}

fn rendered(document: &Value) -> String {
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>midiateca API</title><style>{STYLE}</style></head><body><main><h1>midiateca API</h1><p>{}</p>\
         <p>For programs: <a href=\"/openapi.json\">openapi.json</a> (OpenAPI 3.1).</p>",
        escaped(text(&document["info"], "description"))
    );
    let _ = write!(page, "<h2>Requests</h2>");
    for (path, methods) in document["paths"].as_object().unwrap_or(empty()) {
        for (method, operation) in methods.as_object().unwrap_or(empty()) {
            operation_section(&mut page, path, method, operation);
        }
    }
    let _ = write!(page, "<h2>Objects</h2>");
    let schemas = &document["components"]["schemas"];
    for (name, schema) in schemas.as_object().unwrap_or(empty()) {
        schema_section(&mut page, name, schema);
    }
    page.push_str("</main></body></html>");
    page
}

fn operation_section(page: &mut String, path: &str, method: &str, operation: &Value) {
    let _ = write!(
        page,
        "<h3><code>{} {}</code></h3><p>{}. {}</p>",
        method.to_uppercase(),
        escaped(path),
        escaped(text(operation, "summary")),
        escaped(text(operation, "description")),
    );
    let parameters = operation["parameters"].as_array();
    if let Some(parameters) = parameters.filter(|parameters| !parameters.is_empty()) {
        page.push_str("<table><tr><th>Parameter</th><th>In</th><th>Type</th><th></th></tr>");
        for parameter in parameters {
            let _ = write!(
                page,
                "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td></tr>",
                escaped(text(parameter, "name")),
                escaped(text(parameter, "in")),
                type_of(&parameter["schema"]),
                escaped(text(parameter, "description")),
            );
        }
        page.push_str("</table>");
    }
    if let Some(body) = operation["requestBody"]["content"]["application/json"].get("schema") {
        let _ = write!(page, "<p>Body: {}</p>", type_of(body));
    }
    for (status, response) in operation["responses"].as_object().unwrap_or(empty()) {
        let content = response["content"].as_object().unwrap_or(empty());
        let types: Vec<_> = content
            .iter()
            .map(|(mime, content)| format!("{} {}", escaped(mime), type_of(&content["schema"])))
            .collect();
        let description = escaped(text(response, "description"));
        let _ = write!(
            page,
            "<p>{}: {description} {}</p>",
            escaped(status),
            types.join(", ")
        );
    }
}

fn schema_section(page: &mut String, name: &str, schema: &Value) {
    let (id, description) = (escaped(name), escaped(text(schema, "description")));
    let _ = write!(
        page,
        "<h3 id=\"{id}\"><code>{id}</code></h3><p>{description}</p>"
    );
    if schema.get("enum").is_some() {
        let _ = write!(page, "<p>{}</p>", type_of(schema));
        return;
    }
    let parts = schema["allOf"].as_array();
    for part in parts.into_iter().flatten().chain([schema]) {
        if part.get("$ref").is_some() {
            let _ = write!(page, "<p>All of {}, and</p>", type_of(part));
        }
        let Some(fields) = part["properties"].as_object() else {
            continue;
        };
        page.push_str("<table><tr><th>Field</th><th>Type</th><th></th></tr>");
        for (field, schema) in fields {
            let _ = write!(
                page,
                "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
                escaped(field),
                type_of(schema),
                escaped(text(schema, "description")),
            );
        }
        page.push_str("</table>");
    }
}

/// A type as HTML.
fn type_of(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str() {
        let name = escaped(name.rsplit('/').next().unwrap_or(name));
        return format!("<a href=\"#{name}\">{name}</a>");
    }
    let alternatives = schema["oneOf"].as_array().or(schema["anyOf"].as_array());
    if let Some(alternatives) = alternatives {
        let types: Vec<_> = alternatives.iter().map(type_of).collect();
        return types.join(" or ");
    }
    if let Some(values) = schema["enum"].as_array() {
        let values = values.iter().filter_map(Value::as_str);
        let values: Vec<_> = values
            .map(|value| format!("<code>{}</code>", escaped(value)))
            .collect();
        return values.join(" ");
    }
    let names: Vec<_> = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        Value::String(name) => vec![name.as_str()],
        _ => vec!["any"],
    };
    if names.contains(&"array") {
        return format!("list of {}", type_of(&schema["items"]));
    }
    let format = schema["format"]
        .as_str()
        .map(|format| format!(" ({})", escaped(format)));
    format!(
        "{}{}",
        escaped(&names.join(" or ")),
        format.unwrap_or_default()
    )
}
