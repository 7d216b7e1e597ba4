//! The files that the copied database names, page by page, a few at once.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};

use super::copy::{self, Brought, Job};
use super::folder::{FILES, Folder};
use super::manifest::{Figures, Manifest, Wrong, WrongFile};
use super::{Error, Order, Step};
use crate::db::Db;
use crate::media::{self, StoredFile};
use crate::storage::layout::RelativePath;

/// A file, and the path that all files of the client with the same bytes have in common.
type FileWithTwin = (StoredFile, String);

const PAGE: u32 = 2_000;
/// Most of a small file's time is the wait for its sync, and the disk makes several durable at once.
const AT_ONCE: usize = 8;
/// So many files that look wrong are kept before their rows are looked at again.
const MOST_SUSPECTS: usize = 10_000;
/// A sweep takes a page of files away and then says so in its rows: it is given this long.
const LOOKS: usize = 20;
const LOOK_EVERY: Duration = Duration::from_millis(250);

pub(super) struct Files<'w> {
    order: &'w Order,
    folder: &'w Folder,
    /// The database as it was.
    copied: &'w Db,
    /// The database as it is now.
    live: Db,
    /// How long all files are.
    all_bytes: u64,
    number: u64,
    figures: Figures,
    named: HashSet<PathBuf>,
    /// Where the backup's file system folds case: the names in small letters, and as they are.
    folded: Option<HashMap<String, String>>,
    touched: BTreeSet<PathBuf>,
    suspects: Vec<(FileWithTwin, Wrong, bool)>,
    wrong: Vec<WrongFile>,
}

