//! `scrub`: whether the files are still the ones that were stored. Reads everything; changes nothing unless asked to
//! repair, and then deletes nothing.
//!
//! What is quick to see comes first: files that are gone or of another length, and files that no row knows. Then
//! every file is read and compared with its hash, the newest first, for what was written last is what a crash or a
//! full disk damages; at a bounded rate, and from where an earlier run was stopped.

mod doubt;
mod mounted;
mod pace;
mod repair;
mod report;
mod unknown;

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Ending;
use super::answer;
use super::context::Context;
use super::known;
use super::since::Since;
use super::words::scrub as words;
use doubt::Doubt;
use midiateca_service::app::{AllowedStorage, App};
use midiateca_service::clock::compact;
use midiateca_service::db::Key;
use midiateca_service::media::{self, Filter, Held};
use midiateca_service::ops::retention;
use midiateca_service::storage::{self, Stamp, Vault};
use midiateca_service::{db, shutdown};
use mounted::Mounted;
use pace::Pace;
use repair::Repair;
use report::{Report, Wrong};

const PAGE: u32 = 2_000;
/// Files that are read at once and told of together: many small ones, or one large one.
const GROUP_FILES: usize = 64;
const GROUP_BYTES: u64 = 1 << 20;
/// A run that is killed goes on from where it was no longer ago than this.
const REMEMBER_EVERY: Duration = Duration::from_secs(5);

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only files of this instance
    #[arg(long, value_name = "ID")]
    instance: Option<String>,
    /// Only files received since then: a day such as 2026-11-24, a time such as 2026-11-24T12:00:00Z, or so long ago: 90m, 24h, 7d
    #[arg(long, value_name = "TIME")]
    since: Option<Since>,
    /// Go on where the last run was stopped; what came in since then is left to the next whole run
    #[arg(long, conflicts_with = "since")]
    resume: bool,
    /// The most megabytes to be read in a second; 0 is as fast as it goes
    #[arg(long, value_name = "MB", default_value_t = 0)]
    rate: u64,
    /// Put right what can be: a lost or altered file from another copy or by fetching it again; what is altered or in
    /// no row is moved to quarantine, nothing is deleted
    #[arg(long)]
    repair: bool,
    /// Repair although more than half of the files, or all of one folder, are missing
    #[arg(long, requires = "repair")]
    even_if_most_are_missing: bool,
    /// Repair although more than 20 files, and more than a tenth of all, are in no row
    #[arg(long, requires = "repair")]
    even_if_many_are_orphaned: bool,
}

/// Where a run begins that has no place to go on from: before every id.
const START: &str = "~";

/// What a file is, compared with its row.
enum Seen {
    Intact,
    Altered(Option<Stamp>),
    Unreadable,
    /// The glance has told of it.
    Told,
}

/// A page in groups that are read in a moment each.
fn groups(page: Vec<Held>) -> Vec<Vec<Held>> {
    let (mut groups, mut bytes) = (vec![Vec::new()], 0);
    for held in page {
        bytes += held.size_bytes;
        let is_full = |group: &Vec<Held>| group.len() >= GROUP_FILES || bytes > GROUP_BYTES;
        if groups
            .last()
            .is_none_or(|group| !group.is_empty() && is_full(group))
        {
            groups.push(Vec::new());
            bytes = held.size_bytes;
        }
        if let Some(group) = groups.last_mut() {
            group.push(held);
        }
    }
    groups
}

/// Reads one file and compares it; nothing when it was stopped before it knew.
fn look(vault: &Vault, held: &Held, go_on: impl FnMut(u64) -> bool) -> Option<Seen> {
    let stamp = match vault.stamp(&held.path) {
        Ok(stamp) => stamp,
        Err(_) => return Some(Seen::Unreadable),
    };
    if stamp.is_none_or(|found| found.size_bytes != held.size_bytes) {
        return Some(Seen::Told);
    }
    let Ok(path) = vault.at(&held.path) else {
        return Some(Seen::Unreadable);
    };
    match storage::hash_file_while(&path, go_on) {
        Ok(None) => None,
        Ok(Some(sha256)) if sha256 == held.sha256 => Some(Seen::Intact),
        Ok(Some(_)) => Some(Seen::Altered(stamp)),
        Err(_) => Some(Seen::Unreadable),
    }
}

/// One run.
struct Scrub<'a> {
    app: &'a App,
    filter: Filter,
    repair: Option<Repair>,
    report: Report<'a>,
    pace: Arc<Pace>,
    doubt: Doubt,
    /// Where the place to go on from is kept; nowhere for a run that leaves out what is older.
    mark: Option<String>,
}

