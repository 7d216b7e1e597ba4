//! How an instance stands, for people with many: what needs attention comes first.

use std::collections::BTreeMap;

use super::super::document::Document;
use super::super::frame::Frame;
use crate::clock::{HOUR, Millis, millis_of};
use crate::deliveries::rhythm;
use crate::http::HttpState;
use crate::i18n::TextKey;
use crate::i18n::keys::dashboard as words;
use crate::model::codes;

codes! {
    /// In the order in which they are listed.
    Standing {
        /// The gateway refuses calls.
        Refused "refused_by_gateway",
        Disconnected "disconnected",
        /// No delivery for longer than usual.
        Silent "silent",
        NeverReceived "never_received",
        Fine "receiving",
    }
}

impl Standing {
    pub fn key(self) -> TextKey {
        match self {
            Self::Refused => words::STANDING_REFUSED,
            Self::Disconnected => words::STANDING_DISCONNECTED,
            Self::Silent => words::STANDING_SILENT,
            Self::NeverReceived => words::STANDING_NEVER_RECEIVED,
            Self::Fine => words::STANDING_FINE,
        }
    }

    fn of(instance: &Document, is_silent: bool) -> Self {
        match () {
            () if instance.has("problem") => Self::Refused,
            () if instance.is("state", "disconnected") => Self::Disconnected,
            () if !instance.has("last_delivery_at") => Self::NeverReceived,
            () if is_silent => Self::Silent,
            () => Self::Fine,
        }
    }
}

/// An instance in a list.
pub struct InstanceRow {
    pub item: Document,
    pub standing: Standing,
}

impl InstanceRow {
    pub fn needs_attention(&self) -> bool {
        self.standing != Standing::Fine
    }

    /// The name of its color.
    pub fn class(&self) -> String {
        match self.standing {
            Standing::Refused | Standing::Disconnected => "failed".to_owned(),
            Standing::Silent | Standing::NeverReceived => "warning".to_owned(),
            Standing::Fine => self.item.text("state"),
        }
    }

    pub fn text(&self, frame: &Frame) -> String {
        match self.standing {
            Standing::Refused => frame.reason(self.item.text("problem")),
            Standing::Silent => {
                let since = frame.since(self.item.text("last_delivery_at"));
                frame.fill(words::SILENT_FOR, "span", since)
            }
            Standing::Fine if self.item.is("state", "connected") => frame.name("connected"),
            standing => frame.say(standing.key()).to_owned(),
        }
    }
}

/// The instances, those first that need attention. Without their usual gaps, which cannot be read, a silence of a day is
/// unusual.
pub async fn rows(state: &HttpState, items: Vec<Document>) -> Vec<InstanceRow> {
    let now = state.app.clock.now();
    let last = |item: &Document| millis_of(&item.text("last_delivery_at"));
    let quiet = items.iter().filter_map(|item| {
        let last = last(item).filter(|last| now - last > HOUR)?;
        Some((item.text("instance"), last))
    });
    let quiet: BTreeMap<String, Millis> = quiet.collect();
    let rhythms = rhythm::rhythms(&state.app.db, &quiet).await;
    let rhythms = rhythms.unwrap_or_default();
    let row = |item: Document| {
        let instance = item.text("instance");
        let is_silent = quiet
            .get(&instance)
            .is_some_and(|last| rhythm::is_unusual(rhythms.get(&instance).copied(), now - last));
        InstanceRow {
            standing: Standing::of(&item, is_silent),
            item,
        }
    };
    let mut rows: Vec<_> = items.into_iter().map(row).collect();
    let place = |standing| Standing::ALL.iter().position(|one| *one == standing);
    rows.sort_by_key(|row| place(row.standing));
    rows
}
