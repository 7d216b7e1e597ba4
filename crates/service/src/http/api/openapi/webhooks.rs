//! Events in the OpenAPI document: what `/events` shows of each kind, and what endpoints get.

use utoipa::ToSchema as _;
use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, PathItem, Paths,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{
    AllOfBuilder, AnyOfBuilder, KnownFormat, ObjectBuilder, OneOfBuilder, SchemaFormat, SchemaType,
    Type,
};
use utoipa::openapi::{
    Content, OpenApi, Ref, RefOr, Required, ResponseBuilder, Schema, SecurityRequirement,
};

use crate::events::facts::{self, name_of};
use crate::events::{ERASED, notifications};
use crate::http::api::v1::events::ApiEvent;
use crate::media::Media;
use crate::model::EventKind;

/// A media as a notification shows it.
const NOTIFIED_MEDIA: &str = "NotifiedMedia";

fn named(name: &str) -> RefOr<Schema> {
    Ref::from_schema_name(name).into()
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::String))
}

fn time() -> ObjectBuilder {
    text().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
}

fn number() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::Integer))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
}

fn or_null(kind: Type) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Array(vec![kind, Type::Null]))
}

fn code(code: &str) -> ObjectBuilder {
    text().enum_values(Some([code]))
}

/// `media.stored` is `MediaStored`.
fn component(kind: &str, end: &str) -> String {
    let parts = kind.split(['.', '_']);
    let mut name: String = parts
        .map(|part| {
            let (first, rest) = part.split_at(1.min(part.len()));
            first.to_uppercase() + rest
        })
        .collect();
    name.push_str(end);
    name
}

/// Adds the schemas of all events to a document, and what endpoints get.
pub fn describe(document: &mut OpenApi) {
    let mut webhooks = Paths::new();
    let components = document.components.get_or_insert_default();
    components.schemas.extend(facts::schemas());
    let schemas = &mut components.schemas;
    schemas.insert(NOTIFIED_MEDIA.to_owned(), notified_media());
    let mut shown = OneOfBuilder::new().description(Some(
        "What happened; the `type` says which fields `data` has. Newer versions may add types and fields.",
    ));
    for kind in EventKind::ALL {
        let name = component(kind.as_str(), "Event");
        schemas.insert(name.clone(), event(kind));
        shown = shown.item(named(&name));
        let name = component(kind.as_str(), "Notification");
        schemas.insert(name.clone(), notification(kind));
        let path = webhook(kind.as_str(), about(kind), &name);
        webhooks.paths.insert(kind.as_str().to_owned(), path);
    }
    let erased = component(ERASED, "Event");
    schemas.insert(erased.clone(), erased_event());
    schemas.insert(
        ApiEvent::name().into_owned(),
        shown.item(named(&erased)).into(),
    );
    for (kind, about) in [
        (
            notifications::TEST,
            "A test, sent by request. It is no event, and its number is 0",
        ),
        (
            ERASED,
            "An event of a person who was erased before it was sent",
        ),
    ] {
        let name = component(kind, "Notification");
        schemas.insert(name.clone(), bare_notification(kind));
        webhooks
            .paths
            .insert(kind.to_owned(), webhook(kind, about, &name));
    }
    document.webhooks = Some(webhooks);
}

fn about(kind: EventKind) -> &'static str {
    match kind {
        EventKind::MediaStored => "A media was stored",
        EventKind::MediaFailed => "A media failed",
        EventKind::MediaExpired => "The link of a media expired before it was stored",
        EventKind::MediaPostponed => "A download failed, and is tried again",
        EventKind::MediaLost => "A stored file was not in its place, or damaged",
        EventKind::MediaRemoved => "A retention rule deleted a file",
        EventKind::MediaDismissed => "A person acknowledged a media that is not stored",
        EventKind::MediaDeletedForEveryone => "The sender deleted a message for everyone",
        EventKind::MediaInfected => "The scanner found something in a file",
        EventKind::ContactErased => "The media of a person were erased",
        EventKind::InstanceConnected => "An instance is connected to WhatsApp",
        EventKind::InstanceDisconnected => "An instance is no longer connected to WhatsApp",
        EventKind::EndpointDisabled => "An endpoint was disabled",
    }
}

