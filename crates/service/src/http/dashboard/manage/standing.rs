//! How an instance stands, for people with many: what needs attention comes first.

use std::collections::BTreeMap;

use super::super::document::Document;
use super::super::frame::Frame;
use crate::clock::{HOUR, Millis, millis_of};
use crate::db;
use crate::deliveries::{self, rhythm};
use crate::http::HttpState;
use crate::http::api::ApiError;
use crate::i18n::keys::dashboard as words;
use crate::i18n::{Reader, TextKey, refusals};
use crate::instances::{self, Refusal, RefusalCount};
use crate::model::{InstanceId, codes};
use crate::ops::status::RefusedDeliveries;

codes! {
    /// In the order in which they are listed.
    Standing {
        /// The gateway refuses calls.
        Refused "refused_by_gateway",
        Disconnected "disconnected",
        /// Deliveries are refused, such as for a wrong token.
        Refusing "deliveries_refused",
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
            Self::Refusing => words::STANDING_REFUSING,
            Self::Silent => words::STANDING_SILENT,
            Self::NeverReceived => words::STANDING_NEVER_RECEIVED,
            Self::Fine => words::STANDING_FINE,
        }
    }

    fn of(instance: &Document, is_refusing: bool, is_silent: bool) -> Self {
        match () {
            () if instance.has("problem") => Self::Refused,
            () if instance.is("state", "disconnected") => Self::Disconnected,
            () if is_refusing => Self::Refusing,
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
    /// Its refused deliveries of the last days, the latest first.
    pub refused: Vec<RefusedDeliveries>,
}

impl InstanceRow {
    pub fn needs_attention(&self) -> bool {
        self.standing != Standing::Fine
    }

    /// The name of its color.
    pub fn class(&self) -> String {
        match self.standing {
            Standing::Refused | Standing::Disconnected | Standing::Refusing => "failed".to_owned(),
            Standing::Silent | Standing::NeverReceived => "warning".to_owned(),
            Standing::Fine => self.item.text("state"),
        }
    }

    pub fn text(&self, frame: &Frame) -> String {
        match self.standing {
            // A newer version may have written a code that is not known here.
            Standing::Refused => frame.plain(frame.reason(self.item.text("problem"))),
            Standing::Refusing => {
                let count = self
                    .refused
                    .iter()
                    .map(|one| one.counted.count)
                    .sum::<i64>();
                frame.lang.fill(words::REFUSED_COUNT, &[("count", &count)])
            }
            Standing::Silent => {
                let since = frame.since(self.item.text("last_delivery_at"));
                frame.fill(words::SILENT_FOR, "span", since)
            }
            Standing::Fine if self.item.is("state", "connected") => frame.name("connected"),
            standing => frame.say(standing.key()).to_owned(),
        }
    }

    /// Whether its deliveries are refused, which the page of the instance lists.
    pub fn is_refusing(&self) -> bool {
        self.standing == Standing::Refusing
    }

    /// In one or two words.
    pub fn name(&self, frame: &Frame) -> &'static str {
        frame.say(self.standing.key())
    }

    /// What to do; empty when nothing needs attention.
    pub fn hint(&self, frame: &Frame) -> String {
        match self.standing {
            Standing::Refused => frame.say(words::REFUSED_HINT).to_owned(),
            Standing::Disconnected => frame.say(words::DISCONNECTED_HINT).to_owned(),
            Standing::Refusing => self
                .refused
                .first()
                .map(|one| frame.plain(refusals::hint(Reader::Page, one, frame.lang)))
                .unwrap_or_default(),
            Standing::Silent | Standing::NeverReceived => frame.say(words::SILENT_HINT).to_owned(),
            Standing::Fine => String::new(),
        }
    }

    /// Why deliveries were refused, how many and when, and what to do, for each reason.
    pub fn refusals(&self, frame: &Frame) -> Vec<(String, String)> {
        let line = |one: &RefusedDeliveries| {
            (
                frame.plain(refusals::seen(one, frame.lang, &frame.zone)),
                frame.plain(refusals::hint(Reader::Page, one, frame.lang)),
            )
        };
        self.refused.iter().map(line).collect()
    }
}

/// Refused deliveries that are of no known instance and need attention, the latest first.
pub async fn refused_of_none(state: &HttpState, frame: &Frame) -> Result<Vec<String>, ApiError> {
    let (db, now) = (&state.app.db, state.app.clock.now());
    let dismissed_at = deliveries::dismissed_at(db).await?;
    let found = instances::refusals(db).await?;
    let found = found.iter().filter(|(refusal, count)| {
        refusal.instance.is_none()
            && refusal.address_of.is_none()
            && count.needs_attention(now, dismissed_at)
    });
    let sentence = |one| {
        let one = RefusedDeliveries::new(one);
        frame.plain(refusals::sentence(
            Reader::Page,
            &one,
            frame.lang,
            &frame.zone,
        ))
    };
    Ok(found.map(sentence).collect())
}

/// The refusals of deliveries by instance, and when deliveries were dismissed.
struct Refusals {
    all: Vec<(Refusal, RefusalCount)>,
    dismissed_at: Option<Millis>,
}

impl Refusals {
    async fn read(state: &HttpState) -> Result<Self, db::Error> {
        Ok(Self {
            all: instances::refusals(&state.app.db).await?,
            dismissed_at: deliveries::dismissed_at(&state.app.db).await?,
        })
    }

    fn of(&self, id: &str) -> impl Iterator<Item = &(Refusal, RefusalCount)> {
        let id = Some(InstanceId(id.to_owned()));
        self.all
            .iter()
            .filter(move |(one, _)| one.instance == id || one.address_of == id)
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
    // Instances are of use without them.
    let refusals = Refusals::read(state).await.unwrap_or(Refusals {
        all: Vec::new(),
        dismissed_at: None,
    });
    let row = |item: Document| {
        let instance = item.text("instance");
        let is_silent = quiet
            .get(&instance)
            .is_some_and(|last| rhythm::is_unusual(rhythms.get(&instance).copied(), now - last));
        let dismissed_at = refusals.dismissed_at;
        let of = || refusals.of(&instance);
        let is_refusing = of().any(|(_, count)| count.needs_attention(now, dismissed_at));
        InstanceRow {
            standing: Standing::of(&item, is_refusing, is_silent),
            refused: of().map(RefusedDeliveries::new).collect(),
            item,
        }
    };
    let mut rows: Vec<_> = items.into_iter().map(row).collect();
    let place = |standing| Standing::ALL.iter().position(|one| *one == standing);
    rows.sort_by_key(|row| place(row.standing));
    rows
}
