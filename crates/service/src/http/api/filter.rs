//! The filters of media, by the same words in every list.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::error::{ApiError, Detail, Result};
use super::query::{code, number};
use crate::app::App;
use crate::clock::Millis;
use crate::config::Since;
use crate::i18n::keys as texts;
use crate::instances;
use crate::media::Filter;
use crate::media::screening::Screening;
use crate::model::{Direction, MediaKind, MediaStatus, Reason, Scope, Verification, schema, unhex};

code!(kind, MediaKind, MediaKind::ALL);
code!(verified, Verification, Verification::ALL);
code!(reason, Reason, Reason::ALL);

/// Which media; all given conditions must match.
#[derive(Clone, Debug, Default, Deserialize, Serialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MediaFilter {
    /// The number of a client.
    #[serde(
        default,
        deserialize_with = "number",
        skip_serializing_if = "Option::is_none"
    )]
    #[param(value_type = Option<i64>)]
    pub client: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    #[serde(
        default,
        deserialize_with = "kind",
        serialize_with = "as_code",
        skip_serializing_if = "Option::is_none"
    )]
    #[param(value_type = Option<schema::Kind>)]
    #[schema(value_type = Option<schema::Kind>)]
    pub kind: Option<MediaKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<MediaStatus>,
    #[serde(
        default,
        deserialize_with = "reason",
        skip_serializing_if = "Option::is_none"
    )]
    #[param(value_type = Option<Reason>)]
    pub reason: Option<Reason>,
    /// Any id of the chat, with or without its server: a phone number as people write it, its last eight digits or more, a
    /// LID, a group. Finds the chats under the person's other known ids, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat: Option<String>,
    /// The phone number or the LID of the sender, as for `chat`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// Received at or after: a day in `http.time_zone`, a time, or so long ago (`24h`, `7d`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Received before; a day is included to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Words of captions, file names, sender names and transcripts; or a phone number or an id, for what that person sent and
    /// what is in the chat with them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// How the file was verified: `full`, `mac` or `unproven`.
    #[serde(
        default,
        deserialize_with = "verified",
        serialize_with = "as_code",
        skip_serializing_if = "Option::is_none"
    )]
    #[param(value_type = Option<schema::Proof>)]
    #[schema(value_type = Option<schema::Proof>)]
    pub verified: Option<Verification>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// Of the stored file, hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// Which client's, for lists without another filter.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OfClient {
    /// The number of a client: only what is of this one, without what is of all clients.
    #[serde(default, deserialize_with = "number")]
    #[param(value_type = Option<i64>)]
    pub client: Option<i64>,
}

trait Code {
    fn code(&self) -> &'static str;
}

impl Code for MediaKind {
    fn code(&self) -> &'static str {
        self.as_str()
    }
}

impl Code for Verification {
    fn code(&self) -> &'static str {
        self.as_str()
    }
}

fn as_code<T: Code, S: serde::Serializer>(
    value: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    value.as_ref().map(Code::code).serialize(serializer)
}

impl MediaFilter {
    /// The conditions within a scope.
    pub async fn resolve(self, app: &App, scope: Scope) -> Result<Filter> {
        let wrong_hash = || ApiError::bad(texts::api::BAD_QUERY, texts::api::DETAIL_HASH);
        let sha256 = self.sha256.as_deref();
        let sha256 = sha256.map(|text| unhex(text).ok_or_else(wrong_hash));
        let sha256 = sha256.transpose()?;
        let (mut instances, mut clients) = (Vec::new(), Vec::new());
        if self.message_id.is_some() || sha256.is_some() {
            // Their media may be of a client that they had before.
            instances = instances::every_instance(&app.db).await?;
            clients = instances::every_client(&app.db).await?;
        }
        let clients = clients.into_iter().map(|client| client.id).collect();
        Ok(Filter {
            scope,
            screening: Screening::Off,
            ids: Vec::new(),
            instances: instances
                .into_iter()
                .map(|instance| instance.id.0)
                .collect(),
            clients,
            client: self.client,
            instance: self.instance,
            kind: self.kind,
            status: self.status,
            chat: self.chat,
            sender: self.sender,
            since: time(app, "from", self.from.as_deref())?,
            until: end(app, "to", self.to.as_deref())?,
            words: self.q,
            reason: self.reason,
            verified: self.verified,
            direction: self.direction,
            message_id: self.message_id,
            sha256,
        })
    }
}

/// A time as operators write it.
pub fn time(app: &App, field: &'static str, text: Option<&str>) -> Result<Option<Millis>> {
    let since = text.map(|text| since(field, text)).transpose()?;
    Ok(since.map(|since| since.at(app.clock.now(), &app.config.http.zone())))
}

/// The same for the end of a period: a day belongs to it.
pub fn end(app: &App, field: &'static str, text: Option<&str>) -> Result<Option<Millis>> {
    let since = text.map(|text| since(field, text)).transpose()?;
    Ok(since.map(|since| since.end(app.clock.now(), &app.config.http.zone())))
}

fn since(field: &'static str, text: &str) -> Result<Since> {
    Since::typed(text).map_err(|error| {
        ApiError::bad(
            texts::api::BAD_QUERY,
            Detail::In(field, std::sync::Arc::new(error)),
        )
    })
}
