//! WPPConnect-server, which sends WhatsApp Web's own message objects. Facts from its source.

mod admin;
mod download;
mod read;

use super::protocol::Authenticate;
use super::{Access, Call, CallMethod, segment};

pub(super) struct Wppconnect;

fn call(method: CallMethod, access: Access<'_>, path: &str) -> Call {
    let path = format!("api/{}/{path}", segment(access.instance));
    Call::new(method, path, ("authorization", &access.bearer()))
}

impl Authenticate for Wppconnect {}
