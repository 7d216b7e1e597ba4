//! Evolution GO. Facts from its source; its wiki shows another form.

mod admin;
mod authenticate;
mod download;
mod read;

use super::{Access, Call, CallMethod};

pub(super) struct EvolutionGo;

/// The stored token is that of the instance; the key of the whole gateway may follow after a colon.
fn call(method: CallMethod, path: &str, access: Access<'_>) -> Call {
    Call::new(method, path, ("apikey", access.tokens().0))
}
