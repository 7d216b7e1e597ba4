//! Copies stored files into a folder or an archive, each verified while it is copied, with a manifest of every file and
//! of those that could not be exported.
//!
//! A folder contains whole files only, and the next run continues; an archive gets its name when it is complete. Rows
//! are read in pages in the order of ids, so that memory does not grow with the number of media, except for the list
//! of names that a zip needs at its end.

pub(super) mod archive;
mod error;
mod folder;
pub(super) mod manifest;
pub(super) mod names;
pub(super) mod outcome;
mod plan;
mod report;
mod sink;
pub(super) mod source;
pub(super) mod staged;
mod target;
mod target_check;

use std::io;
use std::sync::Arc;

use super::{Problem, Progress};
use serde_json::json;

use crate::access::Actor;
use crate::access::audit::{self, Action, NewEntry};
use crate::clock::Clock;
use crate::db::{self, Db};
use crate::media::{self, Filter, Media};
use crate::model::MediaStatus;
use crate::shutdown::CancellationToken;
use crate::storage::Storage;
use crate::storage::layout::RelativePath;
use crate::telemetry;
pub use error::{Error, Refusal};
use manifest::Manifest;
use names::Names;
use outcome::{Exported, Halt};
use plan::{PAGE, Plan};
pub use report::{ExportFinding, Report};
use sink::Sink;
use source::{Expected, ProvenReader, Watch};
pub use target::{Format, Target};

#[derive(Clone, Copy)]
pub struct Deps<'a> {
    pub db: &'a Db,
    pub storage: &'a Storage,
    pub clock: &'a Clock,
}

pub struct Options {
    pub filter: Filter,
    pub target: Target,
    pub dry_run: bool,
    /// Receives the archive of [`Target::Stream`] and [`Target::ZipStream`].
    pub stream: Box<dyn io::Write + Send>,
    /// Who gets the files, unless that is in the audit log already.
    pub actor: Option<Actor>,
}

/// Exports; needs a runtime with several threads. Progress counts bytes.
pub async fn run(
    deps: Deps<'_>,
    options: Options,
    progress: Arc<dyn Progress<ExportFinding>>,
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
    if let Some(actor) = &options.actor {
        record(deps, actor, &filter, plan.report.files).await;
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
    let copied = export.copy(&filter).await;
    export.finish(&target, copied)
}

/// A log that cannot be written must not stop readers: the data folder may be read-only.
async fn record(deps: Deps<'_>, actor: &Actor, filter: &Filter, files: u64) {
    let client = filter.scope.client().or(filter.client);
    let entry = NewEntry::new(Action::MediaExported, client, json!({"media": files}));
    if let Err(error) = audit::record(deps.db, deps.clock, actor, entry).await {
        let error = telemetry::chain(&error);
        tracing::warn!(error, "the audit log lacks an export");
    }
}

struct Export<'a> {
    deps: Deps<'a>,
    watch: Watch,
    report: Report,
    sink: Sink,
    manifest: Manifest,
    names: Names,
}

impl Export<'_> {
    async fn copy(&mut self, filter: &Filter) -> Result<(), Halt> {
        let mut after = String::new();
        while let Some(page) = media::stored(self.deps.db, filter, &mut after, PAGE).await? {
            for media in page {
                self.copy_media(media).await?;
            }
        }
        Ok(())
    }

    async fn copy_media(&mut self, mut media: Media) -> Result<(), Halt> {
        let path = media
            .path()
            .map(str::to_owned)
            .and_then(RelativePath::from_row);
        let name = path.as_ref().map(|path| self.names.name_for(path));
        let copy = || self.copy_file(&media, path, name.as_ref());
        let outcome = tokio::task::block_in_place(copy)?;
        if matches!(outcome, Exported::Omitted(_)) && is_gone(self.deps.db, &media).await? {
            return Ok(());
        }
        if let Some(name) = name {
            media.file_path = Some(name.as_str().to_owned());
        }
        Ok(self.record(&media, outcome)?)
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
        let (Some((path, name)), Some(expected)) = (path.zip(name), Expected::of(media)) else {
            return Ok(Exported::Omitted(Problem::Missing));
        };
        if self.sink.has(name.as_str(), &expected)? {
            return Ok(Exported::Kept);
        }
        let file = self.deps.storage.open_stored(path.as_str());
        let mut source = match ProvenReader::new(file, expected, self.watch.clone()) {
            Ok(source) => source,
            Err(problem) => return Ok(Exported::Omitted(problem)),
        };
        let at = media.sent_at.unwrap_or(media.received_at);
        self.sink.put(name.as_str(), at, &mut source)
    }

    fn record(&mut self, media: &Media, outcome: Exported) -> io::Result<()> {
        self.report.count(media, outcome);
        let problem = match outcome {
            Exported::Written | Exported::Kept => None,
            Exported::Omitted(problem) => {
                self.watch
                    .progress
                    .finding(&ExportFinding::new(media, problem));
                Some(problem)
            }
        };
        self.manifest.add(media, problem)
    }

    fn finish(mut self, target: &Target, copied: Result<(), Halt>) -> Result<Report, Error> {
        let finished = copied.and_then(|()| {
            if self.watch.cancelled.is_cancelled() {
                return Err(Halt::Cancelled);
            }
            self.report.carried = self.manifest.carry_rest()?;
            let now = self.deps.clock.now();
            let finish = || self.sink.finish(self.manifest, now);
            Ok(tokio::task::block_in_place(finish)?)
        });
        match finished {
            Ok(()) => Ok(self.report),
            Err(Halt::Cancelled) => Ok(Report {
                stopped: true,
                ..self.report
            }),
            Err(Halt::Db(error)) => Err(error.into()),
            Err(Halt::Failed(error)) => Err(failed(target, self.report.files, error)),
        }
    }
}

/// Whether retention or an erasure removed the file since its row was read.
pub(super) async fn is_gone(db: &Db, media: &Media) -> Result<bool, db::Error> {
    let now = media::find(db, &media.id).await?;
    Ok(now.is_none_or(|now| now.status != MediaStatus::Stored || now.sha256 != media.sha256))
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
