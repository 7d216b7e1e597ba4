//! One sweep: the files that the rules mean, then the records that are older than they are kept.

use std::collections::HashSet;

use serde_json::json;

use super::{Doing, Error};
use crate::app::App;
use crate::clock::Millis;
use crate::config::{Rule, Size};
use crate::coordination::checkpoint::Checkpoint;
use crate::coordination::{self, Maintenance};
use crate::db::{self, Db, Key, Tx};
use crate::events::{self, News};
use crate::media::{self, Removal, StoredFile};
use crate::model::{MediaId, MediaKind, MediaStatus, Reason};
use crate::storage::layout::RelativePath;
use crate::storage::{Index, Linked, Sought};
use crate::{deliveries, storage};

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
    /// Files that should have gone, and could not be removed.
    pub stuck: u64,
}

/// What became of one file.
pub enum Told<'a> {
    /// It is gone, or would be.
    Gone(&'a StoredFile),
    /// It could not be removed, and why.
    Stuck(&'a StoredFile, &'a storage::Error),
}

/// Looks at everything that is held, and lets go of what is no longer to be kept. Tells of each file with the number
/// of its rule, from 0. One that cannot be removed keeps no other.
pub async fn sweep(
    app: &App,
    doing: Doing,
    mut tell: impl FnMut(usize, Told<'_>),
) -> Result<Swept, Error> {
    if doing == Doing::Now {
        if !app.clock.is_trusted() {
            return Err(Error::ClockNotTrusted);
        }
        finish_sweeps(app).await?;
    }
    let now = app.clock.now();
    let mut sweep = Sweep {
        app,
        doing,
        now,
        swept: Swept::default(),
        gone: HashSet::new(),
    };
    for (number, rule) in app.config.retention.rules.iter().enumerate() {
        sweep.apply(rule, |told| tell(number, told)).await?;
    }
    let mut swept = sweep.swept;
    let retention = &app.config.retention;
    for (records, keep, gone) in [
        (
            Records::Deliveries,
            retention.deliveries,
            &mut swept.deliveries,
        ),
        (Records::Events, retention.events, &mut swept.events),
        (Records::Attempts, retention.attempts, &mut swept.attempts),
    ] {
        if !keep.is_zero() {
            *gone = prune(app, doing, records, now - keep.ms()).await?;
        }
    }
    if doing == Doing::Now {
        // A process that serves may be about to commit what has no row yet.
        app.bodies.sweep(&app.db, false).await?;
    }
    Ok(swept)
}

impl Rule {
    fn removal(&self, now: Millis) -> Removal {
        Removal {
            client: self.client,
            kind: self.kind.map(MediaKind::from),
            direction: self.direction,
            chat: self.chat,
            before: self.older_than.map(|span| now - span.ms()),
            larger_than_bytes: self.larger_than.map(Size::bytes),
        }
    }
}

/// A sweep that is under way.
struct Sweep<'a> {
    app: &'a App,
    doing: Doing,
    now: Millis,
    swept: Swept,
    /// What an earlier rule would have taken away already; nothing when it truly did.
    gone: HashSet<MediaId>,
}

