//! Meta's WhatsApp Cloud API, and partners that pass its deliveries on, such as 360dialog. Facts from Meta's documentation and
//! from the test data of client libraries.

mod admin;
mod authenticate;
mod download;
mod read;

use super::{Access, Call, CallMethod};

pub(super) struct Meta {
    /// Whether deliveries are signed with the app's secret. Partners send them without.
    pub is_signed: bool,
}

/// A partner that passes on what Meta sends.
pub(super) const PARTNER: Meta = Meta { is_signed: false };

/// The version of the Graph API.
const VERSION: &str = "v23.0";

impl Meta {
    fn call(&self, method: CallMethod, path: impl Into<String>, access: Access<'_>) -> Call {
        let (name, value) = self.authorization(access);
        Call::new(method, path, (name, &value))
    }

    fn authorization(&self, access: Access<'_>) -> (&'static str, String) {
        if self.is_signed {
            ("authorization", access.bearer())
        } else {
            ("d360-api-key", access.token.to_owned())
        }
    }
}