impl<'w> Files<'w> {
    /// Looks at everything that is to be copied, and whether there is room for it.
    pub async fn new(order: &'w Order, folder: &'w Folder, copied: &'w Db) -> Result<Self, Error> {
        let source = &order.source;
        let mut files = Self {
            order,
            folder,
            copied,
            live: Db::open_to_read(&source.database, source.busy_timeout).await?,
            all_bytes: 0,
            number: 0,
            figures: Figures::default(),
            named: HashSet::new(),
            folded: folder.folds_case()?.then(HashMap::new),
            touched: BTreeSet::new(),
            suspects: Vec::new(),
            wrong: Vec::new(),
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
        folder.make_room(new_bytes)?;
        Ok(files)
    }

    /// Copies what is not there yet; false when it was stopped.
    pub async fn copy_all(&mut self) -> Result<bool, Error> {
        let mut after = String::new();
        while let Some(page) = self.page(&mut after).await? {
            let (clashing, page): (Vec<_>, Vec<_>) =
                page.into_iter().partition(|(file, _)| self.clashes(file));
            for (file, _) in clashing {
                self.record(&file, Wrong::Missing, false);
            }
            // A twin is linked to the one that was copied before it.
            let (firsts, twins): (Vec<_>, Vec<_>) = page
                .into_iter()
                .partition(|(file, first_path)| *first_path == file.path);
            if !self.bring_all(firsts).await? || !self.bring_all(twins).await? {
                return Ok(false);
            }
            if self.suspects.len() >= MOST_SUSPECTS {
                self.settle().await?;
            }
        }
        self.settle().await?;
        self.folder.sync(std::mem::take(&mut self.touched))?;
        Ok(!self.order.shutdown.has_begun())
    }

    /// The database as it is now.
    pub fn live(&self) -> &Db {
        &self.live
    }

    /// Whether a file would meet another in the backup, whose name differs from its own only in case.
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
                "this file is not in the backup: the target's file system takes its name and another file's for one"
            );
        }
        clashes
    }

    /// What was done, what is wrong, and which files the database names.
    pub async fn finish(self) -> (Figures, Vec<WrongFile>, HashSet<PathBuf>) {
        self.live.close().await;
        (self.figures, self.wrong, self.named)
    }

    async fn page(&self, after: &mut String) -> Result<Option<Vec<FileWithTwin>>, Error> {
        let page = media::stored_files_with_twins(self.copied, after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(None);
        };
        after.clone_from(&last.0.id.0);
        Ok(Some(page))
    }

    async fn bring_all(&mut self, page: Vec<FileWithTwin>) -> Result<bool, Error> {
        let jobs: Vec<_> = page
            .into_iter()
            .map(|file| {
                self.number += 1;
                let job = self.job(&file.0, &file.1, self.number);
                (file, self.number, job)
            })
            .collect();
        let mut running = stream::iter(jobs)
            .map(|(file, number, job)| async move { (file, number, bring(job).await) })
            .buffer_unordered(AT_ONCE);
        let mut outcome = Ok(());
        // Also when it is stopped or fails, what runs is waited for: nobody writes to the folder afterwards.
        while let Some((file, number, brought)) = running.next().await {
            let noted = brought.and_then(|brought| self.note(file, number, brought));
            if noted.is_err() {
                self.order.shutdown.begin();
                outcome = outcome.and(noted);
            }
        }
        outcome.map(|()| !self.order.shutdown.has_begun())
    }

    /// Nothing when the row holds a path that leaves the root.
    fn job(&self, file: &StoredFile, first_path: &str, number: u64) -> Option<Job> {
        let path = RelativePath::from_row(file.path.clone())?;
        let storage = &self.order.source.storage;
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
            verify: self.order.verify,
            shutdown: self.order.shutdown.clone(),
        })
    }

    fn note(&mut self, file: FileWithTwin, number: u64, brought: Brought) -> Result<(), Error> {
        let figures = &mut self.figures;
        match brought {
            Brought::Wrong(wrong, kept) => {
                self.suspects.push((file, wrong, kept));
                return Ok(());
            }
            Brought::Kept => figures.kept += 1,
            Brought::Linked => figures.linked += 1,
            Brought::Stopped => return Ok(()),
            Brought::Copied | Brought::Replacement => {
                figures.copied += 1;
                figures.copied_bytes += file.0.size_bytes;
            }
        }
        figures.count += 1;
        figures.bytes += file.0.size_bytes;
        let path = Path::new(&file.0.path);
        match brought {
            Brought::Replacement => self.folder.replacement(number, path)?,
            Brought::Kept => {}
            _ => self
                .touched
                .extend(self.folder.file(path).parent().map(Path::to_owned)),
        }
        (self.order.tell)(Step::Files {
            files: self.figures.count,
            bytes: self.figures.bytes,
            of: self.all_bytes,
        });
        Ok(())
    }

    /// Looks again at files that looked wrong: they may have been let go, erased or fetched anew since the database was
    /// copied, and a row is told of that a moment after its file.
    async fn settle(&mut self) -> Result<(), Error> {
        for look in 0..LOOKS {
            for (file, wrong, kept) in std::mem::take(&mut self.suspects) {
                if self.has_changed(&file.0).await? {
                    self.figures.gone += 1;
                    continue;
                }
                let is_back = wrong == Wrong::Missing && !kept;
                if is_back || look == 0 {
                    self.bring_all(vec![file]).await?;
                } else {
                    self.suspects.push((file, wrong, kept));
                }
            }
            if self.suspects.is_empty() || self.order.shutdown.has_begun() {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        for (file, wrong, kept) in std::mem::take(&mut self.suspects) {
            self.record(&file.0, wrong, kept);
        }
        Ok(())
    }

    async fn has_changed(&self, file: &StoredFile) -> Result<bool, Error> {
        let now = media::find_file(&self.live, &file.id).await?;
        Ok(now.is_none_or(|now| now.path != file.path || now.sha256 != file.sha256))
    }

    fn record(&mut self, file: &StoredFile, wrong: Wrong, kept: bool) {
        match wrong {
            Wrong::Missing => self.figures.missing += 1,
            Wrong::Altered => self.figures.altered += 1,
        }
        if kept {
            self.figures.count += 1;
            self.figures.bytes += file.size_bytes;
        }
        let wrong = WrongFile {
            file: format!("{FILES}/{}", file.path),
            media: file.id.0.clone(),
            wrong,
            kept,
        };
        (self.order.tell)(Step::Wrong(&wrong));
        if self.wrong.len() < Manifest::MOST_WRONG {
            self.wrong.push(wrong);
        }
    }
}

async fn bring(job: Option<Job>) -> Result<Brought, Error> {
    let Some(job) = job.map(Arc::new) else {
        return Ok(Brought::Wrong(Wrong::Missing, false));
    };
    let target = job.target.clone();
    let bringing = tokio::task::spawn_blocking(move || copy::bring(&job)).await;
    bringing.unwrap_or_else(|_| Err(super::at(&target)(std::io::ErrorKind::Interrupted.into())))
}
