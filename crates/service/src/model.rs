//! The nouns: a media, what kind it is, how it stands, and why it failed.

pub mod contact;
mod delivery_reason;
mod erased;
pub mod origin;
mod prefix;
mod reason;

pub use delivery_reason::DeliveryReason;
pub use erased::{erased_message, erased_print};
pub use origin::{ChatId, ChatKind, Origin, SenderId};
pub use prefix::{PrefixError, by_prefix};
pub use reason::{Reason, Verdict};
pub use wa_media::{KeyKind, MediaKey, MediaKind, Verification};

use std::sync::atomic::{AtomicU32, Ordering};

use crate::clock::Millis;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}

id! {
    /// Names one media for ever (UUIDv7, lower case).
    MediaId
}
id! {
    /// Names one WhatsApp number at one gateway, in the gateway's own words.
    InstanceId
}
id! {
    /// Names one delivery of a webhook (UUIDv7, lower case).
    DeliveryId
}

/// How the tokens begin that stand for long texts in the bodies of deliveries.
pub const TOKEN_START: &str = "midiatecaPart";

/// A fresh UUIDv7 for something that happened at `now`. Of two that this process makes for the same millisecond, the
/// second sorts after the first (RFC 9562, section 6.2, method 1).
pub fn fresh_id(now: Millis) -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let [_, high, middle, low] = COUNTER.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let mut bytes: [u8; 10] = rand::random();
    // The version takes the first four bits, and the variant the first two of the third byte.
    (bytes[0], bytes[1], bytes[2], bytes[3]) =
        (high >> 4, high << 4 | middle >> 4, middle & 0xf, low);
    let millis = u64::try_from(now).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &bytes)
        .into_uuid()
        .to_string()
}

/// How a media stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaStatus {
    /// Waiting to be fetched.
    Pending,
    /// Being fetched under a lease.
    Downloading,
    /// Proven, on disk, recorded.
    Stored,
    /// Given up for a reason that waiting does not heal.
    Failed,
    /// Not fetched before its deadline.
    Expired,
    /// Not wanted, by rule.
    Skipped,
    /// Failed or expired, and acknowledged by an operator.
    Dismissed,
}

impl MediaStatus {
    /// All of them, in the order of a media's life.
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::Downloading,
        Self::Stored,
        Self::Failed,
        Self::Expired,
        Self::Skipped,
        Self::Dismissed,
    ];

    /// The name in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Downloading => "downloading",
            Self::Stored => "stored",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Skipped => "skipped",
            Self::Dismissed => "dismissed",
        }
    }

    /// The status of that code.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

impl serde::Serialize for MediaStatus {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl std::fmt::Display for MediaStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How the bytes were got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Route {
    /// The delivery itself brought the bytes.
    Inline,
    /// Fetched from WhatsApp's CDN and decrypted here.
    Cdn,
    /// The gateway downloaded, decrypted and handed out a link.
    Gateway,
}

impl Route {
    /// All of them, in the order in which they are usually tried.
    pub const ALL: [Self; 3] = [Self::Inline, Self::Cdn, Self::Gateway];

    /// The name in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inline => "inline",
            Self::Cdn => "cdn",
            Self::Gateway => "gateway",
        }
    }

    /// The route of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|route| route.as_str() == name)
    }

    /// Routes in their order, from a list with commas. Nothing when one is unknown or named twice, or none is named.
    pub fn parse_list(list: &str) -> Option<Vec<Self>> {
        let routes: Vec<_> = list
            .split(',')
            .map(|name| Self::parse(name.trim()))
            .collect::<Option<_>>()?;
        let twice = routes
            .iter()
            .enumerate()
            .any(|(at, route)| routes[..at].contains(route));
        (!twice).then_some(routes)
    }
}

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// To the account.
    Received,
    /// From the account.
    Sent,
}

/// One try to get the bytes: recorded whether it went well or not.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Which way was tried.
    pub route: Route,
    /// The host that answered last, without port or path.
    pub host: Option<String>,
    /// When the try began.
    pub started_at: Millis,
    /// How long it took.
    pub duration_ms: i64,
    /// The last HTTP status seen.
    pub http_status: Option<u16>,
    /// How many bytes of the file came.
    pub size_bytes: u64,
    /// Why it failed; nothing when it went well.
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
