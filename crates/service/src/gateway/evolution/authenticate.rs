//! How deliveries are signed, and what in them is secret.

use super::Evolution;
use crate::gateway::Signature;
use crate::gateway::mask::TokenField;
use crate::gateway::protocol::Authenticate;

impl Authenticate for Evolution {
    fn signature(&self) -> Signature {
        Signature::SecretInHeader
    }

    fn token_fields(&self) -> &'static [TokenField] {
        &[TokenField {
            name: "apikey",
            everywhere: true,
        }]
    }
}
