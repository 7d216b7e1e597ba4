//! The candidates of one media: which are still open in a round, and why others are not.

use std::time::Duration;

use wa_media::Verification;

use super::Downloader;
use super::{Proven, SHORT_WAIT, cdn, gateway, reupload};
use crate::instances::Instance;
use crate::model::{Reason, Route, Verdict};
use crate::net::HttpClient;
use crate::net::cooldown::{Cause, HostReadiness};
use crate::queue::Job;

/// One candidate to get the bytes.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Candidate {
    Inline,
    /// One link to the CDN.
    Cdn(cdn::CdnLink),
    /// The link in the delivery.
    Link,
    Gateway,
    /// After the CDN said that it has the file no more.
    Reupload,
}

impl Candidate {
    pub fn route(&self) -> Route {
        match self {
            Self::Inline => Route::Inline,
            Self::Cdn(_) => Route::Cdn,
            Self::Link => Route::Link,
            Self::Gateway => Route::Gateway,
            Self::Reupload => Route::Reupload,
        }
    }

    /// The key of the host's cooldown.
    pub fn host(&self, instance: &Instance) -> Option<String> {
        match self {
            Self::Inline | Self::Link => None,
            Self::Cdn(link) => Some(link.authority.clone()),
            Self::Gateway | Self::Reupload => Some(gateway::host_for(instance)),
        }
    }
}

/// How many downloads of an instance may start now: its readiest host decides.
pub fn readiness(fetch: &HttpClient, usual_routes: &[Route], instance: &Instance) -> HostReadiness {
    let routes = instance.routes_in_use(usual_routes);
    let of_route = |route: &Route| match route {
        Route::Inline => Vec::new(),
        Route::Cdn => cdn::authorities(instance),
        Route::Link => Vec::new(),
        Route::Gateway | Route::Reupload => vec![gateway::host_for(instance)],
    };
    let hosts = routes.iter().flat_map(of_route);
    let readiness = hosts.map(|host| fetch.readiness(&host));
    readiness.min().unwrap_or(HostReadiness::Ready)
}

/// Whether a gateway that never sends keys sent no way to the file either: it says so, as Z-API by `downloadError`, or leaves
/// out the link or id.
fn is_without_file(job: &Job, instance: &Instance) -> bool {
    let has_any = job.inline || job.link.is_some() || job.media_id.is_some();
    let has_key = job.media_key.is_some() || job.direct_path.is_some() || job.static_url.is_some();
    !has_any && !has_key && !instance.gateway.routes().contains(&Route::Cdn)
}

/// The candidates that are still open in this round, and why others are not.
pub(super) struct Candidates {
    pub open: Vec<Candidate>,
    /// The most hopeful reason so far.
    pub reason: Option<Reason>,
    /// The longest pause that a host asked for, if longer than this round waits.
    pub asked: Option<Duration>,
    /// A defect of the file as it was sent, so that no other candidate has a better one.
    sent_wrong: Option<Reason>,
    /// Why no host of the CDN has the file any more.
    gone_from_cdn: Option<Reason>,
    /// The phone was not asked, because other media have their turn.
    awaits_turn: bool,
}

impl Candidates {
    pub fn new(downloader: &Downloader, job: &Job, instance: &Instance) -> Self {
        let mut candidates = Self {
            open: Vec::new(),
            reason: None,
            asked: None,
            sent_wrong: None,
            gone_from_cdn: None,
            awaits_turn: false,
        };
        let routes = instance.routes_in_use(&downloader.settings.routes);
        let can_reupload = routes.contains(&Route::Gateway) && reupload::can_ask(job, instance);
        // The phone is bothered only after the CDN was asked.
        let is_past = cdn::is_past(job, downloader.clock.now()) && !can_reupload;
        let mut past = Vec::new();
        for route in routes {
            match route {
                Route::Inline => candidates
                    .open
                    .extend(job.inline.then_some(Candidate::Inline)),
                Route::Cdn => match cdn::links(job, instance) {
                    Ok(links) if is_past => past.extend(links.into_iter().map(Candidate::Cdn)),
                    Ok(links) => candidates
                        .open
                        .extend(links.into_iter().map(Candidate::Cdn)),
                    Err(reason) => candidates.note(reason),
                },
                Route::Link => {
                    let link = job.link.is_some();
                    candidates.open.extend(link.then_some(Candidate::Link));
                }
                Route::Gateway => match gateway::can_ask(job, instance) {
                    Ok(()) => candidates.open.push(Candidate::Gateway),
                    Err(reason) => candidates.note(reason),
                },
                // No setting names it.
                Route::Reupload => {}
            }
        }
        candidates.open.extend(past);
        if candidates.open.is_empty() && is_without_file(job, instance) {
            candidates.end(Reason::NoFileSent);
        }
        let asks_cdn = candidates.open.iter().any(|it| it.route() == Route::Cdn);
        if can_reupload && asks_cdn {
            candidates.open.push(Candidate::Reupload);
            if let Some(said) = downloader.reuploads.refused(&job.instance, &job.id) {
                candidates.open.retain(|open| open.route() != Route::Cdn);
                candidates.note(said);
                candidates.gone_from_cdn(said);
            }
        }
        candidates
    }

