//! Which media an operation works on, one after the other.

use serde::Serialize;
use serde_json::json;

use super::Progress;
use crate::access::Actor;
use crate::access::audit::{self, Action, NewEntry};
use crate::clock::Clock;
use crate::db::{Db, Error};
use crate::media::{self, Cursor, Filter, Media};
use crate::model::{MediaId, MediaStatus};
use crate::shutdown::CancellationToken;

/// Rows that are read at once.
const PAGE: u32 = 1_000;

/// Media by id, and all of some statuses that a filter selects.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    pub media: Vec<MediaId>,
    pub statuses: Vec<MediaStatus>,
    /// Its status is not used.
    pub filter: Filter,
}

/// The result for one media.
#[derive(Clone, Debug, Serialize)]
pub struct Item<Result> {
    pub media: MediaId,
    pub result: Result,
}

/// What is done with the media, for the audit log. A dry run has none.
pub(super) struct Recorded<'a> {
    pub clock: &'a Clock,
    pub actor: &'a Actor,
    pub action: Action,
}

impl Recorded<'_> {
    /// One entry for all.
    async fn append(self, db: &Db, client: Option<i64>, ids: &[MediaId]) -> Result<(), Error> {
        let entry = NewEntry::new(self.action, client, json!({"total": ids.len()}));
        let only = match ids {
            [id] => media::find(db, id).await?,
            _ => None,
        };
        let entry = match only {
            Some(media) => NewEntry {
                client: Some(media.client),
                ..entry.media(media.id.as_str())
            },
            None => entry,
        };
        audit::record(db, self.clock, self.actor, entry).await
    }
}

impl Selection {
    /// Calls `act` with each media that was named, then with those of each status for which `accepts` is true. Returns
    /// the results, and whether it was cancelled before its end.
    pub(super) async fn for_each<R: Clone>(
        self,
        db: &Db,
        recorded: Option<Recorded<'_>>,
        accepts: impl Fn(&Media) -> bool,
        act: impl AsyncFn(&MediaId) -> Result<R, Error>,
        progress: &dyn Progress<Item<R>>,
        cancelled: &CancellationToken,
    ) -> Result<(Vec<R>, bool), Error> {
        let client = self.filter.scope.client().or(self.filter.client);
        let ids = self.ids(db, accepts).await?;
        if let Some(recorded) = recorded
            && !ids.is_empty()
        {
            recorded.append(db, client, &ids).await?;
        }
        progress.expect(ids.len() as u64);
        let mut results = Vec::with_capacity(ids.len());
        for media in ids {
            if cancelled.is_cancelled() {
                return Ok((results, true));
            }
            let result = act(&media).await?;
            results.push(result.clone());
            progress.finding(&Item { media, result });
            progress.advance(1);
        }
        Ok((results, false))
    }

    async fn ids(self, db: &Db, accepts: impl Fn(&Media) -> bool) -> Result<Vec<MediaId>, Error> {
        let mut ids = self.media;
        for status in self.statuses {
            let filter = Filter {
                status: Some(status),
                ..self.filter.clone()
            };
            // In pages, because a row is much larger than its id.
            let mut after = None;
            loop {
                let found = media::list_after(db, &filter, after, PAGE).await?;
                after = found.last().map(Cursor::of);
                let is_last = found.len() < PAGE as usize;
                let accepted = found.into_iter().filter(&accepts);
                ids.extend(accepted.map(|media| media.id));
                if is_last {
                    break;
                }
            }
        }
        Ok(ids)
    }
}
