//! How deliveries are signed, and what in them is secret.

use super::Gowa;
use crate::gateway::Signature;
use crate::gateway::protocol::Authenticate;

impl Authenticate for Gowa {
    fn signature(&self) -> Signature {
        Signature::HmacSha256 {
            header: "x-hub-signature-256",
        }
    }
}
