//! How deliveries are signed, and what in them is secret.

use super::Uazapi;
use crate::gateway::mask::TokenField;
use crate::gateway::protocol::Authenticate;

impl Authenticate for Uazapi {
    fn token_fields(&self) -> &'static [TokenField] {
        &[TokenField {
            name: "token",
            everywhere: false,
        }]
    }
}
