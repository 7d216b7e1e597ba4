//! Webhook slots, the state of a session, and lists of past messages.

use serde_json::{Value as Json, json};
use url::Url;
use wa_media::read::text;

use super::{Twilio, basic};
use crate::gateway::protocol::Admin;
use crate::gateway::slot::{Session, Slot, SlotContent, Wanted};
use crate::gateway::{Access, Call, CallMethod, segment};

impl Admin for Twilio {
    fn slots(&self) -> &'static [Slot] {
        const { &[Slot::only("callback_url")] }
    }

    /// The instance is a sender, by its SID; an address can only be set with that.
    fn slots_call(&self, access: Access<'_>) -> Option<Call> {
        is_sender(access.instance).then(|| call(CallMethod::Get, access))
    }

    /// What else the sender has, such as the address for states of messages, stays.
    fn slot_calls(&self, _: &Slot, access: Access<'_>, wanted: &Wanted<'_>) -> Vec<Call> {
        let current = &wanted.current["webhook"];
        let webhook = match wanted.setting {
            Some(before) => before.clone(),
            None => {
                let mut webhook = match current {
                    Json::Object(_) => current.clone(),
                    _ => json!({}),
                };
                for name in ["callback_url", "fallback_url"] {
                    webhook[name] = wanted.address.into();
                }
                for name in ["callback_method", "fallback_method"] {
                    webhook[name] = "POST".into();
                }
                webhook
            }
        };
        vec![call(CallMethod::Post, access).with_body(json!({"webhook": webhook}))]
    }

    fn describes_instance(&self, answer: &Json) -> bool {
        text(&answer["sid"]).is_some()
    }

    /// With another method the fields are in the address, where they are not read.
    fn read_slot(&self, _: &Slot, answer: &Json, _: bool) -> Vec<SlotContent> {
        let webhook = &answer["webhook"];
        let method = text(&webhook["callback_method"]);
        let lacks = if method.is_none_or(|method| method.eq_ignore_ascii_case("POST")) {
            vec![]
        } else {
            vec!["callback_method"]
        };
        let content = SlotContent::of(&webhook["callback_url"]).map(|content| SlotContent {
            lacks,
            setting: webhook.clone(),
            ..content
        });
        content.into_iter().collect()
    }

    /// The names of the states are a guess: `ONLINE`, also with more behind it.
    fn read_session(&self, answer: &Json) -> Session {
        let status = text(&answer["status"]);
        Session {
            instance: text(&answer["sid"]).map(str::to_owned),
            ..Session::of(status.map(|status| status.to_ascii_uppercase().starts_with("ONLINE")))
        }
    }

    /// Senders have a host of their own.
    fn admin_base(&self, api_base: &Url) -> Url {
        let mut base = api_base.clone();
        let host = api_base
            .host_str()
            .and_then(|host| host.strip_prefix("api."));
        let is_own = |domain: &&str| *domain == "twilio.com" || domain.ends_with(".twilio.com");
        if let Some(domain) = host.filter(is_own) {
            let _ = base.set_host(Some(&format!("messaging.{domain}")));
        }
        base
    }
}

/// The call for a sender. The token is `account:token`, or `key:secret`, of basic authentication.
fn call(method: CallMethod, access: Access<'_>) -> Call {
    let path = format!("v2/Channels/Senders/{}", segment(access.instance));
    Call::new(method, path, ("authorization", &basic(access)))
}

fn is_sender(name: &str) -> bool {
    name.starts_with("XE")
}
