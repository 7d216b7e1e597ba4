//! The OpenAPI document: made from the handlers, with what all operations have in common.

mod webhooks;

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, OnceLock};

use axum::http::Method;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn, PathItem};
use utoipa::openapi::schema::{ArrayItems, Object, SchemaType, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder, RefOr, Schema, SecurityRequirement};

use super::BASE;
use super::fields::MOST_LETTERS;
use crate::ops::dossier::PublicKey;

pub fn head() -> OpenApi {
    let info = InfoBuilder::new()
        .title("midiateca")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Media that arrived on a company's WhatsApp numbers. Each request has an API key (`midiateca key create NAME`) as \
             bearer token; what the key may not see is 404. Times are RFC 3339 in UTC, sizes bytes, durations milliseconds.\n\n\
             A key or a user has a role: a viewer reads, an operator also acts on media, deliveries and endpoints, an administrator \
             may do everything, within one client or all. Each operation says which role it needs.\n\n\
             Lists are pages, newest first: `next` is the `cursor` of the next page, and null on the last one.\n\n\
             Every error has the body `ErrorBody`, in the language of `Accept-Language` (en or pt-BR); programs compare its code. \
             Any operation may answer 400 `bad_query`, `bad_body` or `bad_cursor`, 401 `missing_key` or `invalid_key`, 403 \
             `role_too_low` or `scope_too_small`, 404 for what is not there or not the caller's, 413 `too_large`, 415 `wrong_type`, \
             429 `too_many_requests`, and 503 `unavailable` or `busy`; these have the seconds to wait in `Retry-After`. \
             503 `commit_uncertain` has none: the change may have been made, so look before you send it again.",
        ))
        .build();
    let mut document = OpenApiBuilder::new()
        .info(info)
        .security(Some(
            ["key", "session"].map(|name| SecurityRequirement::new(name, Vec::<String>::new())),
        ))
        .build();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("key", SecurityScheme::Http(bearer));
    let cookie = ApiKeyValue::with_description(
        "midiateca",
        "A signed-in user; over https the name is `__Host-midiateca`.",
    );
    let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(cookie));
    components.add_security_scheme("session", cookie);
    document
}

fn documented() -> &'static OpenApi {
    static DOCUMENT: OnceLock<OpenApi> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let mut document = super::described().into_openapi();
        bound_texts(&mut document);
        webhooks::describe(&mut document);
        let mut ids = HashSet::new();
        for (address, path) in &mut document.paths.paths {
            for operation in operations(path) {
                say_role(operation);
                name(operation, address, &mut ids);
                // Errors of the service have the same body as those of requests.
                let responses = &mut operation.responses.responses;
                if let Some(error) = responses.get("4XX").cloned() {
                    responses.insert("5XX".to_owned(), error);
                }
                for (status, response) in responses {
                    if let RefOr::T(response) = response
                        && response.description.is_empty()
                    {
                        response.description = usual_description(status).to_owned();
                    }
                }
            }
        }
        document
    })
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let all = [
        &mut path.get,
        &mut path.put,
        &mut path.post,
        &mut path.patch,
        &mut path.delete,
    ];
    all.into_iter().flatten()
}

/// Every text of a body has a limit, which is enforced by the reader of fields; many have a lower one. Texts of a query have
/// the same one, and the document does not say so: several of that length are more than the head of a request may have.
fn bound_texts(document: &mut OpenApi) {
    let mut names = BTreeSet::new();
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        if let Some(RefOr::T(body)) = &mut operation.request_body {
            for content in body.content.values_mut() {
                if let RefOr::T(content) = content
                    && let Some(schema) = &mut content.schema
                {
                    bound(schema, &mut names);
                }
            }
        }
    }
    let Some(components) = &mut document.components else {
        return;
    };
    let mut seen = BTreeSet::new();
    while let Some(name) = names.pop_first() {
        if seen.insert(name.clone())
            && let Some(schema) = components.schemas.get_mut(&name)
        {
            bound(schema, &mut names);
        }
    }
}

