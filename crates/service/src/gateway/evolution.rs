//! Evolution API v2. Facts from its source (2.3.6 and 2.3.7).

mod admin;
mod authenticate;
mod download;
mod read;

use super::{Access, Call, CallMethod, segment};

pub(super) struct Evolution;

fn call(method: CallMethod, path: &str, access: Access<'_>) -> Call {
    let path = format!("{path}/{}", segment(access.instance));
    Call::new(method, path, ("apikey", access.token))
}
