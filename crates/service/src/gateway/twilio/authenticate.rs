//! How deliveries are signed, and what in them is secret.

use super::Twilio;
use crate::gateway::Signature;
use crate::gateway::protocol::Authenticate;

impl Authenticate for Twilio {
    fn signature(&self) -> Signature {
        Signature::Twilio
    }
}