/// An event as `/events` shows it.
fn event(kind: EventKind) -> RefOr<Schema> {
    let fields = event_head(kind.as_str())
        .property("client", number())
        .property("instance", text())
        .property("media", text())
        .property("data", named(&name_of(kind)));
    fields.description(Some(about(kind))).into()
}

fn event_head(kind: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .property(
            "seq",
            number().description(Some("Increasing, in the order of commits.")),
        )
        .property("type", code(kind))
        .property("at", time())
        .required("seq")
        .required("type")
        .required("at")
        .required("data")
}

fn erased_event() -> RefOr<Schema> {
    let nothing = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Object));
    let fields = event_head(ERASED).property("data", nothing);
    let about = "What happened to a media that was erased since. Nothing else is known of it.";
    fields.description(Some(about)).into()
}

fn body(kind: &str, data: ObjectBuilder) -> RefOr<Schema> {
    let data = data.required("seq").property(
        "seq",
        number().description(Some("The number of the event.")),
    );
    let fields = ObjectBuilder::new()
        .property("type", code(kind))
        .property("timestamp", time().description(Some("When it happened.")))
        .property("data", data)
        .required("type")
        .required("timestamp")
        .required("data");
    fields.into()
}

/// What endpoints get for an event.
fn notification(kind: EventKind) -> RefOr<Schema> {
    let nothing = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Null));
    let event = OneOfBuilder::new()
        .item(named(&name_of(kind)))
        .item(nothing)
        .description(Some(
            "As in `/events`; null or absent when the event was deleted for its age, or the body would be too large.",
        ));
    let data = ObjectBuilder::new()
        .property("client", or_null(Type::Integer))
        .required("client")
        .property("instance", or_null(Type::String))
        .property("event", event)
        .property("media", named(NOTIFIED_MEDIA));
    body(kind.as_str(), data)
}

/// What endpoints get where nothing can be said.
fn bare_notification(kind: &str) -> RefOr<Schema> {
    body(kind, ObjectBuilder::new())
}

/// The media as it is when the notification is sent; only its id when it was erased, or the body would be too large.
fn notified_media() -> RefOr<Schema> {
    let url = text().description(Some("Where its file is, for a key of its client."));
    let whole = AllOfBuilder::new()
        .item(named(&Media::name()))
        .item(ObjectBuilder::new().property("content_url", url));
    let id = ObjectBuilder::new().property("id", text()).required("id");
    AnyOfBuilder::new().item(whole).item(id).into()
}

fn webhook(kind: &str, about: &str, schema: &str) -> PathItem {
    let header = |name: &str, about: &str| {
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .required(Required::True)
            .description(Some(about))
            .schema(Some(text()))
    };
    let body = RequestBodyBuilder::new()
        .content("application/json", Content::new(Some(named(schema))))
        .required(Some(Required::True));
    let answer = |about: &str| ResponseBuilder::new().description(about).build();
    let operation = OperationBuilder::new()
        .summary(Some(about))
        .description(Some(
            "Sent to the endpoints that want this type, signed by the Standard Webhooks specification.",
        ))
        .operation_id(Some(component(kind, "Webhook")))
        .tag("webhooks")
        .securities(Some([SecurityRequirement::default()]))
        .parameter(header(
            "webhook-id",
            "The id of the notification, the same in every attempt",
        ))
        .parameter(header(
            "webhook-timestamp",
            "When this attempt was made, in seconds since 1970",
        ))
        .parameter(header(
            "webhook-signature",
            "`v1,` and a signature; two during a day after the secret was rotated",
        ))
        .request_body(Some(body.build()))
        .response("2XX", answer("Received"))
        .response("410", answer("Disables the endpoint"))
        .response(
            "default",
            answer("Sent again later; `Retry-After` is respected"),
        );
    PathItem::new(HttpMethod::Post, operation)
}
