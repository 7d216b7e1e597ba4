//! Asks the phone, through the gateway, to upload a file again that WhatsApp's CDN has no more.
//!
//! The phone may be offline, and each request costs the account some of WhatsApp's patience: one at a time for each instance,
//! once in a round.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::{Downloader, Proven, SHORT_WAIT, Trace, gateway, link};
use crate::clock::{MINUTE, Millis, SECOND};
use crate::instances::Instance;
use crate::model::{InstanceId, MediaId, Reason};
use crate::queue::Job;

/// Gateways wait up to a minute for the phone.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long a phone is taken to need before it was asked once.
const USUAL: Duration = Duration::from_secs(1);
/// The shortest and the longest wait of a media that comes back for its turn.
const COMES_BACK: [Millis; 2] = [5 * SECOND, 10 * MINUTE];
/// With more media of an instance, the CDN is asked again about the others before each turn.
const MOST_WAITING: usize = 10_000;
/// A media that has not come back by then was stored, erased or dismissed.
const FORGOTTEN: Duration = Duration::from_secs(3_600);

/// The phones that are asked, and the media that wait for their turn.
#[derive(Default)]
pub struct Reuploads(Mutex<HashMap<InstanceId, Phone>>);

/// The phone of one instance.
struct Phone {
    turn: Arc<Semaphore>,
    /// The rounds that have the turn or wait for it.
    queued: u32,
    /// How long the phone needed the last time.
    usual: Duration,
    /// The media that come back for their turn.
    waiting: HashMap<MediaId, Refused>,
}

/// What the CDN said about a media, and when.
struct Refused {
    reason: Reason,
    at: Instant,
}

impl Default for Phone {
    fn default() -> Self {
        Self {
            turn: Arc::new(Semaphore::new(1)),
            queued: 0,
            usual: USUAL,
            waiting: HashMap::new(),
        }
    }
}

impl Reuploads {
    fn lock(&self) -> MutexGuard<'_, HashMap<InstanceId, Phone>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the CDN said about a media that comes back for its turn.
    pub(super) fn refused(&self, instance: &InstanceId, media: &MediaId) -> Option<Reason> {
        let phones = self.lock();
        let refused = phones.get(instance)?.waiting.get(media)?;
        Some(refused.reason)
    }

    /// Remembers a media that is to come back for its turn; returns after which time.
    pub(super) fn come_back(&self, instance: &InstanceId, media: &MediaId, said: Reason) -> Millis {
        let now = Instant::now();
        let mut phones = self.lock();
        let phone = phones.entry(instance.clone()).or_default();
        if phone.waiting.is_empty() {
            tracing::info!(instance = %instance, "files are gone from the CDN: their media wait until the phone is asked for each");
        }
        if phone.waiting.len() >= MOST_WAITING {
            let waiting = &mut phone.waiting;
            waiting.retain(|_, refused| now.duration_since(refused.at) < FORGOTTEN);
        }
        if phone.waiting.len() < MOST_WAITING {
            let refused = Refused {
                reason: said,
                at: now,
            };
            phone.waiting.insert(media.clone(), refused);
        }
        let waiting = u32::try_from(phone.waiting.len()).unwrap_or(u32::MAX);
        let all = phone.usual.saturating_mul(waiting).as_millis();
        let [least, most] = COMES_BACK;
        i64::try_from(all).unwrap_or(most).clamp(least, most)
    }

    pub(super) fn forget(&self, instance: &InstanceId, media: &MediaId) {
        if let Some(phone) = self.lock().get_mut(instance) {
            phone.waiting.remove(media);
        }
    }

    /// `None` when the turn would come too late.
    fn join(self: &Arc<Self>, instance: &InstanceId, patience: Duration) -> Option<Place> {
        let mut phones = self.lock();
        let phone = phones.entry(instance.clone()).or_default();
        if phone.usual.saturating_mul(phone.queued) > patience {
            return None;
        }
        phone.queued += 1;
        Some(Place {
            all: Arc::clone(self),
            instance: instance.clone(),
            turn: Arc::clone(&phone.turn),
        })
    }
}

/// A round's place in the line for a phone.
struct Place {
    all: Arc<Reuploads>,
    instance: InstanceId,
    turn: Arc<Semaphore>,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(phone) = self.all.lock().get_mut(&self.instance) {
            phone.queued = phone.queued.saturating_sub(1);
        }
    }
}

/// No other media of the instance is asked for until it is dropped.
pub(super) struct Turn {
    place: Place,
    began: Instant,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(phone) = self.place.all.lock().get_mut(&self.place.instance) {
            phone.usual = self.began.elapsed();
        }
    }
}

/// Waits for the turn of a media; `None` when it does not come soon, because a waiting round takes the place of another download.
pub(super) async fn turn(downloader: &Downloader, job: &Job) -> Option<Turn> {
    let patience = downloader.settings.call_timeout.duration().min(SHORT_WAIT);
    turn_within(&downloader.reuploads, &job.instance, &job.id, patience).await
}

