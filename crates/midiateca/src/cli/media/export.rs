//! `media export`: copies what is stored out of the vault, each file proven on the way, with a manifest that says what
//! every file is and what could not be exported.
//!
//! Nothing is half done at any moment: a folder holds whole files only and goes on at the next run; an archive has its
//! name when it is complete. Pages of the catalogue are walked in the order of ids, so that memory does not grow with
//! what is held, except for the list of names that a zip needs at its end.

mod folder;
mod manifest;
mod names;
mod plan;
mod report;
mod sink;
mod source;
mod staged;
mod tarball;
mod target;
mod zipped;

use std::io;
use std::path::PathBuf;

use super::super::context::Context;
use super::super::words::export as words;
use super::super::{Ending, UsageError, known};
use super::which::Which;
use manifest::Manifest;
use midiateca_service::app::App;
use midiateca_service::clock::millis_of;
use midiateca_service::media::{self, Filter, MediaView};
use midiateca_service::model::MediaId;
use midiateca_service::shutdown;
use midiateca_service::storage::layout::RelativePath;
use names::Names;
use plan::Plan;
use report::{Report, Tally};
use sink::{Outcome, Sink};
use source::{Halt, Source, Told, Watch, Wrong};
use target::{Format, Target};

const PAGE: u32 = 500;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A folder, a file that ends in .tar or .zip, or - for a tar archive on stdout
    target: PathBuf,
    #[command(flatten)]
    which: Which,
    /// What to write, whatever the target's ending says
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Show what would be exported
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(context: &Context, app: &App, options: Options) -> anyhow::Result<Ending> {
    let target = Target::of(&options.target, options.format, context.lang)?;
    let filter = options.which.filter(app.clock.now());
    known::check(context, app, filter.client, filter.instance.as_deref()).await?;
    target.check(app.vault.root(), context.lang)?;
    let stop = app.shutdown.clone();
    let asked = shutdown::stop_signal();
    app.shutdown.spawn(async move {
        asked.await;
        stop.begin();
    });
    let mut report = Report::new(context, &target, options.dry_run);
    let told = options.dry_run.then_some(&report);
    let plan = Plan::of(app, &filter, &target, told).await?;
    if !app.shutdown.has_begun() {
        plan.check_room(context, &target)?;
    }
    if options.dry_run {
        return Ok(report.end(&plan.tally, app.shutdown.has_begun()));
    }
    let watch = Watch {
        stop: app.shutdown.clone(),
        bar: report::bar(plan.tally.bytes),
    };
    report.bar = watch.bar.clone();
    let opened =
        Sink::open(&target, &watch).map_err(|error| gave_up(context, &target, 0, error))?;
    let Some((sink, manifest)) = opened else {
        let busy = [("target", &target.shown() as &dyn std::fmt::Display)];
        return Err(UsageError(context.lang.fill(words::BUSY, &busy)).into());
    };
    let mut export = Export {
        app,
        watch,
        report,
        sink,
        manifest,
        names: Names::default(),
        tally: Tally::default(),
    };
    let outcome = export.copy(&filter).await;
    export.settle(context, &target, outcome)
}

/// One export under way.
struct Export<'a> {
    app: &'a App,
    watch: Watch,
    report: Report<'a>,
    sink: Sink,
    manifest: Manifest,
    names: Names,
    tally: Tally,
}

