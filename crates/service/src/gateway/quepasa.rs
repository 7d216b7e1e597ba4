//! quepasa. Facts from its source. Anything but 200 counts as a failure there, and nothing is repeated.

mod admin;
mod download;
mod read;

use super::protocol::Authenticate;
use super::{Access, Call, CallMethod};

pub(super) struct Quepasa;

fn call(method: CallMethod, path: &str, access: Access<'_>) -> Call {
    Call::new(method, path, ("x-quepasa-token", access.token))
}

impl Authenticate for Quepasa {}
