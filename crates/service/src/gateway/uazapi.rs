//! uazapi and uazapiGO. The form with `EventType` is known from captured deliveries, the form `{event, instance, data}` from
//! documentation only.

mod admin;
mod authenticate;
mod download;
mod read;

use super::{Access, Call, CallMethod};

pub(super) struct Uazapi;

fn call(method: CallMethod, path: &str, access: Access<'_>) -> Call {
    Call::new(method, path, ("token", access.token))
}
