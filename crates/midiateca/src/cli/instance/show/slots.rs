//! The webhook slots of one instance, read back from its gateway.

use serde_json::{Value, json};

use super::super::super::complaint;
use super::super::super::language::Language;
use super::super::super::words::{Words, instance as words};
use midiateca_service::app::App;
use midiateca_service::instances::Instance;
use midiateca_service::ops::gateway_admin::{self, GatewayAdmin};

/// Whose address a slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Ours,
    Other,
    /// It holds none.
    Nobody,
    /// It is switched off, whatever it holds.
    Off,
}

impl Owner {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Other => "other",
            Self::Nobody => "empty",
            Self::Off => "off",
        }
    }

    pub fn words(self) -> Words {
        match self {
            Self::Ours => words::OURS,
            Self::Other => words::OTHER,
            Self::Nobody => words::EMPTY,
            Self::Off => words::OFF,
        }
    }
}

pub(super) struct Slot {
    pub name: &'static str,
    pub owner: Owner,
    /// The address without what may be a secret in it.
    pub holds: Option<String>,
}

/// What could be read.
pub(super) enum Slots {
    Read {
        slots: Vec<Slot>,
        /// Whether the gateway says that it is connected now.
        connected: Option<bool>,
    },
    NotAsked,
    /// Why not, in a sentence.
    Unreadable(String),
}

impl Slots {
    /// Asks the gateway.
    pub async fn read(lang: Language, app: &App, instance: &Instance) -> Self {
        let told = match GatewayAdmin::open(&app.fetch, &app.secrets, instance) {
            Ok(admin) => admin.read().await,
            Err(error) => Err(error),
        };
        let answer = match told {
            Ok(answer) => answer.body,
            Err(error) => {
                return Self::Unreadable(complaint::why(&error, lang));
            }
        };
        let slots = instance.gateway.slots().iter().map(|slot| {
            let held = instance.gateway.read_slot(slot, &answer);
            Slot {
                name: slot.name,
                owner: match &held {
                    None => Owner::Nobody,
                    Some(_) if instance.gateway.is_slot_off(slot, &answer) => Owner::Off,
                    Some(held) if gateway_admin::is_ours(instance, held) => Owner::Ours,
                    Some(_) => Owner::Other,
                },
                holds: held.as_deref().map(gateway_admin::without_secret),
            }
        });
        Self::Read {
            slots: slots.collect(),
            connected: instance.gateway.read_session(&answer).connected,
        }
    }

    /// Why nothing was read.
    pub fn why_not(&self, lang: Language) -> Option<String> {
        match self {
            Self::Read { .. } => None,
            Self::NotAsked => Some(lang.say(words::NOT_ASKED).to_owned()),
            Self::Unreadable(why) => Some(lang.fill(words::CANNOT_ASK, &[("error", why)])),
        }
    }

    /// Whether the gateway says that it is connected now.
    pub fn connected(&self) -> Option<bool> {
        match self {
            Self::Read { connected, .. } => *connected,
            _ => None,
        }
    }

    pub fn as_json(&self) -> Value {
        let Self::Read { slots, .. } = self else {
            return Value::Null;
        };
        let slots = slots.iter().map(
            |slot| json!({"slot": slot.name, "state": slot.owner.as_str(), "holds": slot.holds}),
        );
        slots.collect()
    }
}
