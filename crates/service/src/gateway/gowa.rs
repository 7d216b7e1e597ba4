//! GOWA (go-whatsapp-web-multidevice). Facts from its source. It describes a file by a path below its own address, without
//! type, size or hash.

mod admin;
mod authenticate;
mod download;
mod read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Access, Call, CallMethod};

pub(super) struct Gowa;

/// The token is `user:password` of its basic authentication.
fn call(method: CallMethod, path: String, access: Access<'_>) -> Call {
    let basic = format!("Basic {}", STANDARD.encode(access.token));
    let mut call = Call::new(method, path, ("authorization", &basic));
    let device = access.instance.to_owned();
    call.headers.push(("x-device-id", device));
    call
}
