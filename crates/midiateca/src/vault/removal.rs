//! Taking files away for good, wherever they lie: under their names, in quarantine, and half come in.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::layout::{self, RelativePath};
use super::{Error, NOBODY, QUARANTINE, STAGING, Vault, blocking, sync_folder};
use crate::media::MediaId;

/// A file that lies somewhere below the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lying {
    /// Where.
    pub path: PathBuf,
    /// How long it is.
    pub size_bytes: u64,
}

impl Vault {
    /// Takes a file away for good. That it is gone already is fine.
    pub async fn remove(&self, path: RelativePath) -> Result<(), Error> {
        let (vault, target) = (self.clone(), self.root.join(path.as_path()));
        blocking(move || {
            vault.verify()?;
            remove_file(&target).map(drop)
        })
        .await
    }

    /// All files of a media: under each of `names`, those of them that a repair took for nobody's and moved into
    /// quarantine, and what a repair moved there under the media's own id.
    pub async fn everywhere(
        &self,
        media: &MediaId,
        names: Vec<RelativePath>,
    ) -> Result<Vec<Lying>, Error> {
        let (vault, media) = (self.clone(), media.clone());
        blocking(move || vault.look_everywhere(&media, &names)).await
    }

    /// For each of `paths` those of files that there are and that differ from it at most in the extension, in their
    /// folder or where a repair moved such. Reads each folder once.
    pub async fn with_any_extension(
        &self,
        paths: Vec<RelativePath>,
    ) -> Result<HashMap<RelativePath, Vec<RelativePath>>, Error> {
        let vault = self.clone();
        blocking(move || {
            let runs = vault.quarantine_runs()?;
            let mut places = vec![vault.root.to_path_buf()];
            places.extend(runs.iter().map(|run| run.join(NOBODY)));
            let folders: BTreeSet<_> = paths
                .iter()
                .filter_map(|path| path.as_path().parent())
                .collect();
            let mut found = HashMap::<_, Vec<_>>::new();
            for (place, folder) in places
                .iter()
                .flat_map(|place| folders.iter().map(move |folder| (place, *folder)))
            {
                for name in names_in(&place.join(folder))? {
                    let is_like = |path: &&RelativePath| {
                        path.as_path().parent() == Some(folder)
                            && layout::differs_only_in_extension(&name, path)
                    };
                    for path in paths.iter().filter(is_like) {
                        found
                            .entry(path.clone())
                            .or_default()
                            .extend(path.with_name(&name));
                    }
                }
            }
            Ok(found)
        })
        .await
    }

    /// Takes all files of a media away, see [`Vault::everywhere`]. Answers with those that were there.
    pub async fn remove_everywhere(
        &self,
        media: &MediaId,
        names: Vec<RelativePath>,
    ) -> Result<Vec<Lying>, Error> {
        let (vault, media) = (self.clone(), media.clone());
        blocking(move || {
            let mut gone = vault.look_everywhere(&media, &names)?;
            let mut failed = None;
            gone.retain(|lying| {
                let removed = remove_file(&vault.root.join(&lying.path));
                removed.unwrap_or_else(|error| {
                    failed = Some(error);
                    false
                })
            });
            // Their folders are of no use to anybody; what is in them still is told by the error above.
            for run in vault.quarantine_runs()? {
                let _ = fs::remove_dir_all(run.join(media.as_str()));
            }
            failed.map_or(Ok(gone), Err)
        })
        .await
    }

    /// Which of these media have pieces that are staged now.
    pub fn staged_of(&self, media: &BTreeSet<MediaId>) -> Result<Vec<PathBuf>, Error> {
        let mut found = Vec::new();
        let entries = match fs::read_dir(self.root.join(STAGING)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.verify()?;
                return Ok(found);
            }
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let whose = name.to_str().and_then(|name| name.splitn(3, '-').nth(2));
            if whose.is_some_and(|whose| media.contains(&MediaId(whose.to_owned()))) {
                found.push(entry.path());
            }
        }
        Ok(found)
    }

    fn quarantine_runs(&self) -> Result<Vec<PathBuf>, Error> {
        let runs = match fs::read_dir(self.root.join(QUARANTINE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            runs => runs?,
        };
        runs.map(|run| Ok(run?.path())).collect()
    }

    fn look_everywhere(
        &self,
        media: &MediaId,
        names: &[RelativePath],
    ) -> Result<Vec<Lying>, Error> {
        // Where the storage is away, nothing is there, and nothing of it is gone.
        self.verify()?;
        let runs = self.quarantine_runs()?;
        let mut places = vec![self.root.to_path_buf()];
        places.extend(runs.iter().map(|run| run.join(NOBODY)));
        let mut files = BTreeSet::new();
        for place in &places {
            files.extend(names.iter().map(|name| place.join(name.as_path())));
        }
        for run in &runs {
            below(&run.join(media.as_str()), &mut files)?;
        }
        let mut found = Vec::new();
        for file in files {
            let metadata = match fs::symlink_metadata(&file) {
                Err(error) if is_absent(&error) => continue,
                metadata => metadata?,
            };
            if !metadata.is_dir() {
                let path = file.strip_prefix(self.root.as_path()).unwrap_or(&file);
                found.push(Lying {
                    path: path.to_owned(),
                    size_bytes: metadata.len(),
                });
            }
        }
        Ok(found)
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn names_in(folder: &Path) -> Result<Vec<String>, Error> {
    let entries = match fs::read_dir(folder) {
        Err(error) if is_absent(&error) => return Ok(Vec::new()),
        entries => entries?,
    };
    let names = entries.map(|entry| Ok(entry?.file_name().into_string().ok()));
    Ok(names
        .collect::<io::Result<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect())
}

fn below(folder: &Path, found: &mut BTreeSet<PathBuf>) -> Result<(), Error> {
    let entries = match fs::read_dir(folder) {
        Err(error) if is_absent(&error) => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => below(&entry.path(), found)?,
            false => drop(found.insert(entry.path())),
        }
    }
    Ok(())
}

/// Takes one file away, and makes that last; says whether it was there.
fn remove_file(target: &Path) -> Result<bool, Error> {
    let was_there = match fs::remove_file(target) {
        Err(error) if is_absent(&error) => false,
        removed => removed.map(|()| true)?,
    };
    let folder = target.parent().filter(|folder| folder.is_dir());
    folder.map_or(Ok(()), sync_folder)?;
    Ok(was_there)
}