/// Collects the names of the schemas that one refers to.
fn bound(schema: &mut RefOr<Schema>, names: &mut BTreeSet<String>) {
    let schema = match schema {
        RefOr::Ref(reference) => {
            let name = reference.ref_location.rsplit('/').next();
            names.extend(name.map(str::to_owned));
            return;
        }
        RefOr::T(schema) => schema,
    };
    let parts = match schema {
        Schema::Object(object) => {
            bound_object(object);
            let fields = object.properties.values_mut();
            return fields.for_each(|field| bound(field, names));
        }
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                bound(items, names);
            }
            return;
        }
        Schema::OneOf(parts) => &mut parts.items,
        Schema::AllOf(parts) => &mut parts.items,
        Schema::AnyOf(parts) => &mut parts.items,
        _ => return,
    };
    parts.iter_mut().for_each(|part| bound(part, names));
}

fn bound_object(object: &mut Object) {
    let is_text = match &object.schema_type {
        SchemaType::Type(kind) => *kind == Type::String,
        SchemaType::Array(kinds) => kinds.contains(&Type::String),
        SchemaType::AnyValue => false,
    };
    if is_text && object.enum_values.is_none() {
        object.max_length.get_or_insert(MOST_LETTERS);
    }
}

/// Generated clients need ids that no other operation has: the tag and the function, with the address where two have the same.
fn name(operation: &mut Operation, address: &str, ids: &mut HashSet<String>) {
    let tag = operation.tags.iter().flatten().next();
    let function = operation.operation_id.as_deref().unwrap_or_default();
    let id = tag.map_or_else(|| function.to_owned(), |tag| format!("{tag}_{function}"));
    let is_new = ids.insert(id.clone());
    let last = address.rsplit('/').find(|part| !part.contains('{'));
    let last = last.unwrap_or_default().replace(['.', '-'], "_");
    operation.operation_id = Some(if is_new { id } else { format!("{id}_{last}") });
}

/// OpenAPI requires a description of each response.
fn usual_description(status: &str) -> &'static str {
    match status {
        "200" => "Done",
        "201" => "Made",
        "202" => "Begun",
        "204" => "Done, without a body",
        "206" => "A part of the file",
        "304" => "Unchanged",
        "4XX" => "Refused: the code says why",
        "5XX" => "Not possible now: the code says why",
        _ => "See the description of the operation",
    }
}

/// The role is in the security requirement, which tools may not show.
fn say_role(operation: &mut Operation) {
    let required = operation.security.iter().flatten().next();
    let required = required.and_then(|required| serde_json::to_value(required).ok());
    let role = required.as_ref().and_then(|it| it["key"][0].as_str());
    if let Some(role) = role {
        let needed = format!("Needs the role `{role}`.");
        let known = operation.description.take();
        let description =
            known.map_or_else(|| needed.clone(), |known| format!("{known}\n\n{needed}"));
        operation.description = Some(description);
    }
}

/// The OpenAPI document, as JSON.
pub fn document() -> &'static Arc<str> {
    static DOCUMENT: OnceLock<Arc<str>> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let text = documented().to_pretty_json();
        text.unwrap_or_default().into()
    })
}

/// The OpenAPI document of an installation, with the key that signs its dossiers.
pub fn document_of(key: PublicKey) -> String {
    let mut document = documented().clone();
    let key = Extensions::builder().add("x-dossier-key", key.to_string());
    document.info.extensions = Some(key.build());
    document.to_pretty_json().unwrap_or_default()
}

/// The operations that take no parameters in their query: method and path.
pub fn without_query() -> &'static HashSet<(Method, String)> {
    static KNOWN: OnceLock<HashSet<(Method, String)>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let mut known = HashSet::new();
        for (path, item) in &documented().paths.paths {
            let operations = [
                (Method::GET, &item.get),
                (Method::PUT, &item.put),
                (Method::POST, &item.post),
                (Method::PATCH, &item.patch),
                (Method::DELETE, &item.delete),
            ];
            for (method, operation) in operations {
                let Some(operation) = operation else {
                    continue;
                };
                let parameters = operation.parameters.iter().flatten();
                let is_of_query = |parameter: &RefOr<Parameter>| {
                    matches!(parameter, RefOr::T(it) if it.parameter_in == ParameterIn::Query)
                };
                if path.starts_with(BASE) && !parameters.into_iter().any(is_of_query) {
                    known.insert((method, path.clone()));
                }
            }
        }
        known
    })
}
