//! Why a media was not stored: a closed list, with the verdict for each reason.

use crate::clock::{HOUR, Millis};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Retry: within the round, then after the backoff.
    Retry,
    /// Retry, but not before this many milliseconds.
    RetryAfter(Millis),
    /// A server says that the file is unavailable. Retried, and final once several rounds give the same answer.
    Confirm,
    /// Known without a server: a retry cannot succeed until an operator changes something.
    GiveUp,
}

impl Verdict {
    /// Without the time of a retry.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retry | Self::RetryAfter(_) => "retry",
            Self::Confirm => "confirm",
            Self::GiveUp => "give_up",
        }
    }
}

macro_rules! reasons {
    ($($variant:ident $name:literal $verdict:expr;)*) => {
        /// Why an attempt failed, or why a media has its status. The texts are in `i18n/*/reasons.ftl`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reason { $($variant,)* }

        impl Reason {
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The code in the database and in JSON.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The verdict on an attempt that failed with this reason.
            pub fn verdict(self) -> Verdict {
                match self { $(Self::$variant => $verdict,)* }
            }
        }
    };
}

impl utoipa::PartialSchema for Reason {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        let codes: Vec<_> = Self::ALL.iter().map(|reason| reason.as_str()).collect();
        super::schema_of_codes(&codes)
    }
}

impl utoipa::ToSchema for Reason {}

use Verdict::{Confirm, GiveUp, Retry, RetryAfter};

reasons! {
    GatewayUnreachable "gateway_unreachable" Retry;
    GatewayTimeout "gateway_timeout" Retry;
    GatewayTokenRefused "gateway_token_refused" RetryAfter(HOUR);
    GatewayUnknownInstance "gateway_unknown_instance" RetryAfter(HOUR);
    GatewayThrottled "gateway_throttled" Retry;
    GatewayFailed "gateway_failed" Retry;
    GatewayUnavailable "gateway_unavailable" Retry;
    GatewayBadAnswer "gateway_bad_answer" Retry;
    GatewayFileGone "gateway_file_gone" Confirm;
    NoFileSent "no_file_sent" GiveUp;
    TokenMissing "token_missing" RetryAfter(HOUR);
    TokenUnreadable "token_unreadable" RetryAfter(HOUR);
    KeysMissing "keys_missing" GiveUp;
    Unprovable "unprovable" Confirm;
    BadMediaKey "bad_media_key" GiveUp;
    LinkRefused "link_refused" Confirm;
    LinkGone "link_gone" Retry;
    LinkFailed "link_failed" Retry;
    BadDirectPath "bad_direct_path" GiveUp;
    CdnUnreachable "cdn_unreachable" Retry;
    CdnThrottled "cdn_throttled" Retry;
    CdnFailed "cdn_failed" Retry;
    CdnRefused "cdn_refused" Confirm;
    CdnForbidden "cdn_forbidden" RetryAfter(HOUR);
    CdnExpired "cdn_expired" Confirm;
    CdnGone "cdn_gone" Confirm;
    CdnCorrupt "cdn_corrupt" Retry;
    SenderHashWrong "sender_hash_wrong" GiveUp;
    InlineGone "inline_gone" GiveUp;
    InlineMalformed "inline_malformed" GiveUp;
    WrongKey "wrong_key" GiveUp;
    BadPadding "bad_padding" GiveUp;
    DownloadTimeout "download_timeout" Retry;
    CutShort "cut_short" Retry;
    TooLarge "too_large" Confirm;
    EmptyBody "empty_body" Retry;
    HtmlBody "html_body" Retry;
    JsonBody "json_body" Retry;
    BadEncoding "bad_encoding" Retry;
    StillEncrypted "still_encrypted" Retry;
    HashMismatch "hash_mismatch" Retry;
    StorageFull "storage_full" Retry;
    StorageFailed "storage_failed" Retry;
    Interrupted "interrupted" Retry;
    ViewOnce "view_once" GiveUp;
    Story "story" GiveUp;
    Newsletter "newsletter" GiveUp;
    Group "group" GiveUp;
    KindNotKept "kind_not_kept" GiveUp;
    OverSize "over_size" GiveUp;
    StickerPack "sticker_pack" GiveUp;
    Retention "retention" GiveUp;
    Erased "erased" GiveUp;
    FileLost "file_lost" GiveUp;
    OwnMessage "own_message" GiveUp;
}

