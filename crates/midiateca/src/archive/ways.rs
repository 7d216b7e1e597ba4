//! The ways to the bytes of one media: which are still open in a round, and why others are not.

use std::time::Duration;

use wa_media::Proof;

use super::{Proven, SHORT_WAIT, cdn, gateway};
use crate::app::App;
use crate::media::{Reason, Route, Verdict};
use crate::queue::Job;
use crate::registry::Instance;

/// One way to the bytes.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Way {
    Inline,
    /// One link of the CDN's.
    Cdn(cdn::Link),
    Gateway,
}

impl Way {
    pub fn route(&self) -> Route {
        match self {
            Self::Inline => Route::Inline,
            Self::Cdn(_) => Route::Cdn,
            Self::Gateway => Route::Gateway,
        }
    }
}

/// Which ways are still open in this round, and why others are not.
pub(super) struct Ways {
    pub open: Vec<Way>,
    /// The most hopeful of all reasons so far.
    pub reason: Option<Reason>,
    /// How long somebody asked to be left alone, if longer than is waited here.
    pub asked: Option<Duration>,
    /// What is wrong with the file as it was sent, so that no other way has a better one.
    sent_wrong: Option<Reason>,
}

impl Ways {
    pub fn of(app: &App, job: &Job, instance: &Instance) -> Self {
        let mut ways = Self {
            open: Vec::new(),
            reason: None,
            asked: None,
            sent_wrong: None,
        };
        let routes = instance.routes.as_ref().unwrap_or(&app.config.fetch.routes);
        for route in routes {
            match route {
                Route::Inline => ways.open.extend(job.inline.then_some(Way::Inline)),
                Route::Cdn => match cdn::links(app, job, instance) {
                    Ok(links) => ways.open.extend(links.into_iter().map(Way::Cdn)),
                    Err(reason) => ways.note(reason),
                },
                Route::Gateway => match gateway::can_ask(job) {
                    Ok(()) => ways.open.push(Way::Gateway),
                    Err(reason) => ways.note(reason),
                },
            }
        }
        ways
    }

    /// Of all reasons, the one that leaves most hope decides what happens next; the newest among equals.
    fn note(&mut self, reason: Reason) {
        let hope = |reason: Reason| match reason.verdict() {
            Verdict::Retry => 3,
            Verdict::RetryAfter(_) => 2,
            // That one way cannot be asked says less than what another one answered.
            Verdict::GiveUp => u8::from(reason != Reason::KeysMissing),
        };
        let before = self.reason.filter(|before| hope(*before) > hope(reason));
        self.reason = Some(before.unwrap_or(reason));
    }

    fn rest(&mut self, asked: Duration) {
        self.asked = self.asked.max(Some(asked));
    }

    /// Closes a way on which somebody asked for rest.
    pub fn is_braked(&mut self, app: &App, instance: &Instance, way: &Way) -> bool {
        let (left, reason) = match way {
            Way::Inline => return false,
            Way::Cdn(link) => (app.fetch.braked_for(&link.authority), Reason::CdnThrottled),
            Way::Gateway => (
                app.fetch.braked_for(&gateway::brake_of(instance)),
                Reason::GatewayThrottled,
            ),
        };
        let Some(left) = left else { return false };
        self.note(reason);
        self.rest(left);
        self.open.retain(|open| open != way);
        true
    }

    /// Whether a way that is still open may give the same bytes with a proof.
    pub fn may_prove_better(&self, job: &Job, proven: &Proven, way: &Way) -> bool {
        let open = |open: &Way| open != way && open.route() == Route::Cdn;
        proven.1.proof() == Proof::Unproven && job.media_key.is_some() && self.open.iter().any(open)
    }

    /// Closes all ways, for this one reason.
    pub fn end(&mut self, reason: Reason) {
        self.open.clear();
        self.reason = Some(reason);
    }

    pub fn failed(&mut self, way: &Way, reason: Reason, retry_after: Option<Duration>) {
        match reason {
            // No other way helps against a full disk, and none is to be blamed for it.
            Reason::StorageFull | Reason::StorageFailed => return self.end(reason),
            Reason::SenderHashWrong | Reason::BadPadding if way.route() == Route::Cdn => {
                self.sent_wrong = Some(reason);
            }
            Reason::HashMismatch if self.sent_wrong.is_some() => {
                self.open.retain(|open| open != way);
                return;
            }
            _ => {}
        }
        self.note(reason);
        let long = retry_after.filter(|asked| *asked > SHORT_WAIT);
        if let Some(asked) = long {
            self.rest(asked);
        }
        if reason.verdict() != Verdict::Retry || long.is_some() {
            self.open.retain(|open| open != way);
        }
        if way.route() == Route::Cdn && !cdn::another_host_may_help(reason) {
            self.open.retain(|open| open.route() != Route::Cdn);
        }
    }
}
