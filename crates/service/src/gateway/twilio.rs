//! Twilio's WhatsApp channel, which posts forms. Facts from its documentation and client libraries.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use url::Url;
use wa_media::FoundMedia;
use wa_media::read::{field, number, text};

use super::fields::{
    Fields, Object, bare, id, kind_of_mime, kind_of_word, link, nothing, sender, with_media, word,
    words,
};
use super::slot::{Session, Slot, SlotContent, Wanted};
use super::{Access, Call, CallMethod, Message, ParsedDelivery, Protocol, Signature, segment};
use crate::model::{DeliveryReason, Route};

pub(super) struct Twilio;

/// The most files of one message that are read; WhatsApp messages have one.
const MOST_FILES: u64 = 16;

/// The call for a sender. The token is `account:token`, or `key:secret`, of basic authentication.
fn call(method: CallMethod, access: Access<'_>) -> Call {
    let path = format!("v2/Channels/Senders/{}", segment(access.instance));
    Call::new(method, path, ("authorization", &basic(access)))
}

fn basic(access: Access<'_>) -> String {
    format!("Basic {}", STANDARD.encode(access.token))
}

fn is_sender(name: &str) -> bool {
    name.starts_with("XE")
}

impl Protocol for Twilio {
    fn is_delivery(&self, of: &Object) -> bool {
        let has = |names: &[&str]| words(of, names).is_some();
        has(&["AccountSid", "NumMedia"]) && has(&["MessageSid", "SmsSid"])
    }

    fn read(&self, root: &Object) -> Vec<ParsedDelivery> {
        let status = word(root, &["MessageStatus"]);
        if status.is_some_and(|status| status != "received") {
            return vec![nothing(DeliveryReason::StatusUpdate)];
        }
        let declared = field(root, &["NumMedia"]).and_then(number).unwrap_or(0);
        let has_link = |at: &u64| field(root, &[&format!("MediaUrl{at}")]).is_some();
        let linked = (0..MOST_FILES).take_while(has_link).count() as u64;
        let count = declared.max(linked);
        let files = (0..count.min(MOST_FILES)).map(|at| file(root, at, count));
        vec![with_media(message(root), files.collect())]
    }

    fn signature(&self) -> Signature {
        Signature::Twilio
    }

    /// The token is `account:token` of its basic authentication. It redirects to another host, which must not get it.
    fn file_headers(&self, access: Access<'_>) -> Vec<(&'static str, String)> {
        vec![("authorization", basic(access))]
    }

    fn file_domains(&self) -> &'static [&'static str] {
        &["twilio.com"]
    }

    fn default_api_base(&self) -> &'static str {
        "https://api.twilio.com"
    }

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
        let lacks = match method.is_none_or(|method| method.eq_ignore_ascii_case("POST")) {
            true => vec![],
            false => vec!["callback_method"],
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

    fn file_paths(&self) -> &'static [&'static str] {
        &["/*/Accounts/*/Messages/*/Media/"]
    }

    fn routes(&self) -> &'static [Route] {
        &[Route::Link]
    }
}

/// Without a link it is lost.
fn file(root: &Object, at: u64, count: u64) -> FoundMedia {
    let link = link(root, &[&format!("MediaUrl{at}")]);
    let mime = words(root, &[&format!("MediaContentType{at}")]);
    let declared = words(root, &["MessageType"]).filter(|_| count == 1);
    let kind = declared.as_deref().and_then(kind_of_word);
    let kind = kind.unwrap_or_else(|| kind_of_mime(mime.as_deref().unwrap_or_default()));
    FoundMedia {
        link,
        mime,
        caption: words(root, &["Body"]).filter(|_| at == 0),
        ..bare(kind)
    }
}

fn message(root: &Object) -> Message {
    let from = id(root, &["From"]);
    Message {
        id: id(root, &["MessageSid", "SmsSid"]).unwrap_or_default(),
        origin: Fields {
            sender: sender([from.clone()]),
            chat: from,
            is_group: false,
            from_me: false,
        }
        .origin(),
        sender_name: words(root, &["ProfileName"]),
        // The form has no time.
        sent_at: None,
    }
}