impl Reason {
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|reason| reason.as_str() == name)
    }

    /// Whether media with this reason wait for an operator.
    pub fn needs_operator(self) -> bool {
        matches!(
            self,
            Self::GatewayTokenRefused
                | Self::GatewayUnknownInstance
                | Self::TokenMissing
                | Self::TokenUnreadable
                | Self::StorageFull
                | Self::StorageFailed
        )
    }

    /// Whether the host was unreachable or did not answer in time.
    pub fn is_without_answer(self) -> bool {
        matches!(
            self,
            Self::GatewayTimeout
                | Self::GatewayUnreachable
                | Self::DownloadTimeout
                | Self::CdnUnreachable
        )
    }

    /// Whether another token or API base may change the result.
    pub fn is_of_access(self) -> bool {
        Self::OF_ACCESS.contains(&self)
    }

    /// Whether a host asked for a longer wait than the backoff.
    pub fn is_asked_for(self) -> bool {
        matches!(self, Self::GatewayThrottled | Self::CdnThrottled)
    }

    /// Reasons that mean a storage outage.
    pub const OF_STORAGE: [Self; 2] = [Self::StorageFull, Self::StorageFailed];

    /// Reasons that mean an outage of a gateway, of WhatsApp's CDN or of the network.
    pub const OF_NETWORK: [Self; 8] = [
        Self::GatewayUnreachable,
        Self::GatewayTimeout,
        Self::GatewayUnavailable,
        Self::LinkFailed,
        Self::CdnUnreachable,
        Self::CdnFailed,
        Self::DownloadTimeout,
        Self::CutShort,
    ];

    pub const OF_ACCESS: [Self; 4] = [
        Self::GatewayTokenRefused,
        Self::GatewayUnknownInstance,
        Self::TokenMissing,
        Self::TokenUnreadable,
    ];

    /// Whether the media can still be stored: after a wait, or once the cause is fixed.
    pub fn is_recoverable(self) -> bool {
        !matches!(
            self,
            Self::KeysMissing
                | Self::NoFileSent
                | Self::BadMediaKey
                | Self::Unprovable
                | Self::SenderHashWrong
                | Self::BadPadding
                | Self::WrongKey
                | Self::InlineMalformed
                | Self::Erased
        )
    }

    /// Whether only the gateway may still have the file.
    pub fn is_final_for_cdn(self) -> bool {
        matches!(self, Self::CdnExpired | Self::CdnGone | Self::CdnRefused)
    }
}

impl serde::Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_name_of_its_own_that_reads_back() {
        for reason in Reason::ALL {
            assert_eq!(Reason::parse(reason.as_str()), Some(*reason));
        }
    }

    /// Every reason that ends a media at once. The others are a server's statement and are confirmed.
    #[test]
    fn only_what_is_known_without_a_server_or_proven_by_it_ends_a_media_at_once() {
        use Reason as R;
        let of_the_delivery = [
            R::KeysMissing,
            R::NoFileSent,
            R::BadMediaKey,
            R::BadDirectPath,
            R::InlineGone,
            R::InlineMalformed,
        ];
        // The media key's MAC or the message's hash proves these bytes.
        let proven = [R::SenderHashWrong, R::WrongKey, R::BadPadding];
        let by_rule = [
            R::ViewOnce,
            R::Story,
            R::Newsletter,
            R::Group,
            R::KindNotKept,
            R::OverSize,
            R::StickerPack,
            R::OwnMessage,
        ];
        let afterwards = [R::Retention, R::Erased, R::FileLost];
        let allowed = [&of_the_delivery[..], &proven, &by_rule, &afterwards].concat();
        for reason in Reason::ALL {
            let ends = reason.verdict() == Verdict::GiveUp;
            assert_eq!(ends, allowed.contains(reason), "{reason:?}");
        }
    }
}
