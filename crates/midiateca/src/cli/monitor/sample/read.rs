//! The reading itself: each of it bounded, however much the database holds.

use serde_json::json;
use std::path::Path;

use super::{Census, Filter, Glance, Opened};
use midiateca_service::app::App;
use midiateca_service::clock::HOUR;
use midiateca_service::db::Error;
use midiateca_service::events::{self, Which};
use midiateca_service::media::{self, counts};
use midiateca_service::model::MediaId;
use midiateca_service::{instances, worker};

/// Events that are kept for scrolling.
pub(in crate::cli::monitor) const MOST_EVENTS: u32 = 300;
/// How far back they are looked for: a filter that fits nothing must not walk through all that ever happened.
const LOOK_BACK: i64 = 50_000;
/// Downloads that are listed; there are seldom so many at once.
const MOST_IN_FLIGHT: u32 = 200;

/// Up to where the events of a filter have been read.
pub(super) struct Cursor {
    filter: Filter,
    seq: i64,
}

impl Cursor {
    pub fn is_of(&self, filter: &Filter) -> bool {
        self.filter == *filter
    }
}

/// Which file a path leads to.
#[derive(PartialEq, Eq)]
pub(in crate::cli::monitor) struct Identity(#[cfg(unix)] (u64, u64));

/// Nothing when there is no file.
#[cfg(unix)]
pub(in crate::cli::monitor) fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(path).ok()?;
    Some(Identity((metadata.dev(), metadata.ino())))
}

/// Nothing when there is no file. Elsewhere an open file cannot be taken away.
#[cfg(not(unix))]
pub(in crate::cli::monitor) fn identity(path: &Path) -> Option<Identity> {
    path.is_file().then_some(Identity())
}

pub(super) async fn glance(
    app: &App,
    filter: &Filter,
    cursor: &mut Option<Cursor>,
) -> Result<Glance, Error> {
    let known = cursor.as_ref().filter(|cursor| cursor.is_of(filter));
    let is_whole = known.is_none();
    let newest = events::newest(&app.db).await?;
    let after = known.map_or(newest - LOOK_BACK, |cursor| cursor.seq);
    let which = Which {
        kind: filter.outcome.map(super::Outcome::event),
        ..which(filter)
    };
    let events = events::newest_of(&app.db, &which, after, MOST_EVENTS).await?;
    let seq = events.first().map_or(newest, |event| event.seq.max(newest));
    let (instance, kind) = (filter.instance.as_deref(), filter.kind);
    let glance = Glance {
        at: app.clock.now(),
        filter: filter.clone(),
        is_served: app.coordination.is_served().await == Some(true),
        stopped: worker::paused_for_space(
            (&app.db, &app.vault, &app.coordination),
            &app.config.storage,
        )
        .await?,
        instances: instances::instances(&app.db).await?,
        in_flight: media::claim::downloading(&app.db, instance, kind, MOST_IN_FLIGHT)
            .await?
            .into_iter()
            .map(super::Download::of)
            .collect(),
        events,
        is_whole,
    };
    // Only now, so that what could not be told is read again.
    *cursor = Some(Cursor {
        filter: filter.clone(),
        seq,
    });
    Ok(glance)
}

pub(super) async fn census(app: &App, filter: Filter) -> Result<Census, Error> {
    let now = app.clock.now();
    Ok(Census {
        standing: counts::by_instance(&app.db).await?,
        waiting: counts::pending(&app.db, filter.kind, now).await?,
        minutes: counts::received_per_minute(
            &app.db,
            filter.instance.as_deref(),
            filter.kind,
            now - HOUR,
        )
        .await?,
        hour: events::counts_since(&app.db, &which(&filter), now - HOUR).await?,
        filter,
    })
}

pub(super) async fn opened(app: &App, id: &MediaId) -> Result<Opened, Error> {
    Ok(Opened {
        id: id.clone(),
        media: media::find(&app.db, id).await?.map(|media| json!(media)),
        attempts: media::attempts(&app.db, id).await?,
    })
}

fn which(filter: &Filter) -> Which {
    Which {
        kind: None,
        instance: filter.instance.clone(),
        media_kind: filter.kind.map(|kind| kind.as_str()),
    }
}
