//! Acknowledges media that failed or expired, and deliveries that were set aside: the status report no longer counts them.

use std::sync::Arc;

use serde::Serialize;
use serde_json::json;

use super::selection::Recorded;
use super::{Progress, Selection};
use crate::access::Actor;
use crate::access::audit::{self, Action, NewEntry};
use crate::clock::{Clock, DAY};
use crate::db::{Db, Error, Key, Tx};
use crate::deliveries;
use crate::events::facts::{Fact, MediaDismissed};
use crate::events::{self, News};
use crate::instances;
use crate::media::{self, Media};
use crate::model::{MediaId, MediaStatus};
use crate::queue;
use crate::shutdown::CancellationToken;

#[derive(Clone, Debug)]
pub struct Options {
    pub selection: Selection,
    /// Only report what would be dismissed.
    pub dry_run: bool,
    pub actor: Actor,
}

/// The result for one media. In a dry run, what the result would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Dismissed {
    Dismissed,
    /// It neither failed nor expired.
    Skipped,
    NotFound,
}

pub type Item = super::selection::Item<Dismissed>;

/// Counts of one run.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Report {
    pub dismissed: u64,
    pub skipped: u64,
    pub not_found: u64,
    pub dry_run: bool,
    /// It was cancelled before its end.
    pub stopped: bool,
}

impl Report {
    fn count(&mut self, result: Dismissed) {
        let count = match result {
            Dismissed::Dismissed => &mut self.dismissed,
            Dismissed::Skipped => &mut self.skipped,
            Dismissed::NotFound => &mut self.not_found,
        };
        *count += 1;
    }
}

/// Dismisses what failed or expired. Progress counts media.
pub async fn run(
    db: &Db,
    clock: &Clock,
    options: Options,
    progress: Arc<dyn Progress<Item>>,
    cancelled: CancellationToken,
) -> Result<Report, Error> {
    let mut report = Report {
        dry_run: options.dry_run,
        ..Report::default()
    };
    let act = async |id: &MediaId| dismiss(db, clock, id, options.dry_run).await;
    let recorded = (!options.dry_run).then_some(Recorded {
        clock,
        actor: &options.actor,
        action: Action::Dismiss,
    });
    let selection = options.selection;
    let run = selection.for_each(db, recorded, |_| true, act, &*progress, &cancelled);
    let (results, stopped) = run.await?;
    report.stopped = stopped;
    results.into_iter().for_each(|result| report.count(result));
    Ok(report)
}

/// Dismisses one media.
pub async fn one(db: &Db, clock: &Clock, actor: &Actor, id: &MediaId) -> Result<Dismissed, Error> {
    let client = media::find(db, id).await?.map(|media| media.client);
    let result = dismiss(db, clock, id, false).await?;
    let entry = NewEntry::new(Action::Dismiss, client, json!({"result": result}));
    audit::record(db, clock, actor, entry.media(id.as_str())).await?;
    Ok(result)
}

/// Whether this media can be dismissed.
pub fn is_offered(media: &Media) -> bool {
    matches!(media.status, MediaStatus::Failed | MediaStatus::Expired)
}

/// Dismisses one media, and records it as an event.
async fn dismiss(db: &Db, clock: &Clock, id: &MediaId, dry_run: bool) -> Result<Dismissed, Error> {
    let Some(media) = media::find(db, id).await? else {
        return Ok(Dismissed::NotFound);
    };
    if !is_offered(&media) {
        return Ok(Dismissed::Skipped);
    }
    if dry_run {
        return Ok(Dismissed::Dismissed);
    }
    let (id, now) = (id.clone(), clock.now());
    let is_dismissed = db.write(Key::media(id.as_str()), async move |tx| {
        let is_dismissed = queue::dismiss(tx, &id).await?;
        if is_dismissed {
            events::append(tx, now, event(&media));
        }
        Ok(is_dismissed)
    });
    Ok(if is_dismissed.await? {
        Dismissed::Dismissed
    } else {
        Dismissed::Skipped
    })
}

/// The deliveries that the status report counted until they were dismissed.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct DismissedDeliveries {
    /// All of them.
    pub dismissed: i64,
    pub set_aside: i64,
    pub refused: i64,
    /// Their webhooks never came; they were found in the gateways' lists.
    pub listed: i64,
    pub dry_run: bool,
}

/// Dismisses the deliveries that were set aside, refused or found in a list until now; counts those that the status report
/// counts, which are those of the last day.
pub async fn deliveries(
    db: &Db,
    clock: &Clock,
    actor: &Actor,
    dry_run: bool,
) -> Result<DismissedDeliveries, Error> {
    let now = clock.now();
    let (set_aside, listed) = deliveries::undismissed_since(db, now - DAY).await?;
    let dismissed_at = deliveries::dismissed_at(db).await?;
    let refused = instances::refusals(db).await?;
    let refused = refused.iter().map(|(_, count)| count);
    let refused = refused.filter(|count| count.needs_attention(now, dismissed_at));
    let refused = refused.map(|count| count.count).sum();
    let dismissed = set_aside + refused + listed;
    if !dry_run {
        let actor = actor.clone();
        let dismiss = async move |tx: &mut Tx| {
            deliveries::dismiss(tx, now).await?;
            let data = json!({"deliveries": dismissed});
            audit::append(tx, &actor, NewEntry::new(Action::Dismiss, None, data), now).await
        };
        db.write(Key::Nothing, dismiss).await?;
    }
    Ok(DismissedDeliveries {
        dismissed,
        set_aside,
        refused,
        listed,
        dry_run,
    })
}

fn event(media: &Media) -> News<'_> {
    News {
        client: Some(media.client),
        instance: Some(media.instance.as_str()),
        media: Some(media.id.as_str()),
        fact: Fact::MediaDismissed(MediaDismissed {
            kind: media.kind.as_str(),
            reason: media.reason,
        }),
    }
}
