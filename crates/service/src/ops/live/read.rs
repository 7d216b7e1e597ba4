//! The queries: each is bounded, however large the database is.

use serde_json::json;

use super::{Deps, LiveCounts, LiveFilter, LiveSnapshot, LiveSource, MediaDetails};
use crate::clock::{HOUR, Millis};
use crate::db::{Db, Error};
use crate::events::{self, Which};
use crate::media::{self, counts};
use crate::model::MediaId;
use crate::{instances, worker};

pub const MOST_EVENTS: u32 = 300;
/// How many events are searched: a filter that matches nothing must not read them all.
const LOOK_BACK: i64 = 50_000;
/// Listed downloads; there are seldom as many at once.
const MOST_IN_FLIGHT: u32 = 200;

pub(super) struct Cursor {
    filter: LiveFilter,
    seq: i64,
}

impl Cursor {
    pub fn is_of(&self, filter: &LiveFilter) -> bool {
        self.filter == *filter
    }
}

pub(super) async fn snapshot(
    deps: &Deps,
    LiveSource { db, storage }: &LiveSource,
    filter: &LiveFilter,
    cursor: &mut Option<Cursor>,
) -> Result<LiveSnapshot, Error> {
    let known = cursor.as_ref().filter(|cursor| cursor.is_of(filter));
    let is_whole = known.is_none();
    let newest = events::newest(db).await?;
    let after = known.map_or(newest - LOOK_BACK, |cursor| cursor.seq);
    let which = Which {
        kind: filter.result,
        ..which(filter)
    };
    let events = events::newest_of(db, &which, after, MOST_EVENTS).await?;
    let seq = events.first().map_or(newest, |event| event.seq.max(newest));
    let instances = instances::instances(db).await?;
    let instance = filter.instance.as_deref();
    let in_flight = media::claim::downloading(db, instance, filter.kind, MOST_IN_FLIGHT).await?;
    let snapshot = LiveSnapshot {
        at: deps.clock.now(),
        filter: filter.clone(),
        is_served: deps.coordination.is_served().await == Some(true),
        paused: worker::paused_for_space((db, storage, &deps.coordination), &deps.config.storage)
            .await?,
        instances: instances.into_iter().map(Into::into).collect(),
        in_flight: in_flight.into_iter().map(Into::into).collect(),
        events,
        is_whole,
    };
    // Only now, so that events are read again after an error.
    *cursor = Some(Cursor {
        filter: filter.clone(),
        seq,
    });
    Ok(snapshot)
}

pub(super) async fn counts(db: &Db, filter: LiveFilter, now: Millis) -> Result<LiveCounts, Error> {
    Ok(LiveCounts {
        standing: counts::by_instance(db).await?,
        waiting: counts::pending(db, filter.kind, now).await?,
        minutes: counts::received_per_minute(
            db,
            filter.instance.as_deref(),
            filter.kind,
            now - HOUR,
        )
        .await?,
        hour: events::counts_since(db, &which(&filter), now - HOUR).await?,
        filter,
    })
}

pub(super) async fn opened(db: &Db, id: &MediaId) -> Result<MediaDetails, Error> {
    Ok(MediaDetails {
        id: id.clone(),
        media: media::find(db, id).await?.map(|media| json!(media)),
        attempts: media::attempts(db, id).await?,
    })
}

fn which(filter: &LiveFilter) -> Which {
    Which {
        kind: None,
        instance: filter.instance.clone(),
        media_kind: filter.kind,
    }
}
