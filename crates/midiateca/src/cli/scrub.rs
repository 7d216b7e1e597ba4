//! `scrub`: whether the files are still the ones that were stored. Reads everything; changes nothing unless asked to
//! repair, and then deletes nothing.
//!
//! What is quick to see comes first: files that are gone or of another length, and files that no row knows. Then
//! every file is read and compared with its hash, the newest first, for what was written last is what a crash or a
//! full disk damages; at a bounded rate, and from where an earlier run was stopped.

mod pace;
mod repair;
mod report;
mod unknown;

use std::sync::Arc;

use super::Ending;
use super::answer;
use super::context::Context;
use super::since::Since;
use super::words::scrub as words;
use crate::app::App;
use crate::catalog::{self, Filter, Held};
use crate::clock::compact;
use crate::vault::{self, Stamp};
use crate::{db, shutdown};
use pace::Pace;
use repair::Repair;
use report::{Report, Wrong};

const PAGE: u32 = 2_000;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only files of this instance
    #[arg(long, value_name = "ID")]
    instance: Option<String>,
    /// Only files received since then: a time such as 2026-11-24T12:00:00Z, or so long ago: 90m, 24h, 7d
    #[arg(long, value_name = "TIME")]
    since: Option<Since>,
    /// Go on where the last run was stopped; what came in since then is left to the next whole run
    #[arg(long)]
    resume: bool,
    /// The most megabytes to be read in a second; 0 is as fast as it goes
    #[arg(long, value_name = "MB", default_value_t = 0)]
    rate: u64,
    /// Put right what can be: a lost or altered file from another copy or by fetching it again; what is altered or in
    /// no row is moved to quarantine, nothing is deleted
    #[arg(long)]
    repair: bool,
}

/// One run.
struct Scrub<'a> {
    app: &'a App,
    filter: Filter,
    repair: Option<Repair>,
    report: Report<'a>,
    pace: Arc<Pace>,
    /// Where the place to go on from is kept.
    mark: String,
}

pub(crate) async fn run(context: Context, options: Options) -> anyhow::Result<Ending> {
    let app = context.open_existing().await?;
    let now = app.clock.now();
    let mut scrub = Scrub {
        app: &app,
        mark: format!("scrub {}", options.instance.as_deref().unwrap_or("")),
        filter: Filter {
            instance: options.instance,
            since: options.since.map(|since| since.at(now)),
            ..Filter::default()
        },
        repair: options.repair.then(|| Repair::of_run(compact(now))),
        report: Report::new(&context),
        pace: Arc::new(Pace::new(options.rate)),
    };
    let before = match options.resume {
        true => app.db.marked(&scrub.mark).await?,
        false => None,
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
                let stamp = self.app.vault.stamp(&held.path);
                if whole {
                    known.add(&held.path);
                }
                match stamp {
                    None => self.wrong(Wrong::Missing, &held, None).await?,
                    Some(found) if found.size_bytes != held.size_bytes => {
                        self.wrong(Wrong::Altered, &held, stamp).await?;
                    }
                    Some(_) => bytes += held.size_bytes,
                }
                if self.pace.is_stopped() {
                    return Ok(bytes);
                }
            }
        }
        if whole {
            for path in unknown::files(self.app, known, &self.pace).await? {
                let repaired = match &mut self.repair {
                    Some(repair) => Some(repair.unknown(self.app, &path).await?),
                    None => None,
                };
                self.report.tell(Wrong::Unknown, &path, None, repaired);
            }
        }
        Ok(bytes)
    }

    /// Reads every file; answers with the place to go on from when it was stopped.
    async fn read(&mut self, mut before: Option<String>) -> anyhow::Result<Option<String>> {
        loop {
            if self.pace.is_stopped() {
                return Ok(Some(before.unwrap_or_else(|| "~".to_owned())));
            }
            let page = self.page(before.as_deref()).await?;
            if page.is_empty() {
                return Ok(None);
            }
            for held in page {
                if !self.compare(&held).await? {
                    return Ok(Some(before.unwrap_or_else(|| "~".to_owned())));
                }
                before = Some(held.id.0);
            }
            self.remember(before.as_deref()).await;
        }
    }

    /// Reads one file and compares it; false when it was stopped before it knew. What the glance has told of is
    /// passed over.
    async fn compare(&mut self, held: &Held) -> anyhow::Result<bool> {
        let stamp = self.app.vault.stamp(&held.path);
        if stamp.is_none_or(|found| found.size_bytes != held.size_bytes) {
            return Ok(true);
        }
        let path = self.app.vault.root().join(&held.path);
        let pace = Arc::clone(&self.pace);
        let bar = self.report.bar.clone();
        let reading = tokio::task::spawn_blocking(move || {
            vault::hash_file_while(&path, |bytes| {
                bar.inc(bytes);
                pace.take(bytes)
            })
        });
        match reading.await? {
            Ok(None) => return Ok(false),
            Ok(Some(sha256)) if sha256 == held.sha256 => self.report.intact(held.size_bytes),
            Ok(Some(_)) => self.wrong(Wrong::Altered, held, stamp).await?,
            // What cannot be read may be readable once somebody mends the disk or the owner, so it is left where it is.
            Err(_) => {
                let id = Some(&held.id);
                self.report.tell(Wrong::Unreadable, &held.path, id, None);
            }
        }
        Ok(true)
    }

    /// Tells what is wrong with a held file, and puts it right if that was asked for.
    async fn wrong(
        &mut self,
        wrong: Wrong,
        held: &Held,
        stamp: Option<Stamp>,
    ) -> anyhow::Result<()> {
        let repaired = match &mut self.repair {
            Some(repair) => Some(repair.held(self.app, held, stamp).await?),
            None => None,
        };
        let id = Some(&held.id);
        self.report.tell(wrong, &held.path, id, repaired);
        Ok(())
    }

    async fn page(&self, before: Option<&str>) -> Result<Vec<Held>, db::Error> {
        catalog::held_before(&self.app.db, &self.filter, before, PAGE).await
    }

    /// Keeps the place to go on from, or forgets it at the end. Where the database cannot be written, the files can be
    /// read all the same.
    async fn remember(&self, place: Option<&str>) {
        let (mark, now) = (self.mark.clone(), self.app.clock.now());
        let place = place.map(str::to_owned);
        let write = async move |tx: &mut db::Tx| match &place {
            Some(place) => tx.mark(&mark, place, now).await,
            None => tx.unmark(&mark).await,
        };
        if let Err(error) = self.app.db.write(write).await {
            let error = crate::telemetry::chain(&error);
            tracing::warn!(error, "the place to go on from is not kept");
        }
    }
}
