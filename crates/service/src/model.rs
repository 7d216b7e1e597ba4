//! Ids, statuses, routes and reasons: the nouns of the service.

mod access;
pub mod contact;
mod cursor;
mod delivery_reason;
mod erased;
mod hex;
pub mod name;
pub mod origin;
pub mod phone;
mod prefix;
mod reason;
pub mod schema;

pub use access::{ChangeKind, Role, Scope};
pub use cursor::{Cursor, Listed, cut};
pub use delivery_reason::DeliveryReason;
pub use erased::{erased_message, erased_print};
pub use hex::{hex, unhex};
pub use origin::{ChatId, ChatKind, Origin, SenderId};
pub use prefix::{PrefixError, by_prefix};
pub use reason::{Reason, Verdict};
pub use wa_media::{KeyKind, MediaKey, MediaKind, Verification};

use std::sync::atomic::{AtomicU32, Ordering};

use crate::clock::Millis;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, utoipa::ToSchema)]
        #[serde(transparent)]
        #[schema(value_type = String)]
        pub struct $name(pub String);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}

/// A closed set of stable codes, the same in the database, in JSON and in the names of texts.
macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $variant:ident $code:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$about])* $variant,)* }

        impl $name {
            pub const ALL: [Self; [$($code),*].len()] = [$(Self::$variant),*];
            /// Of all, in the same order.
            pub const CODES: [&'static str; Self::ALL.len()] = [$($code),*];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            pub fn parse(code: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|known| known.as_str() == code)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                let text = $crate::terminal::tame(&text);
                Self::parse(&text).ok_or_else(|| serde::de::Error::unknown_variant(&text, &Self::CODES))
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                $crate::model::schema_of_codes(&Self::CODES)
            }
        }

        impl utoipa::ToSchema for $name {}
    };
}
pub(crate) use codes;

codes! {
    /// What the bytes of a stored file were compared with. A matching hash alone says less than the key with it.
    Proof {
        /// Decrypted here with the message's key; MAC and plaintext hash match.
        KeyAndHash "key_and_hash",
        /// Received unencrypted; the plaintext hash matches.
        HashOnly "hash_only",
        /// Decrypted here with the message's key; the MAC matches, and the message has no plaintext hash.
        KeyOnly "key_only",
        /// Received unencrypted, and there is no hash.
        Nothing "compared_with_nothing",
    }
}

impl Proof {
    /// Of a stored file. Only what comes from WhatsApp's CDN comes encrypted.
    pub fn of(verified: Verification, route: Option<Route>) -> Self {
        match verified {
            Verification::Full if route == Some(Route::Cdn) => Self::KeyAndHash,
            Verification::Full => Self::HashOnly,
            Verification::Mac => Self::KeyOnly,
            Verification::Unproven => Self::Nothing,
        }
    }
}

/// A text that is one of these codes.
pub(crate) fn schema_of_codes(
    codes: &[&'static str],
) -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
    utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::Type::String)
        .enum_values(Some(codes.to_vec()))
        .into()
}

id! {
    /// The id of a media (UUIDv7, lower case).
    MediaId
}
id! {
    /// The id of a WhatsApp number at its gateway, as the gateway writes it.
    InstanceId
}
id! {
    /// The id of a delivery (UUIDv7, lower case).
    DeliveryId
}

impl DeliveryId {
    /// Stands in the rows of imported media, which no delivery brought.
    pub const IMPORTED: &str = "import";
}

/// The prefix of the tokens that replace long texts in the stored bodies of deliveries.
pub const TOKEN_START: &str = "midiatecaPart";

/// A new UUIDv7 for `now`. Ids that this process makes within one millisecond sort in the order of the calls (RFC
/// 9562, section 6.2, method 1).
///
/// `uuid::ContextV7` does not fit: after the clock went back it keeps counting from its highest time, so an id would
/// not carry the time of its delivery, and ids that a fixed clock makes in tests would depend on earlier tests.
pub fn fresh_id(now: Millis) -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let [_, high, middle, low] = COUNTER.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let mut bytes: [u8; 10] = rand::random();
    // The version takes the first four bits, the variant the first two of the third byte.
    (bytes[0], bytes[1], bytes[2], bytes[3]) =
        (high >> 4, high << 4 | middle >> 4, middle & 0xf, low);
    let millis = u64::try_from(now).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &bytes)
        .into_uuid()
        .to_string()
}

