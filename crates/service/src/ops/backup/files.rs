//! The files that the copied database names, page by page, several at once.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};

use super::copy::{self, FileResult, Job};
use super::folder::Folder;
use super::manifest::{FileCounts, MOST_FINDINGS};
use super::{BackupFinding, Error, Run, at};
use crate::db::Db;
use crate::media::{self, StoredFile};
use crate::ops::Problem;
use crate::storage::layout::RelativePath;

/// A file, and the path that all files of the client with the same bytes have in common.
type FileWithTwin = (StoredFile, String);

const PAGE: u32 = 2_000;
/// Most of a small file's time is its sync, and the disk syncs several at once.
const AT_ONCE: usize = 8;
/// More files with a problem are checked again before the next page.
const MOST_SUSPECTS: usize = 10_000;
/// Retention deletes a page of files before their rows say so: it gets this long.
const LOOKS: usize = 20;
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// A file with a problem, unless its row has changed.
struct Suspect {
    file: FileWithTwin,
    problem: Problem,
    is_kept: bool,
}

pub(super) struct Files<'w> {
    run: &'w Run,
    folder: &'w Folder,
    copied: &'w Db,
    /// The database as it is now.
    live: &'w Db,
    all_bytes: u64,
    number: u64,
    pub counts: FileCounts,
    /// The paths that the copied database names.
    pub named: HashSet<PathBuf>,
    /// Names by their lower case, where the backup's file system folds case.
    folded: Option<HashMap<String, String>>,
    touched: BTreeSet<PathBuf>,
    suspects: Vec<Suspect>,
    pub findings: Vec<BackupFinding>,
}

impl<'w> Files<'w> {
    /// Reads what is to be copied, and checks the free space.
    pub async fn new(
        run: &'w Run,
        folder: &'w Folder,
        copied: &'w Db,
        live: &'w Db,
    ) -> Result<Self, Error> {
        let mut files = Self {
            run,
            folder,
            copied,
            live,
            all_bytes: 0,
            number: 0,
            counts: FileCounts::default(),
            named: HashSet::new(),
            folded: folder.folds_case()?.then(HashMap::new),
            touched: BTreeSet::new(),
            suspects: Vec::new(),
            findings: Vec::new(),
        };
        let (mut new_bytes, mut after) = (0, String::new());
        while let Some(page) = files.page(&mut after).await? {
            for (file, first_path) in page {
                files.all_bytes += file.size_bytes;
                let there = std::fs::metadata(folder.file(Path::new(&file.path)));
                let is_there = there.is_ok_and(|there| there.len() == file.size_bytes);
                if !is_there && file.path == first_path {
                    new_bytes += file.size_bytes;
                }
                files.named.insert(PathBuf::from(file.path));
            }
        }
        folder.check_space(new_bytes)?;
        Ok(files)
    }

    /// Copies what is not there yet; false when cancelled.
    pub async fn copy_all(&mut self) -> Result<bool, Error> {
        self.run.progress.expect(self.all_bytes);
        let mut after = String::new();
        while let Some(page) = self.page(&mut after).await? {
            let (clashing, page): (Vec<_>, Vec<_>) =
                page.into_iter().partition(|(file, _)| self.clashes(file));
            for (file, _) in clashing {
                self.record(&file, Problem::Missing, false);
            }
            // A twin is linked to the one that was copied before it.
            let (firsts, twins): (Vec<_>, Vec<_>) = page
                .into_iter()
                .partition(|(file, first_path)| *first_path == file.path);
            if !self.copy_page(firsts).await? || !self.copy_page(twins).await? {
                return Ok(false);
            }
            if self.suspects.len() >= MOST_SUSPECTS {
                self.settle().await?;
            }
        }
        self.settle().await?;
        self.folder.sync(std::mem::take(&mut self.touched))?;
        Ok(!self.run.cancelled.is_cancelled())
    }

    /// Whether another file in the backup has a name that differs only in case.
    fn clashes(&mut self, file: &StoredFile) -> bool {
        let Some(folded) = &mut self.folded else {
            return false;
        };
        let first = folded
            .entry(file.path.to_lowercase())
            .or_insert_with(|| file.path.clone());
        let clashes = *first != file.path;
        if clashes {
            tracing::error!(
                media = %file.id,
                "this file is not in the backup: another one has its name, because the file system there folds case"
            );
        }
        clashes
    }

    async fn page(&self, after: &mut String) -> Result<Option<Vec<FileWithTwin>>, Error> {
        Ok(media::stored_files_with_twins(self.copied, after, PAGE).await?)
    }

