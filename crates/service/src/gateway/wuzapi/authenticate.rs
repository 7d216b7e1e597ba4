//! How deliveries are signed, and what in them is secret.

use super::Wuzapi;
use crate::gateway::Signature;
use crate::gateway::mask::TokenField;
use crate::gateway::protocol::Authenticate;

impl Authenticate for Wuzapi {
    fn signature(&self) -> Signature {
        Signature::HmacSha256 {
            header: "x-hmac-signature",
        }
    }

    fn token_fields(&self) -> &'static [TokenField] {
        &[TokenField {
            name: "token",
            everywhere: false,
        }]
    }
}
