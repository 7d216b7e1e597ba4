//! The data of each kind of event: the types that are written to the log, shown by the API and sent to endpoints, and that the
//! OpenAPI document describes.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Value as Json, json};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema as _, ToSchema};

use super::endpoints::DisabledReason;
use crate::clock::{Millis, as_rfc3339};
use crate::model::{EventKind, Reason, schema};

/// A media was stored.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MediaStored {
    #[schema(value_type = schema::Kind)]
    pub kind: &'static str,
    /// Below the root of the storage.
    pub path: String,
    /// Bytes.
    pub size: u64,
    #[schema(value_type = schema::Proof)]
    pub verified: &'static str,
    /// As the bytes are.
    pub mime: String,
}

/// A media ended without a file.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MediaEnded {
    #[schema(value_type = schema::Kind)]
    pub kind: &'static str,
    pub reason: Reason,
}

/// A round failed, and a later one follows.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MediaPostponed {
    #[schema(value_type = schema::Kind)]
    pub kind: &'static str,
    pub reason: Reason,
    #[serde(serialize_with = "as_rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub next_attempt_at: Millis,
}

/// The file of a media was not in its place, or damaged.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MediaLost {
    #[schema(value_type = schema::Kind)]
    pub kind: &'static str,
    pub reason: Reason,
    /// Where the file was, below the root of the storage.
    pub path: String,
}

/// A retention rule deleted a file.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MediaRemoved {
    #[schema(value_type = schema::Kind)]
    pub kind: &'static str,
    pub reason: Reason,
    /// Where the file was, below the root of the storage.
    pub path: String,
    /// Bytes.
    pub size: u64,
}

/// A person acknowledged a media that is not stored.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MediaDismissed {
    #[schema(value_type = schema::Kind)]
    pub kind: &'static str,
    /// Why it was not stored.
    pub reason: Option<Reason>,
}

/// The sender deleted the message for everyone. The file stays, unless a rule says otherwise.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MediaDeletedForEveryone {
    #[schema(value_type = schema::Kind)]
    pub kind: &'static str,
    #[serde(serialize_with = "as_rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub deleted_at: Millis,
}

/// The scanner found something in a file.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MediaInfected {
    #[schema(value_type = schema::Kind)]
    pub kind: &'static str,
    /// Below the root of the storage.
    pub path: Option<String>,
    /// Bytes.
    pub size: Option<u64>,
}

/// The media of a person were erased. Who it was is not said.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ContactErased {
    pub media: u64,
    pub files: u64,
    /// Bytes of the files.
    pub size: u64,
    pub deliveries: u64,
}

/// The connection of an instance changed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InstanceConnection {}

/// An endpoint gets nothing more until it is enabled again.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EndpointDisabled {
    pub endpoint: String,
    pub reason: DisabledReason,
}

/// Schemas of components by their names.
pub type Schemas = Vec<(String, RefOr<Schema>)>;

macro_rules! facts {
    ($($kind:ident($data:ident);)*) => {
        /// What happened.
        #[derive(Clone, Debug)]
        pub enum Fact {
            $($kind($data),)*
        }

        impl Fact {
            pub fn kind(&self) -> EventKind {
                match self { $(Self::$kind(_) => EventKind::$kind,)* }
            }

            /// As it is written, and shown.
            pub fn data(&self) -> Json {
                match self { $(Self::$kind(data) => json!(data),)* }
            }
        }

        /// The name of the schema of a kind's data.
        pub fn name_of(kind: EventKind) -> Cow<'static, str> {
            match kind { $(EventKind::$kind => $data::name(),)* }
        }

        /// The schemas of all data, and those to which they refer.
        pub fn schemas() -> Schemas {
            let mut schemas = Vec::new();
            $(
                schemas.push(($data::name().into_owned(), $data::schema()));
                $data::schemas(&mut schemas);
            )*
            schemas
        }
    };
}

facts! {
    MediaStored(MediaStored);
    MediaFailed(MediaEnded);
    MediaExpired(MediaEnded);
    MediaPostponed(MediaPostponed);
    MediaLost(MediaLost);
    MediaRemoved(MediaRemoved);
    MediaDismissed(MediaDismissed);
    MediaDeletedForEveryone(MediaDeletedForEveryone);
    MediaInfected(MediaInfected);
    ContactErased(ContactErased);
    InstanceConnected(InstanceConnection);
    InstanceDisconnected(InstanceConnection);
    EndpointDisabled(EndpointDisabled);
}
