//! How deliveries are signed, and what in them is secret.

use super::Zapi;
use crate::gateway::Signature;
use crate::gateway::protocol::Authenticate;

impl Authenticate for Zapi {
    fn signature(&self) -> Signature {
        Signature::SecretInHeader
    }
}
