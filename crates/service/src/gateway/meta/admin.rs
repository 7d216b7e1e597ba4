//! Webhook slots, the state of a session, and lists of past messages.

use serde_json::{Value as Json, json};

use super::{Meta, VERSION};
use crate::gateway::protocol::Admin;
use crate::gateway::slot::{Slot, SlotContent, Wanted};
use crate::gateway::{Access, Call, CallMethod, Gateway, hook_token, segment};

const D360_WEBHOOK: &str = "v1/configs/webhook";

impl Admin for Meta {
    fn slots(&self) -> &'static [Slot] {
        const { &[Slot::only("url")] }
    }

    fn slots_call(&self, access: Access<'_>) -> Option<Call> {
        Some(if self.is_signed {
            let path = format!("{}?fields=webhook_configuration", phone_path(access));
            self.call(CallMethod::Get, path, access)
        } else {
            self.call(CallMethod::Get, D360_WEBHOOK, access)
        })
    }

    /// Meta requests the address during the call, with the token to verify: that of the address itself.
    fn slot_calls(&self, _: &Slot, access: Access<'_>, wanted: &Wanted<'_>) -> Vec<Call> {
        if !self.is_signed {
            let call = self.call(CallMethod::Post, D360_WEBHOOK, access);
            return vec![call.with_body(json!({"url": wanted.address}))];
        }
        let mut webhook = json!({"override_callback_uri": wanted.address});
        if let Some(token) = hook_token(Gateway::Meta, wanted.address) {
            webhook["verify_token"] = token.into();
        }
        let call = self.call(CallMethod::Post, phone_path(access), access);
        vec![call.with_body(json!({"webhook_configuration": webhook}))]
    }

    /// The number's own address, without those of its account and application, which are used where it has none.
    fn read_slot(&self, _: &Slot, answer: &Json, _: bool) -> Vec<SlotContent> {
        let address = if self.is_signed {
            &answer["webhook_configuration"]["phone_number"]
        } else {
            &answer["url"]
        };
        SlotContent::of(address).into_iter().collect()
    }
}

/// The instance is a phone number, by Meta's id of it.
fn phone_path(access: Access<'_>) -> String {
    format!("{VERSION}/{}", segment(access.instance))
}
