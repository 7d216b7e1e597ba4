//! One sweep: the files that the rules mean, then the records that are older than they are kept.

use serde_json::json;

use super::{Doing, Error};
use crate::app::App;
use crate::catalog::{self, Doomed, Meaning};
use crate::clock::{DAY, Millis};
use crate::config::Rule;
use crate::db::{self, Db, Tx};
use crate::events::{self, News};
use crate::media::{MediaKind, Reason};
use crate::vault::layout::RelativePath;
use crate::{delivery, queue};

/// Files that go in one commit.
const PAGE: u32 = 200;
/// Records that go in one commit.
const BATCH: u32 = 1_000;

/// What went, or would.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Swept {
    /// Files.
    pub files: u64,
    /// How large they were together.
    pub bytes: u64,
    /// Raw deliveries.
    pub deliveries: u64,
    /// Events.
    pub events: u64,
    /// Tries.
    pub attempts: u64,
}

/// Looks at everything that is held, and lets go of what is no longer to be kept. Tells of each file with the number
/// of its rule, from 0.
pub async fn sweep(
    app: &App,
    doing: Doing,
    mut tell: impl FnMut(usize, &Doomed),
) -> Result<Swept, Error> {
    let now = app.clock.now();
    let mut swept = Swept::default();
    for (number, rule) in app.config.retention.rules.iter().enumerate() {
        apply(app, rule, doing, now, &mut swept, |doomed| {
            tell(number, doomed)
        })
        .await?;
    }
    let retention = &app.config.retention;
    for (records, days, gone) in [
        (
            Records::Deliveries,
            retention.deliveries_days,
            &mut swept.deliveries,
        ),
        (Records::Events, retention.events_days, &mut swept.events),
        (
            Records::Attempts,
            retention.attempts_days,
            &mut swept.attempts,
        ),
    ] {
        if days > 0 {
            *gone = prune(app, doing, records, now - i64::from(days) * DAY).await?;
        }
    }
    Ok(swept)
}

impl Rule {
    fn meaning(&self, now: Millis) -> Meaning {
        Meaning {
            client: self.client,
            kind: self.kind.map(|kind| MediaKind::from(kind).as_str()),
            direction: self.direction,
            chat: self.chat,
            before: self.older_than_days.map(|days| now - i64::from(days) * DAY),
            larger_than_bytes: self.larger_than_bytes,
        }
    }
}

async fn apply(
    app: &App,
    rule: &Rule,
    doing: Doing,
    now: Millis,
    swept: &mut Swept,
    mut tell: impl FnMut(&Doomed),
) -> Result<(), Error> {
    let meaning = rule.meaning(now);
    let mut excess = match rule.total_over_bytes {
        Some(total) => catalog::meant_bytes(&app.db, &meaning)
            .await?
            .saturating_sub(total),
        None => u64::MAX,
    };
    let (mut at, mut id) = (Millis::MIN, String::new());
    while excess > 0 {
        let mut page = catalog::doomed(&app.db, &meaning, (at, &id), PAGE).await?;
        let Some(last) = page.last() else { break };
        (at, id) = (last.received_at, last.id.0.clone());
        page.retain(|doomed| {
            let goes = excess > 0;
            if rule.total_over_bytes.is_some() {
                excess = excess.saturating_sub(doomed.size_bytes);
            }
            goes
        });
        for doomed in &page {
            tell(doomed);
            swept.files += 1;
            swept.bytes += doomed.size_bytes;
        }
        if doing == Doing::Now {
            remove(app, page, now).await?;
        }
    }
    Ok(())
}

async fn remove(app: &App, page: Vec<Doomed>, now: Millis) -> Result<(), Error> {
    // So that no repair takes what goes for lost, and puts it back.
    let _files = app.hold_files().await?;
    for doomed in &page {
        let path = doomed.path.clone().and_then(RelativePath::from_row);
        app.vault.remove_everywhere(&doomed.id, path).await?;
    }
    app.db
        .write(async move |tx| {
            for doomed in &page {
                if catalog::let_go(tx, doomed, Reason::Retention).await? {
                    events::append(tx, now, news(doomed)).await?;
                }
            }
            Ok(())
        })
        .await?;
    Ok(())
}

fn news(doomed: &Doomed) -> News<'_> {
    News {
        kind: "media.removed",
        client: doomed.client,
        instance: doomed.instance.as_str(),
        media: Some(doomed.id.as_str()),
        data: json!({"kind": doomed.kind, "reason": Reason::Retention.as_str(), "path": doomed.path, "size": doomed.size_bytes}),
    }
}

/// Records that grow with everything that happens.
#[derive(Clone, Copy)]
enum Records {
    Deliveries,
    Events,
    Attempts,
}

impl Records {
    async fn count(self, db: &Db, before: Millis) -> Result<u64, db::Error> {
        match self {
            Self::Deliveries => delivery::older_than(db, before).await,
            Self::Events => events::older_than(db, before).await,
            Self::Attempts => queue::attempts_older_than(db, before).await,
        }
    }

    async fn prune(self, tx: &mut Tx, before: Millis) -> Result<u64, db::Error> {
        match self {
            Self::Deliveries => delivery::prune(tx, before, BATCH).await,
            Self::Events => events::prune(tx, before, BATCH).await,
            Self::Attempts => queue::prune_attempts(tx, before, BATCH).await,
        }
    }
}

async fn prune(app: &App, doing: Doing, records: Records, before: Millis) -> Result<u64, Error> {
    if doing == Doing::DryRun {
        return Ok(records.count(&app.db, before).await?);
    }
    let mut gone = 0;
    loop {
        let delete = async move |tx: &mut Tx| records.prune(tx, before).await;
        match app.db.write(delete).await? {
            0 => return Ok(gone),
            n => gone += n,
        }
    }
}
