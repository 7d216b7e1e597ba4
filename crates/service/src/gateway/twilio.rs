//! Twilio's WhatsApp channel, which posts forms. Facts from its documentation and client libraries.

mod admin;
mod authenticate;
mod conversations;
mod download;
mod read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Access;

pub(super) struct Twilio;

fn basic(access: Access<'_>) -> String {
    format!("Basic {}", STANDARD.encode(access.token))
}
