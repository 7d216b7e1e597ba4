//! How deliveries are signed, and what in them is secret.

use super::Meta;
use crate::gateway::Signature;
use crate::gateway::protocol::Authenticate;

impl Authenticate for Meta {
    fn signature(&self) -> Signature {
        if self.is_signed {
            Signature::HmacSha256 {
                header: "x-hub-signature-256",
            }
        } else {
            Signature::None
        }
    }
}
