//! Webhook slots, the state of a session, and lists of past messages.

use serde_json::{Value as Json, json};

use super::{Wppconnect, call};
use crate::gateway::protocol::Admin;
use crate::gateway::slot::{Session, Slot, Wanted, boolean};
use crate::gateway::{Access, Call, CallMethod};

impl Admin for Wppconnect {
    /// It cannot be read back.
    fn slots(&self) -> &'static [Slot] {
        const { &[Slot::only("webhook")] }
    }

    fn slot_calls(&self, _: &Slot, access: Access<'_>, wanted: &Wanted<'_>) -> Vec<Call> {
        let body = json!({"webhook": wanted.address, "waitQrCode": false});
        vec![call(CallMethod::Post, access, "start-session").with_body(body)]
    }

    fn session_call(&self, access: Access<'_>) -> Option<Call> {
        Some(call(CallMethod::Get, access, "check-connection-session"))
    }

    fn read_session(&self, answer: &Json) -> Session {
        Session::of(boolean(&answer["status"]))
    }
}