    async fn copy_page(&mut self, page: Vec<FileWithTwin>) -> Result<bool, Error> {
        let jobs: Vec<_> = page
            .into_iter()
            .map(|file| {
                self.number += 1;
                let job = self.job(&file.0, &file.1, self.number);
                (file, self.number, job)
            })
            .collect();
        let mut running = stream::iter(jobs)
            .map(|(file, number, job)| async move { (file, number, copy_file(job).await) })
            .buffer_unordered(AT_ONCE);
        let mut outcome = Ok(());
        // After a cancellation or a failure too, every job is waited for: none writes to the folder afterwards.
        while let Some((file, number, result)) = running.next().await {
            let counted = result.and_then(|result| self.count(file, number, result));
            if counted.is_err() {
                self.run.cancelled.cancel();
                outcome = outcome.and(counted);
            }
        }
        outcome.map(|()| !self.run.cancelled.is_cancelled())
    }

    /// `None` when the path of the row leaves the root.
    fn job(&self, file: &StoredFile, first_path: &str, number: u64) -> Option<Job> {
        let path = RelativePath::from_row(file.path.clone())?;
        let storage = &self.run.paths.storage;
        let first = RelativePath::from_row(first_path.to_owned()).filter(|first| *first != path);
        Some(Job {
            source: storage.join(path.as_path()),
            target: self.folder.file(path.as_path()),
            staged: self.folder.stage(&number.to_string()),
            twin: first.map(|first| {
                let first = first.as_path();
                (storage.join(first), self.folder.file(first))
            }),
            size_bytes: file.size_bytes,
            sha256: file.sha256,
            verify: self.run.options.verify,
            cancelled: self.run.cancelled.clone(),
        })
    }

    fn count(&mut self, file: FileWithTwin, number: u64, result: FileResult) -> Result<(), Error> {
        let counts = &mut self.counts;
        match result {
            FileResult::Problem { problem, is_kept } => {
                self.suspects.push(Suspect {
                    file,
                    problem,
                    is_kept,
                });
                return Ok(());
            }
            FileResult::Stopped => return Ok(()),
            FileResult::Kept => counts.kept += 1,
            FileResult::Linked => counts.linked += 1,
            FileResult::Copied | FileResult::Replacement => {
                counts.copied += 1;
                counts.copied_bytes += file.0.size_bytes;
            }
        }
        counts.count += 1;
        counts.bytes += file.0.size_bytes;
        let path = Path::new(&file.0.path);
        match result {
            FileResult::Kept => {}
            FileResult::Replacement => self.folder.add_replacement(number, path)?,
            _ => {
                let folder = self.folder.file(path).parent().map(Path::to_owned);
                self.touched.extend(folder);
            }
        }
        self.run.progress.advance(file.0.size_bytes);
        Ok(())
    }

    /// Checks files with a problem again: retention or an erasure may have deleted them, or a worker downloaded them
    /// again, since the database was copied, and a row says so a moment later.
    async fn settle(&mut self) -> Result<(), Error> {
        for look in 0..LOOKS {
            for suspect in std::mem::take(&mut self.suspects) {
                if self.has_changed(&suspect.file.0).await? {
                    self.counts.gone += 1;
                    continue;
                }
                let may_return = suspect.problem == Problem::Missing && !suspect.is_kept;
                if may_return || look == 0 {
                    self.copy_page(vec![suspect.file]).await?;
                } else {
                    self.suspects.push(suspect);
                }
            }
            if self.suspects.is_empty() || self.run.cancelled.is_cancelled() {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        for suspect in std::mem::take(&mut self.suspects) {
            self.record(&suspect.file.0, suspect.problem, suspect.is_kept);
        }
        Ok(())
    }

    async fn has_changed(&self, file: &StoredFile) -> Result<bool, Error> {
        let now = media::find_file(self.live, &file.id).await?;
        Ok(now.is_none_or(|now| now.path != file.path || now.sha256 != file.sha256))
    }

    fn record(&mut self, file: &StoredFile, problem: Problem, is_kept: bool) {
        if problem == Problem::Missing {
            self.counts.missing += 1;
        } else {
            self.counts.corrupt += 1;
        }
        if is_kept {
            self.counts.count += 1;
            self.counts.bytes += file.size_bytes;
        }
        let finding = BackupFinding {
            path: file.path.clone(),
            problem,
            media: file.id.clone(),
            kept: is_kept,
        };
        self.run.progress.finding(&finding);
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(finding);
        }
    }
}

async fn copy_file(job: Option<Job>) -> Result<FileResult, Error> {
    let Some(job) = job else {
        return Ok(FileResult::problem(Problem::Missing));
    };
    let target = job.target.clone();
    let copied = tokio::task::spawn_blocking(move || copy::run(&job)).await;
    copied.unwrap_or_else(|_| Err(at(&target)(std::io::ErrorKind::Interrupted.into())))
}