codes! {
    MediaStatus {
        /// Waiting for a download.
        Pending "pending",
        /// Claimed under a lease.
        Downloading "downloading",
        /// Verified, published and recorded.
        Stored "stored",
        /// No further attempt will help.
        Failed "failed",
        /// Not stored before its deadline.
        Expired "expired",
        /// Excluded by a rule.
        Skipped "skipped",
        /// Failed or expired, and acknowledged by an operator.
        Dismissed "dismissed",
    }
}

codes! {
    /// The session of an instance, as its gateway reported it last.
    InstanceState {
        Connected "connected",
        Disconnected "disconnected",
        /// Not reported yet.
        Unknown "unknown",
    }
}

impl InstanceState {
    pub fn of(is_connected: bool) -> Self {
        if is_connected {
            Self::Connected
        } else {
            Self::Disconnected
        }
    }
}

codes! {
    /// What became of a stored delivery. One that is ignored is not stored.
    DeliveryVerdict {
        Accepted "accepted",
        /// It has no media; such deliveries are counted and not stored.
        Ignored "ignored",
        /// It could not be read.
        SetAside "set_aside",
        /// It is not signed as it must be, or is another instance's.
        Refused "refused",
    }
}

codes! {
    /// What happened. An event of an erased media has `erased` in place of its kind.
    EventKind {
        MediaStored "media.stored",
        MediaFailed "media.failed",
        MediaExpired "media.expired",
        /// A later round follows.
        MediaPostponed "media.postponed",
        /// The file is missing.
        MediaLost "media.lost",
        /// A retention rule deleted the file.
        MediaRemoved "media.removed",
        MediaDismissed "media.dismissed",
        MediaDeletedForEveryone "media.deleted_for_everyone",
        /// The scanner found something in the file.
        MediaInfected "media.infected",
        ContactErased "contact.erased",
        InstanceConnected "instance.connected",
        InstanceDisconnected "instance.disconnected",
        EndpointDisabled "endpoint.disabled",
    }
}

codes! {
    /// How a delivery came.
    Arrival {
        Webhook "webhook",
        /// Its webhook never came; the message was found in the gateway's list.
        Listed "listed",
        /// Like that, and too old for its links to work still.
        ListedOld "listed_old",
    }
}

impl std::fmt::Display for MediaStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Route {
    /// The bytes are in the delivery.
    Inline,
    /// Downloaded from WhatsApp's CDN and decrypted here.
    Cdn,
    /// The delivery has a link to the decrypted file.
    Link,
    /// The gateway decrypts the file, and returns it or a link.
    Gateway,
    /// Like [`Self::Gateway`], after it asked the phone to upload the file again. Not a setting: it follows from the others.
    #[serde(skip_deserializing)]
    Reupload,
}

impl Route {
    /// Those that settings name, in the default order.
    pub const ALL: [Self; 4] = [Self::Inline, Self::Cdn, Self::Link, Self::Gateway];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inline => "inline",
            Self::Cdn => "cdn",
            Self::Link => "link",
            Self::Gateway => "gateway",
            Self::Reupload => "reupload",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter().chain([Self::Reupload]);
        all.find(|route| route.as_str() == name)
    }

    /// Parses routes separated by commas. None when one is unknown or repeated, or the list is empty.
    pub fn parse_list(list: &str) -> Option<Vec<Self>> {
        let routes: Vec<_> = list
            .split(',')
            .map(|name| Self::parse(name.trim()).filter(|route| *route != Self::Reupload))
            .collect::<Option<_>>()?;
        let twice = routes
            .iter()
            .enumerate()
            .any(|(at, route)| routes[..at].contains(route));
        (!twice).then_some(routes)
    }
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// To the account.
    Received,
    /// From the account.
    Sent,
}

/// One attempt at one route, successful or not.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub route: Route,
    /// The host of the last response, without port and path.
    pub host: Option<String>,
    pub started_at: Millis,
    pub duration_ms: i64,
    pub http_status: Option<u16>,
    /// Received bytes of the file.
    pub size_bytes: u64,
    /// None when it succeeded.
    pub reason: Option<Reason>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_the_same_moment_sort_in_the_order_of_their_making() {
        let ids: Vec<_> = (0..5_000).map(|_| fresh_id(1_795_521_600_000)).collect();
        assert!(
            ids.is_sorted() && ids[0].starts_with("01a20d6d-5a00-7"),
            "{}",
            ids[0]
        );
        let mut unique = ids.clone();
        unique.dedup();
        assert_eq!(unique.len(), ids.len());
        assert!(fresh_id(1_795_521_599_999) < ids[0]);
    }
}
