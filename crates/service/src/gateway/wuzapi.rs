//! wuzapi. Facts from its source (builds of 2026).
//!
//! The delivery is JSON, a form with the field `jsonData`, or `multipart/form-data` with the file in a part of its own.

mod admin;
mod authenticate;
mod download;
mod read;

use super::{Access, Call, CallMethod};

pub(super) struct Wuzapi;

fn call(method: CallMethod, path: &str, access: Access<'_>) -> Call {
    Call::new(method, path, ("token", access.token))
}