pub(crate) async fn run(context: Context, options: Options) -> anyhow::Result<Ending> {
    // Who says that the files are gone says so of the whole storage.
    let allowed = match options.even_if_most_are_missing {
        true => AllowedStorage::Lost,
        false => AllowedStorage::None,
    };
    let app = match options.repair {
        true => context.open_existing_allowing(allowed).await?,
        false => context.open_to_look(allowed).await?,
    };
    known::check(&context, &app, None, options.instance.as_deref()).await?;
    let now = app.clock.now();
    let mut scrub = Scrub {
        app: &app,
        mark: options.since.is_none().then(|| {
            let instance = options.instance.as_deref().unwrap_or("");
            format!("scrub {instance}")
        }),
        filter: Filter {
            instance: options.instance,
            since: options.since.map(|since| since.at(now)),
            ..Filter::default()
        },
        repair: options
            .repair
            .then(|| Repair::of_run(compact(now), &app.owner)),
        report: Report::new(&context),
        pace: Arc::new(Pace::new(options.rate)),
        doubt: Doubt::new(),
    };
    let before = match scrub.mark.as_ref().filter(|_| options.resume) {
        Some(mark) => app.db.marked(mark).await?,
        None => None,
    };
    if options.resume && before.is_none() {
        eprintln!("{}", context.lang.say(words::NOTHING_TO_RESUME));
    }
    let stop = shutdown::asked_to_stop();
    let pace = Arc::clone(&scrub.pace);
    app.shutdown.spawn(async move {
        stop.await;
        pace.stop();
    });
    if options.repair {
        retention::finish_sweeps(&app).await?;
    }
    if options.repair && !options.even_if_most_are_missing {
        scrub.refuse_if_most_are_missing(&context).await?;
    }
    if options.repair && !options.even_if_many_are_orphaned {
        scrub.refuse_if_many_are_orphaned(&context).await?;
    }
    scrub.look_for_lost().await?;
    let bytes = scrub.glance().await?;
    scrub.report.begin(bytes);
    let place = scrub.read(before).await?;
    scrub.remember(place.as_deref()).await;
    scrub.report.end(place.is_some(), scrub.repair.as_ref());
    let all_is_well = place.is_none() && scrub.report.is_clean();
    app.db.close().await;
    Ok(match all_is_well {
        true => Ending::Fine,
        false => Ending::FoundWrong,
    })
}

