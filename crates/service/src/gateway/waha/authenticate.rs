//! How deliveries are signed, and what in them is secret.

use super::Waha;
use crate::gateway::Signature;
use crate::gateway::protocol::Authenticate;

impl Authenticate for Waha {
    fn signature(&self) -> Signature {
        Signature::HmacSha512 {
            header: "x-webhook-hmac",
        }
    }
}