impl Export<'_> {
    async fn copy(&mut self, filter: &Filter) -> anyhow::Result<Result<(), Halt>> {
        let mut after = String::new();
        loop {
            let page = media::stored(&self.app.db, filter, &after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(Ok(()));
            };
            after.clone_from(&last.id);
            for mut media in page {
                let path = media.path.clone().and_then(RelativePath::from_row);
                let name = path.as_ref().map(|path| self.names.of(path));
                // Other tasks, above all the one that waits for Ctrl-C, run on other threads meanwhile.
                let outcome =
                    match tokio::task::block_in_place(|| self.one(&media, path, name.as_ref())) {
                        Err(halt) => return Ok(Err(halt)),
                        Ok(Outcome::Wrong(wrong)) => {
                            if self.is_gone(&media).await? {
                                continue;
                            }
                            Outcome::Wrong(wrong)
                        }
                        Ok(outcome) => outcome,
                    };
                if let Some(name) = name {
                    name.as_str().clone_into(media.path.get_or_insert_default());
                }
                if let Err(error) = self.note(&media, outcome) {
                    return Ok(Err(Halt::Failed(error)));
                }
            }
        }
    }

    fn one(
        &mut self,
        media: &MediaView,
        path: Option<RelativePath>,
        name: Option<&RelativePath>,
    ) -> Result<Outcome, Halt> {
        if self.watch.stop.has_begun() {
            return Err(Halt::Stopped);
        }
        let size_bytes = media.size.and_then(|size| u64::try_from(size).ok());
        let (Some((path, name)), Some(size_bytes), Some(sha256)) =
            (path.zip(name), size_bytes, &media.sha256)
        else {
            return Ok(Outcome::Wrong(Wrong::Missing));
        };
        let told = Told {
            size_bytes,
            sha256: sha256.clone(),
        };
        if self.sink.holds(name.as_str(), &told)? {
            return Ok(Outcome::Kept);
        }
        let file = self.app.vault.root().join(path.as_path());
        let mut source = match Source::open(&file, told, self.watch.clone()) {
            Ok(source) => source,
            Err(wrong) => return Ok(Outcome::Wrong(wrong)),
        };
        let at = media.sent_at.as_deref().and_then(millis_of);
        let at = at.or_else(|| millis_of(&media.received_at)).unwrap_or(0);
        self.sink.put(name.as_str(), at, &mut source)
    }

    /// Whether the file was let go or erased since its row was read: then nothing is wrong.
    async fn is_gone(&self, media: &MediaView) -> anyhow::Result<bool> {
        let now = media::find(&self.app.db, &MediaId(media.id.clone())).await?;
        Ok(now.is_none_or(|now| now.status != "stored" || now.sha256 != media.sha256))
    }

    fn note(&mut self, media: &MediaView, outcome: Outcome) -> io::Result<()> {
        let wrong = match outcome {
            Outcome::Wrong(wrong) => Some(wrong),
            Outcome::Written | Outcome::Kept => None,
        };
        self.tally.count(media, outcome);
        if let Some(wrong) = wrong {
            self.report.wrong(media, wrong);
        }
        self.manifest.tell(media, wrong)
    }

    /// Gives what was copied its name, or takes it back.
    fn settle(
        mut self,
        context: &Context,
        target: &Target,
        outcome: anyhow::Result<Result<(), Halt>>,
    ) -> anyhow::Result<Ending> {
        let files = self.tally.files;
        let finished = outcome?.and_then(|()| {
            if self.watch.stop.has_begun() {
                return Err(Halt::Stopped);
            }
            let carried = self.manifest.carry_rest()?;
            self.tally.carried = carried;
            let now = self.app.clock.now();
            let finish = || self.sink.finish(target, self.manifest, now);
            tokio::task::block_in_place(finish).map_err(Halt::Failed)
        });
        match finished {
            Ok(()) => Ok(self.report.end(&self.tally, false)),
            Err(Halt::Stopped) => {
                let stopped = context.lang.say(words::STOPPED);
                let ending = self.report.end(&self.tally, true);
                eprintln!("{}", left(context, target, files, stopped));
                Ok(ending)
            }
            Err(Halt::Failed(error)) => {
                self.watch.bar.finish_and_clear();
                Err(gave_up(context, target, files, error))
            }
        }
    }
}

/// What there is of an export that did not come to its end.
fn left(context: &Context, target: &Target, files: u64, problem: &str) -> String {
    let words = match target {
        Target::Folder(_) => words::GOES_ON,
        Target::Tar(_) | Target::Zip(_) => words::NOTHING_LEFT,
        Target::Pipe => words::CUT_SHORT,
    };
    let shown = target.shown();
    let values: [(&str, &dyn std::fmt::Display); 3] =
        [("problem", &problem), ("files", &files), ("target", &shown)];
    context.lang.fill(words, &values)
}

fn gave_up(context: &Context, target: &Target, files: u64, error: io::Error) -> anyhow::Error {
    use io::ErrorKind::{AlreadyExists, IsADirectory, NotADirectory, QuotaExceeded, StorageFull};
    let (lang, shown) = (context.lang, target.shown());
    let of_target: [(&str, &dyn std::fmt::Display); 1] = [("target", &shown)];
    let left = match (error.kind(), target) {
        // Somebody put something there while it was written.
        (AlreadyExists, Target::Tar(_) | Target::Zip(_)) => {
            return UsageError(lang.fill(words::EXISTS, &of_target)).into();
        }
        // A file where a folder should be, or the other way round: no further run gets past it.
        (AlreadyExists | IsADirectory | NotADirectory, Target::Folder(_)) => {
            let values: [(&str, &dyn std::fmt::Display); 2] =
                [("files", &files), ("target", &shown)];
            lang.fill(words::IN_THE_WAY, &values)
        }
        (StorageFull | QuotaExceeded, _) => {
            left(context, target, files, lang.say(words::DISK_FULL))
        }
        _ => {
            let problem = lang.fill(words::NOT_WRITTEN, &of_target);
            left(context, target, files, &problem)
        }
    };
    anyhow::Error::new(error).context(left)
}
