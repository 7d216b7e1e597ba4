//! How deliveries are signed, and what in them is secret.

use super::EvolutionGo;
use crate::gateway::mask::TokenField;
use crate::gateway::protocol::Authenticate;

impl Authenticate for EvolutionGo {
    fn token_fields(&self) -> &'static [TokenField] {
        &[TokenField {
            name: "instanceToken",
            everywhere: true,
        }]
    }
}
