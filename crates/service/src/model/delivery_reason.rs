//! Why a delivery was ignored, set aside or refused: a closed list of codes.

macro_rules! reasons {
    ($($variant:ident $code:literal;)*) => {
        /// Why a delivery was not accepted. The texts are in `i18n/*/verdicts.ftl`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum DeliveryReason { $($variant,)* }

        impl DeliveryReason {
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The code in the database, in JSON and in the response to the gateway.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }
        }
    };
}

reasons! {
    // ignored
    PresenceUpdate "presence_update";
    Call "call";
    StatusUpdate "status_update";
    NoMedia "no_media";
    NoMessage "no_message";
    Erased "erased";
    UnknownMessage "unknown_message";

    // set aside
    InvalidJson "invalid_json";
    TooManyValues "too_many_values";
    NotAnObject "not_an_object";
    UnreadableEnvelope "unreadable_envelope";
    MessageTooLarge "message_too_large";
    AnonymousMedia "anonymous_media";
    UnreadMedia "unread_media";
    UndecodableBody "undecodable_body";
    UnknownEncoding "unknown_encoding";
    OtherGateway "other_gateway";
    Hub "hub";

    // refused
    OtherInstance "other_instance";
    Unsigned "unsigned";
    WrongSignature "wrong_signature";
    ExpiredSignature "expired_signature";

    // recorded by an earlier version
    Other "other";
}

impl DeliveryReason {
    /// Whether another secret may prove the delivery after all.
    pub fn is_of_signature(self) -> bool {
        matches!(
            self,
            Self::Unsigned | Self::WrongSignature | Self::ExpiredSignature
        )
    }

    /// [`Self::Other`] for unknown codes.
    pub fn parse(code: &str) -> Self {
        let known = Self::ALL.iter().find(|reason| reason.as_str() == code);
        known.copied().unwrap_or(Self::Other)
    }
}

impl serde::Serialize for DeliveryReason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_reads_back() {
        for reason in DeliveryReason::ALL {
            assert_eq!(DeliveryReason::parse(reason.as_str()), *reason);
        }
        assert_eq!(DeliveryReason::parse("nonsense"), DeliveryReason::Other);
    }
}