impl Sweep<'_> {
    async fn apply(&mut self, rule: &Rule, mut tell: impl FnMut(Told<'_>)) -> Result<(), Error> {
        let removal = rule.removal(self.now);
        let mut excess = match rule.total_over {
            Some(total) => {
                let matching = self.matching_bytes(&removal).await?;
                matching.saturating_sub(total.bytes())
            }
            None => u64::MAX,
        };
        let (mut at, mut id) = (Millis::MIN, String::new());
        while excess > 0 {
            let page = media::removable(&self.app.db, &removal, (at, &id), PAGE).await?;
            let Some(last) = page.last() else { break };
            (at, id) = (last.received_at, last.id.0.clone());
            // So that no repair takes what goes for lost, and puts it back.
            let _files = match self.doing {
                Doing::Now => Some({
                    let coordination = &self.app.coordination;
                    coordination.maintenance(Maintenance::Shared).await?
                }),
                Doing::DryRun => None,
            };
            self.begin(&page).await?;
            let mut gone = Vec::with_capacity(page.len());
            for file in page {
                if excess == 0 || self.gone.contains(&file.id) {
                    continue;
                }
                if let Err(error) = self.remove(&file, &gone).await? {
                    self.swept.stuck += 1;
                    tell(Told::Stuck(&file, &error));
                    continue;
                }
                tell(Told::Gone(&file));
                self.swept.files += 1;
                self.swept.bytes += file.size_bytes;
                if rule.total_over.is_some() {
                    excess = excess.saturating_sub(file.size_bytes);
                }
                gone.push(file);
            }
            self.record(gone).await?;
        }
        Ok(())
    }

    /// Writes down what may be gone before its row says so.
    async fn begin(&self, page: &[StoredFile]) -> Result<(), Error> {
        if self.doing == Doing::DryRun {
            return Ok(());
        }
        let ids: Vec<_> = page.iter().map(|file| file.id.0.clone()).collect();
        let (run, now) = (self.app.owner.clone(), self.now);
        let beginning = self.app.db.write(Key::Nothing, async move |tx| {
            Checkpoint::Sweep.save(tx, &run, &ids, now).await
        });
        Ok(beginning.await?)
    }

    /// How large all together are that are meant, and that no earlier rule would have taken away.
    async fn matching_bytes(&self, removal: &Removal) -> Result<u64, Error> {
        let mut all = media::removable_bytes(&self.app.db, removal).await?;
        let (mut at, mut id) = (Millis::MIN, String::new());
        while !self.gone.is_empty() {
            let page = media::removable(&self.app.db, removal, (at, &id), PAGE).await?;
            let Some(last) = page.last() else { break };
            (at, id) = (last.received_at, last.id.0.clone());
            let gone = page.iter().filter(|file| self.gone.contains(&file.id));
            all = all.saturating_sub(gone.map(|file| file.size_bytes).sum());
        }
        Ok(all)
    }

    /// Takes a file away, unless another media that stays names it as its own.
    async fn remove(
        &self,
        file: &StoredFile,
        gone: &[StoredFile],
    ) -> Result<Result<(), storage::Error>, Error> {
        if self.doing == Doing::DryRun {
            return Ok(Ok(()));
        }
        let mut paths = vec![file.path.clone()];
        let others = media::files_at(&self.app.db, Some(&file.id), &paths).await?;
        let stays = |other: &StoredFile| {
            other.status == MediaStatus::Stored && gone.iter().all(|it| it.id != other.id)
        };
        if others.iter().any(stays) {
            paths.clear();
        }
        let names = paths.into_iter().filter_map(RelativePath::from_row);
        let sought = Sought {
            names: names.collect(),
            ..Sought::default()
        };
        let storage = &self.app.storage;
        let found = match storage
            .everywhere(&file.id, sought, &Index::default())
            .await
        {
            Ok(found) => found,
            Err(error) => return Ok(Err(error)),
        };
        let linked = Linked::GoesIf(file.sha256);
        let removing = storage.remove_all(&file.id, found, linked);
        Ok(removing.await.map(drop))
    }

    async fn record(&mut self, gone: Vec<StoredFile>) -> Result<(), Error> {
        if self.doing == Doing::DryRun {
            self.gone.extend(gone.into_iter().map(|file| file.id));
            return Ok(());
        }
        record(self.app, self.app.owner.clone(), gone, self.now).await
    }
}

/// Lets the rows say what became of their files, and strikes out that it was to be done.
async fn record(app: &App, run: String, gone: Vec<StoredFile>, now: Millis) -> Result<(), Error> {
    let recording = app.db.write(Key::Everything, async move |tx| {
        for file in &gone {
            if media::mark_removed(tx, file, Reason::Retention).await? {
                events::append(tx, now, news(file));
            }
        }
        Checkpoint::Sweep.delete(tx, &run).await
    });
    Ok(recording.await?)
}

/// Whether a file is one that a sweep took away, or takes away now, before its row says so.
pub async fn is_on_its_way(app: &App, id: &MediaId) -> Result<bool, Error> {
    let sweeps = Checkpoint::Sweep.all::<Vec<String>>(&app.db).await?;
    Ok(sweeps.iter().any(|(_, ids)| ids.contains(&id.0)))
}

/// Ends what sweeps had begun that were killed: the rows of the files that they took away say so.
pub async fn finish_sweeps(app: &App) -> Result<(), Error> {
    let sweeps = Checkpoint::Sweep;
    if sweeps.all::<Vec<String>>(&app.db).await?.is_empty() {
        return Ok(());
    }
    // A sweep that still runs has the lease.
    let maintenance = app.coordination.maintenance(Maintenance::Exclusive);
    let _lease = match maintenance.await {
        Err(coordination::Error::Maintenance { .. }) => return Ok(()),
        lease => lease?,
    };
    let now = app.clock.now();
    for (run, ids) in sweeps.all::<Vec<String>>(&app.db).await? {
        let mut gone = Vec::new();
        for id in ids {
            let file = media::find_file(&app.db, &MediaId(id)).await?;
            let is_gone = |file: &StoredFile| matches!(app.storage.stamp(&file.path), Ok(None));
            gone.extend(file.filter(is_gone));
        }
        record(app, run, gone, now).await?;
    }
    Ok(())
}

fn news(file: &StoredFile) -> News<'_> {
    News {
        kind: "media.removed",
        client: file.client,
        instance: file.instance.as_str(),
        media: Some(file.id.as_str()),
        data: json!({"kind": file.kind.as_str(), "reason": Reason::Retention.as_str(), "path": file.path, "size": file.size_bytes}),
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
            Self::Deliveries => deliveries::older_than(db, before).await,
            Self::Events => events::older_than(db, before).await,
            Self::Attempts => media::count_attempts_before(db, before).await,
        }
    }

    async fn prune(self, tx: &mut Tx, before: Millis) -> Result<u64, db::Error> {
        match self {
            Self::Deliveries => deliveries::prune(tx, before, BATCH).await,
            Self::Events => events::prune(tx, before, BATCH).await,
            Self::Attempts => media::prune_attempts(tx, before, BATCH).await,
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
        match app.db.write(Key::Everything, delete).await? {
            0 => return Ok(gone),
            n => gone += n,
        }
    }
}
