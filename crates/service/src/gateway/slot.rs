//! A gateway's webhook slots, and the state of an instance at its gateway.

use serde_json::{Value as Json, json};
use wa_media::read::{flag, text};

/// One of a gateway's webhook slots: it sends one family of events to its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The events that it sends, in one word.
    pub name: &'static str,
    /// The path (below the API base) of the call that sets it, where that does not depend on the instance.
    pub path: &'static str,
    /// The field that contains it when it is read back.
    pub field: &'static str,
    /// It has several addresses, and those of others stay in it.
    pub is_shared: bool,
}

impl Slot {
    /// The only slot of a gateway that has one for all events.
    pub(super) const fn only(field: &'static str) -> Self {
        Self {
            name: "webhook",
            path: "",
            field,
            is_shared: false,
        }
    }

    pub(super) const fn shared(field: &'static str) -> Self {
        Self {
            is_shared: true,
            ..Self::only(field)
        }
    }
}

/// One address in a slot.
#[derive(Clone, Debug, PartialEq)]
pub struct SlotContent {
    pub address: String,
    pub is_off: bool,
    /// Events and switches that it lacks, without which media or the connection's state do not arrive.
    pub lacks: Vec<&'static str>,
    /// The whole setting, from which it can be restored; null where the address is all of it. It may have secrets.
    pub setting: Json,
}

impl SlotContent {
    /// `None` when there is no address.
    pub(super) fn of(address: &Json) -> Option<Self> {
        let address = text(address).filter(|address| !address.trim().is_empty())?;
        Some(Self {
            address: address.to_owned(),
            is_off: false,
            lacks: Vec::new(),
            setting: Json::Null,
        })
    }
}

/// The setting to write into a slot.
pub struct Wanted<'a> {
    /// Empty to remove what this server set.
    pub address: &'a str,
    /// The setting to be restored, as it was read then.
    pub setting: Option<&'a Json>,
    /// The current contents of the slots; null where they cannot be read.
    pub current: &'a Json,
    /// Whether an address leads to this instance.
    pub is_own: &'a dyn Fn(&str) -> bool,
}

impl Wanted<'_> {
    /// The address to be sent with a switch that is off, where a gateway refuses an empty one.
    pub(super) fn or_current<'a>(&'a self, current: &'a Json) -> &'a str {
        match self.address {
            "" => text(current).unwrap_or_default(),
            address => address,
        }
    }

    pub(super) fn is_on(&self) -> bool {
        !self.address.is_empty()
    }
}

/// The state of an instance at its gateway; `None` where the gateway does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// The instance's name.
    pub instance: Option<String>,
    /// Whether WhatsApp is connected.
    pub connected: Option<bool>,
    /// Whether the gateway knows the number; false only where it says so.
    pub has_number: bool,
    /// Whether the gateway ignores messages in groups.
    pub ignores_groups: Option<bool>,
    /// Whether the gateway has a secret with which it signs.
    pub signs: Option<bool>,
}

impl Session {
    pub(super) fn of(connected: Option<bool>) -> Self {
        Self {
            connected,
            has_number: true,
            ..Self::default()
        }
    }

    /// By two fields: whether there is a connection, and whether a phone is linked.
    pub(super) fn of_flags(connected: &Json, is_linked: &Json) -> Self {
        Self {
            has_number: is_linked.is_null() || flag(is_linked),
            ..Self::of(boolean(connected))
        }
    }
}

pub(super) fn boolean(value: &Json) -> Option<bool> {
    (!value.is_null()).then(|| flag(value))
}

/// The names of `wanted` that a list of events lacks. It is a list or a text with commas; `all` stands for every event.
pub(super) fn absent(list: &Json, wanted: &'static [&'static str], all: &str) -> Vec<&'static str> {
    let names: Vec<&str> = match list {
        Json::Array(names) => names.iter().filter_map(Json::as_str).collect(),
        Json::String(names) => names.split(',').map(str::trim).collect(),
        _ => Vec::new(),
    };
    let has = |name: &str| names.iter().any(|one| one.eq_ignore_ascii_case(name));
    if has(all) {
        return Vec::new();
    }
    let absent = wanted.iter().filter(|name| !has(name));
    absent.copied().collect()
}

/// Fields of a setting under the names of the call that sets it; those that are absent are left out.
pub(super) fn renamed(setting: &Json, names: &[(&str, &str)]) -> Json {
    let mut renamed = json!({});
    for (read, set) in names {
        if let Some(value) = setting.get(read).filter(|value| !value.is_null()) {
            renamed[*set] = value.clone();
        }
    }
    renamed
}

#[cfg(test)]
mod tests;