    /// Whether it is open and its turn has come.
    pub fn is_due(&self, candidate: &Candidate) -> bool {
        let is_early = *candidate == Candidate::Reupload && self.gone_from_cdn.is_none();
        !is_early && self.open.contains(candidate)
    }

    /// Whether another attempt of the round has candidates.
    pub fn any_is_due(&self) -> bool {
        self.open.iter().any(|open| self.is_due(open))
    }

    /// The most hopeful reason decides what happens next; the newest among equals.
    fn note(&mut self, reason: Reason) {
        let hope = |reason: Reason| match reason.verdict() {
            Verdict::Retry => 4,
            Verdict::RetryAfter(_) => 3,
            Verdict::Confirm => 2,
            // A cooldown says less than another candidate's answer.
            Verdict::GiveUp => u8::from(reason != Reason::KeysMissing),
        };
        let before = self.reason.filter(|before| hope(*before) > hope(reason));
        self.reason = Some(before.unwrap_or(reason));
    }

    fn note_pause(&mut self, asked: Duration) {
        self.asked = self.asked.max(Some(asked));
    }

    /// Closes a candidate whose host is on a cooldown.
    pub fn is_cooling_down(
        &mut self,
        downloader: &Downloader,
        instance: &Instance,
        candidate: &Candidate,
    ) -> bool {
        let cooldown = candidate
            .host(instance)
            .and_then(|host| downloader.fetch.enter(&host));
        let Some(cooldown) = cooldown else {
            return false;
        };
        self.note(match (candidate.route(), cooldown.cause) {
            (Route::Cdn, Cause::Throttled) => Reason::CdnThrottled,
            (Route::Cdn, Cause::TimedOut) => Reason::CdnUnreachable,
            (_, Cause::Throttled) => Reason::GatewayThrottled,
            (_, Cause::TimedOut) => Reason::GatewayTimeout,
        });
        self.note_pause(cooldown.left);
        self.open.retain(|open| open != candidate);
        true
    }

    /// Whether an open candidate may deliver the same bytes with a proof.
    pub fn may_prove_better(&self, job: &Job, proven: &Proven, candidate: &Candidate) -> bool {
        let open = |open: &Candidate| open != candidate && open.route() == Route::Cdn;
        proven.1.verification() == Verification::Unproven
            && job.media_key.is_some()
            && self.open.iter().any(open)
    }

    /// Closes all candidates for one reason.
    pub fn end(&mut self, reason: Reason) {
        self.open.clear();
        self.reason = Some(reason);
    }

    pub fn failed(&mut self, candidate: &Candidate, reason: Reason, retry_after: Option<Duration>) {
        match reason {
            // No other candidate helps against a full disk, and none is to blame for it.
            Reason::StorageFull | Reason::StorageFailed => return self.end(reason),
            Reason::SenderHashWrong | Reason::BadPadding if candidate.route() == Route::Cdn => {
                self.sent_wrong = Some(reason);
            }
            Reason::HashMismatch if self.sent_wrong.is_some() => {
                self.open.retain(|open| open != candidate);
                return;
            }
            _ => {}
        }
        self.note(reason);
        let long = retry_after.filter(|asked| *asked > SHORT_WAIT);
        if let Some(asked) = long {
            self.note_pause(asked);
        }
        let is_once = *candidate == Candidate::Reupload;
        if is_once || reason.verdict() != Verdict::Retry || long.is_some() {
            self.open.retain(|open| open != candidate);
        }
        if candidate.route() == Route::Cdn && !cdn::another_host_may_help(reason) {
            self.open.retain(|open| open.route() != Route::Cdn);
        }
        let is_gone = matches!(
            reason,
            Reason::CdnExpired | Reason::CdnGone | Reason::CdnForbidden
        );
        let asks_cdn = self.open.iter().any(|open| open.route() == Route::Cdn);
        if candidate.route() == Route::Cdn && is_gone && !asks_cdn {
            self.gone_from_cdn(reason);
        }
    }

    fn gone_from_cdn(&mut self, reason: Reason) {
        self.gone_from_cdn = Some(reason);
        // It is the same call, with less patience.
        if self.open.contains(&Candidate::Reupload) {
            self.open.retain(|open| *open != Candidate::Gateway);
        }
    }

    /// Closes the phone, whose turn for this media did not come in this round.
    pub fn await_turn(&mut self) {
        self.open.retain(|open| *open != Candidate::Reupload);
        self.awaits_turn = true;
    }

    /// What the CDN said about a media that comes back for its turn.
    pub fn awaited(&self) -> Option<Reason> {
        self.gone_from_cdn.filter(|_| self.awaits_turn)
    }
}