impl Scrub<'_> {
    /// What can be seen without reading: what is gone or of another length, and, of a whole vault, what no row
    /// knows. Returns how many bytes are still to be read.
    async fn glance(&mut self) -> anyhow::Result<u64> {
        let whole = self.filter.instance.is_none() && self.filter.since.is_none();
        let mut known = unknown::Known::default();
        let (mut bytes, mut before) = (0, None);
        loop {
            let page = self.page(before.as_deref()).await?;
            let Some(last) = page.last() else { break };
            before = Some(last.id.0.clone());
            for held in page {
                if whole {
                    known.add(&held.path);
                }
                match self.app.vault.stamp(&held.path) {
                    Ok(None) => self.wrong(Wrong::Missing, &held, None).await?,
                    Ok(Some(found)) if found.size_bytes != held.size_bytes => {
                        self.wrong(Wrong::Altered, &held, Some(found)).await?;
                    }
                    // Whatever is wrong with it, reading it will tell.
                    Ok(Some(_)) | Err(_) => bytes += held.size_bytes,
                }
                if self.pace.is_stopped() {
                    return Ok(bytes);
                }
            }
        }
        if whole && self.app.has_files_held().await {
            eprintln!("{}", self.report.lang().say(words::FILES_HELD));
        } else if whole {
            self.unknown(known).await?;
        }
        Ok(bytes)
    }

    async fn unknown(&mut self, known: unknown::Known) -> anyhow::Result<()> {
        let unknown = unknown::files(self.app, known, &self.pace).await?;
        for folder in &unknown.closed {
            self.report.tell(Wrong::Unreadable, folder, None, None);
        }
        for stranger in &unknown.files {
            if self.pace.is_stopped() {
                return Ok(());
            }
            let repaired = match &self.repair {
                Some(repair) => Some(repair.unknown(self.app, stranger).await?),
                None => None,
            };
            self.report
                .tell(Wrong::Unknown, &stranger.path, None, repaired);
        }
        Ok(())
    }

    async fn refuse_if_most_are_missing(&self, context: &Context) -> anyhow::Result<()> {
        let (mut mounted, mut before) = (Mounted::default(), None);
        loop {
            let page = self.page(before.as_deref()).await?;
            let Some(last) = page.last() else { break };
            before = Some(last.id.0.clone());
            for held in &page {
                mounted.see(&self.app.vault, held);
            }
        }
        Ok(mounted.check(&self.app.vault, context.lang)?)
    }

    /// Many files without a row are more likely to be those of another database than to be of no use.
    async fn refuse_if_many_are_orphaned(&self, context: &Context) -> anyhow::Result<()> {
        let is_whole = self.filter.instance.is_none() && self.filter.since.is_none();
        if !is_whole || self.app.has_files_held().await {
            return Ok(());
        }
        let (mut known, mut count, mut before) = (unknown::Known::default(), 0_u64, None);
        loop {
            let page = self.page(before.as_deref()).await?;
            let Some(last) = page.last() else { break };
            before = Some(last.id.0.clone());
            count += page.len() as u64;
            page.iter().for_each(|held| known.add(&held.path));
        }
        // A file that was taken for lost, and is there, gets its row back.
        let mut before: Option<String> = None;
        loop {
            let (db, before_id) = (&self.app.db, before.as_deref());
            let page = media::lost_before(db, &self.filter, before_id, PAGE).await?;
            let Some(last) = page.last() else { break };
            before = Some(last.id.0.clone());
            page.iter().for_each(|held| known.add(&held.path));
        }
        let found = unknown::files(self.app, known, &self.pace).await?;
        let is_moved =
            |stranger: &&unknown::Stranger| unknown::is_ours(&stranger.path) && !stranger.is_linked;
        let orphaned = found.files.iter().filter(is_moved).count() as u64;
        Ok(mounted::check_orphaned(orphaned, count, context.lang)?)
    }

    /// What was taken for lost may be there again: a disk that was away, or a file that somebody brought back.
    async fn look_for_lost(&mut self) -> anyhow::Result<()> {
        let Some(repair) = self.repair.clone() else {
            return Ok(());
        };
        let mut before: Option<String> = None;
        loop {
            let db = &self.app.db;
            let page = media::lost_before(db, &self.filter, before.as_deref(), PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            before = Some(last.id.0.clone());
            for held in page {
                if self.pace.is_stopped() {
                    return Ok(());
                }
                if let Some(repaired) = repair.lost(self.app, &held).await? {
                    let (path, id) = (&held.path, Some(&held.id));
                    self.report.tell(Wrong::Lost, path, id, Some(repaired));
                }
            }
        }
    }

    /// Reads every file; answers with the place to go on from when it was stopped.
    async fn read(&mut self, mut before: Option<String>) -> anyhow::Result<Option<String>> {
        let mut remembered = Instant::now();
        loop {
            let page = self.page(before.as_deref()).await?;
            if page.is_empty() {
                return Ok(None);
            }
            for group in groups(page) {
                for (held, seen) in self.compare(group).await? {
                    self.tell(&held, seen).await?;
                    before = Some(held.id.0);
                }
                if self.pace.is_stopped() {
                    return Ok(Some(before.unwrap_or_else(|| START.to_owned())));
                }
                if remembered.elapsed() > REMEMBER_EVERY {
                    self.remember(before.as_deref()).await;
                    remembered = Instant::now();
                }
            }
        }
    }

    async fn tell(&mut self, held: &Held, seen: Seen) -> anyhow::Result<()> {
        match seen {
            Seen::Intact => self.report.intact(held.size_bytes),
            Seen::Altered(stamp) => self.wrong(Wrong::Altered, held, stamp).await?,
            // It may be readable once somebody mends the disk or the owner, so it is left where it is.
            Seen::Unreadable => {
                let id = Some(&held.id);
                self.report.tell(Wrong::Unreadable, &held.path, id, None);
            }
            Seen::Told => {}
        }
        Ok(())
    }

    /// Reads a group of files and compares them, until it is stopped; fewer come back then.
    async fn compare(&self, group: Vec<Held>) -> anyhow::Result<Vec<(Held, Seen)>> {
        let (vault, pace, bar) = (
            self.app.vault.clone(),
            Arc::clone(&self.pace),
            self.report.bar.clone(),
        );
        let reading = tokio::task::spawn_blocking(move || {
            let look = |held: Held| {
                let seen = look(&vault, &held, |bytes| {
                    bar.inc(bytes);
                    pace.take(bytes)
                })?;
                Some((held, seen))
            };
            group.into_iter().map_while(look).collect()
        });
        Ok(reading.await?)
    }

    /// Tells what is wrong with a held file, and puts it right if that was asked for.
    async fn wrong(
        &mut self,
        wrong: Wrong,
        held: &Held,
        stamp: Option<Stamp>,
    ) -> anyhow::Result<()> {
        if matches!(wrong, Wrong::Missing) && !self.doubt.is_missing(self.app, held).await? {
            return Ok(());
        }
        let repaired = match &self.repair {
            Some(repair) => Some(repair.held(self.app, held, stamp).await?),
            None => None,
        };
        let id = Some(&held.id);
        self.report.tell(wrong, &held.path, id, repaired);
        Ok(())
    }

    async fn page(&self, before: Option<&str>) -> Result<Vec<Held>, db::Error> {
        media::held_before(&self.app.db, &self.filter, before, PAGE).await
    }

    /// Keeps the place to go on from, or forgets it at the end. Where the database cannot be written, the files can be
    /// read all the same.
    async fn remember(&self, place: Option<&str>) {
        let Some(mark) = self.mark.clone() else {
            return;
        };
        let now = self.app.clock.now();
        let place = place.map(str::to_owned);
        let write = async move |tx: &mut db::Tx| match &place {
            Some(place) => tx.mark(&mark, place, now).await,
            None => tx.unmark(&mark).await,
        };
        if let Err(error) = self.app.db.write(Key::Nothing, write).await {
            let error = midiateca_service::telemetry::chain(&error);
            tracing::warn!(error, "the place to go on from is not kept");
        }
    }
}
