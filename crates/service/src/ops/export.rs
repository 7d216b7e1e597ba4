//! Copies stored files into a folder or an archive, each verified while it is copied, with a manifest of every file and
//! of those that could not be exported.
//!
//! A folder contains whole files only, and the next run continues; an archive gets its name when it is complete. Rows
//! are read in pages in the order of ids, so that memory does not grow with the number of media, except for the list
//! of names that a zip needs at its end.

mod error;
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
use std::sync::Arc;

use super::{Problem, Progress};
use crate::clock::Clock;
use crate::db::Db;
use crate::media::{self, Filter, Media};
use crate::model::MediaStatus;
use crate::shutdown::CancellationToken;
use crate::storage::Storage;
use crate::storage::layout::RelativePath;
pub use error::{Error, Refusal};
use manifest::Manifest;
use names::Names;
use plan::{PAGE, Plan};
pub use report::{Finding, Report};
use sink::{Exported, Halt, Sink};
use source::{Expected, Source, Watch};
pub use target::{Format, Target};

#[derive(Clone, Copy)]
pub struct Deps<'a> {
    pub db: &'a Db,
    pub storage: &'a Storage,
    pub clock: &'a Clock,
}

/// What to export, and where to.
pub struct Options {
    pub filter: Filter,
    pub target: Target,
    /// Only report what would be exported.
    pub dry_run: bool,
    /// Receives the archive of [`Target::Stream`].
    pub stream: Box<dyn io::Write + Send>,
}

/// Exports; needs a runtime with several threads. Progress counts bytes.
pub async fn run(
    deps: Deps<'_>,
    options: Options,
    progress: Arc<dyn Progress<Finding>>,
    cancelled: CancellationToken,
) -> Result<Report, Error> {
    let (filter, target) = (options.filter, options.target);
    target.check(deps.storage)?;
    let watch = Watch {
        cancelled,
        progress,
    };
    let plan = Plan::read(deps, &filter, &target, options.dry_run, &watch).await?;
    let is_cancelled = watch.cancelled.is_cancelled();
    if !is_cancelled {
        plan.check_space(&target)?;
    }
    if options.dry_run {
        return Ok(Report {
            stopped: is_cancelled,
            ..plan.report
        });
    }
    watch.progress.expect(plan.report.bytes);
    let opened =
        Sink::open(&target, options.stream, &watch).map_err(|error| failed(&target, 0, error))?;
    let (sink, manifest) = opened.ok_or_else(|| refused(&target, Refusal::Busy))?;
    let mut export = Export {
        deps,
        report: Report::new(&target, false),
        watch,
        sink,
        manifest,
        names: Names::default(),
    };
    let copied = export.copy(&filter).await?;
    export.finish(&target, copied)
}

/// One export.
struct Export<'a> {
    deps: Deps<'a>,
    watch: Watch,
    report: Report,
    sink: Sink,
    manifest: Manifest,
    names: Names,
}

impl Export<'_> {
    async fn copy(&mut self, filter: &Filter) -> Result<Result<(), Halt>, Error> {
        let mut after = String::new();
        loop {
            let page = media::stored(self.deps.db, filter, &after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(Ok(()));
            };
            after.clone_from(&last.id.0);
            for media in page {
                if let Err(halt) = self.copy_media(media).await? {
                    return Ok(Err(halt));
                }
            }
        }
    }

    async fn copy_media(&mut self, mut media: Media) -> Result<Result<(), Halt>, Error> {
        let path = media
            .path()
            .map(str::to_owned)
            .and_then(RelativePath::from_row);
        let name = path.as_ref().map(|path| self.names.name_for(path));
        let outcome = tokio::task::block_in_place(|| self.copy_file(&media, path, name.as_ref()));
        let outcome = match outcome {
            Err(halt) => return Ok(Err(halt)),
            Ok(Exported::Omitted(_)) if self.is_gone(&media).await? => return Ok(Ok(())),
            Ok(outcome) => outcome,
        };
        if let Some(name) = name {
            media.file_path = Some(name.as_str().to_owned());
        }
        Ok(self.record(&media, outcome).map_err(Halt::Failed))
    }

    fn copy_file(
        &mut self,
        media: &Media,
        path: Option<RelativePath>,
        name: Option<&RelativePath>,
    ) -> Result<Exported, Halt> {
        if self.watch.cancelled.is_cancelled() {
            return Err(Halt::Cancelled);
        }
        let (Some((path, name)), Some(size_bytes), Some(sha256)) =
            (path.zip(name), media.size, media.sha256)
        else {
            return Ok(Exported::Omitted(Problem::Missing));
        };
        let expected = Expected {
            size_bytes,
            sha256: media::hex(&sha256),
        };
        if self.sink.has(name.as_str(), &expected)? {
            return Ok(Exported::Kept);
        }
        let file = self.deps.storage.open_stored(path.as_str());
        let mut source = match Source::new(file, expected, self.watch.clone()) {
            Ok(source) => source,
            Err(problem) => return Ok(Exported::Omitted(problem)),
        };
        let at = media.sent_at.unwrap_or(media.received_at);
        self.sink.put(name.as_str(), at, &mut source)
    }

    /// Whether retention or an erasure removed the file since its row was read.
    async fn is_gone(&self, media: &Media) -> Result<bool, Error> {
        let now = media::find(self.deps.db, &media.id).await?;
        Ok(now.is_none_or(|now| now.status != MediaStatus::Stored || now.sha256 != media.sha256))
    }

    fn record(&mut self, media: &Media, outcome: Exported) -> io::Result<()> {
        let problem = match outcome {
            Exported::Omitted(problem) => Some(problem),
            Exported::Written | Exported::Kept => None,
        };
        self.report.count(media, outcome);
        if let Some(problem) = problem {
            let finding = report::finding(media, problem);
            self.watch.progress.finding(&finding);
        }
        self.manifest.add(media, problem)
    }

    /// Publishes what was copied.
    fn finish(mut self, target: &Target, copied: Result<(), Halt>) -> Result<Report, Error> {
        let finished = copied.and_then(|()| {
            if self.watch.cancelled.is_cancelled() {
                return Err(Halt::Cancelled);
            }
            self.report.carried = self.manifest.carry_rest()?;
            let now = self.deps.clock.now();
            let finish = || self.sink.finish(target, self.manifest, now);
            tokio::task::block_in_place(finish).map_err(Halt::Failed)
        });
        match finished {
            Ok(()) => Ok(self.report),
            Err(Halt::Cancelled) => Ok(Report {
                stopped: true,
                ..self.report
            }),
            Err(Halt::Failed(error)) => Err(failed(target, self.report.files, error)),
        }
    }
}

fn failed(target: &Target, files: u64, source: io::Error) -> Error {
    // An archive of this name appeared while the export was written.
    if source.kind() == io::ErrorKind::AlreadyExists && !matches!(target, Target::Folder(_)) {
        return refused(target, Refusal::Exists);
    }
    Error::Failed {
        target: target.clone(),
        files,
        source,
    }
}

fn refused(target: &Target, refusal: Refusal) -> Error {
    Error::Refused {
        target: target.shown().into(),
        refusal,
    }
}