async fn turn_within(
    all: &Arc<Reuploads>,
    instance: &InstanceId,
    media: &MediaId,
    patience: Duration,
) -> Option<Turn> {
    let place = all.join(instance, patience)?;
    let turn = Arc::clone(&place.turn).acquire_owned();
    let permit = tokio::time::timeout(patience, turn).await.ok()?.ok()?;
    all.forget(instance, media);
    Some(Turn {
        place,
        began: Instant::now(),
        _permit: permit,
    })
}

/// Whether the gateway has a call for it, and the message what it needs.
pub(super) fn can_ask(job: &Job, instance: &Instance) -> bool {
    let access = link::access(instance, "");
    let call = job.gateway.reupload_call(access, &gateway::request(job));
    !instance.api_base.is_empty() && call.is_some()
}

/// Asks for the file and verifies it, in its [`turn`].
pub(super) async fn fetch(
    downloader: &Downloader,
    job: &Job,
    instance: &Instance,
    trace: &mut Trace<'_>,
) -> Result<Proven, Reason> {
    let token = link::token(downloader, instance)?;
    let access = link::access(instance, &token);
    let call = job.gateway.reupload_call(access, &gateway::request(job));
    let call = call.ok_or(Reason::KeysMissing)?;
    let asking = gateway::Asking {
        call,
        token: &token,
        patience: PATIENCE,
    };
    gateway::fetch_by(downloader, job, instance, trace, asking).await
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    fn instance(id: &str) -> InstanceId {
        InstanceId(id.to_owned())
    }

    fn media(id: usize) -> MediaId {
        MediaId(format!("m{id}"))
    }

    async fn turn_of(all: &Arc<Reuploads>, id: &str, n: usize) -> Option<Turn> {
        turn_within(all, &instance(id), &media(n), SOON).await
    }

    fn is_slow(all: &Reuploads, id: &str) {
        all.lock().entry(instance(id)).or_default().usual = PATIENCE;
    }

    #[tokio::test]
    async fn one_phone_is_asked_for_one_file_at_a_time_and_the_next_waits_for_its_turn() {
        let all = Arc::new(Reuploads::default());
        let first = turn_of(&all, "one", 1).await.unwrap();
        assert!(turn_of(&all, "other", 2).await.is_some());
        let mut waits = Box::pin(turn_of(&all, "one", 3));
        assert!(futures_util::poll!(&mut waits).is_pending());
        drop(first);
        assert!(waits.await.is_some());
    }

    #[tokio::test]
    async fn hundreds_of_media_are_all_asked_for_at_a_phone_that_answers_at_once() {
        let all = Arc::new(Reuploads::default());
        drop(turn_of(&all, "one", 0).await);
        let rounds = (0..500).map(async |n| {
            let turn = turn_of(&all, "one", n).await;
            tokio::task::yield_now().await;
            turn.is_some()
        });
        let asked = futures_util::future::join_all(rounds).await;
        assert!(asked.iter().all(|asked| *asked), "{asked:?}");
        assert_eq!(all.lock()[&instance("one")].queued, 0);
    }

    #[tokio::test]
    async fn a_media_does_not_wait_in_its_round_for_a_phone_that_is_slow() {
        let all = Arc::new(Reuploads::default());
        is_slow(&all, "one");
        let asked = turn_of(&all, "one", 0).await.unwrap();
        let mut other = Box::pin(turn_of(&all, "one", 1));
        let answer = futures_util::poll!(&mut other);
        assert!(matches!(answer, std::task::Poll::Ready(None)));
        drop(asked);
        assert!(turn_of(&all, "one", 1).await.is_some());
    }

    #[tokio::test]
    async fn an_unknown_phone_is_waited_for_no_longer_than_for_another_answer() {
        let all = Arc::new(Reuploads::default());
        let _asked = turn_of(&all, "one", 0).await.unwrap();
        let patience = Duration::from_millis(20);
        all.lock().entry(instance("one")).or_default().usual = patience;
        let (one, other) = (instance("one"), media(1));
        assert!(turn_within(&all, &one, &other, patience).await.is_none());
        assert_eq!(all.lock()[&instance("one")].queued, 1);
    }

    #[test]
    fn the_more_media_wait_for_a_slow_phone_the_later_they_come_back() {
        let all = Reuploads::default();
        is_slow(&all, "one");
        let waits = |n| all.come_back(&instance("one"), &media(n), Reason::CdnGone);
        assert_eq!([waits(1), waits(2)], [90 * SECOND, 180 * SECOND]);
        assert_eq!((3..100).map(waits).last(), Some(10 * MINUTE));
        for n in 0..2 * MOST_WAITING {
            waits(n);
        }
        assert_eq!(all.lock()[&instance("one")].waiting.len(), MOST_WAITING);
    }

    #[tokio::test]
    async fn the_cdn_is_not_asked_again_about_a_media_that_comes_back() {
        let all = Arc::new(Reuploads::default());
        let refused = |n| all.refused(&instance("one"), &media(n));
        assert_eq!(refused(1), None);
        let wait = all.come_back(&instance("one"), &media(1), Reason::CdnGone);
        assert_eq!((wait, refused(1)), (5 * SECOND, Some(Reason::CdnGone)));
        drop(turn_of(&all, "one", 1).await);
        assert_eq!(refused(1), None);
    }
}
