//! An export as a folder: each file is staged, verified, synced and renamed. Intact files that are there already stay,
//! so that a run that was stopped continues.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::manifest::Manifest;
use super::outcome::{Exported, Halt};
use super::source::{Expected, ProvenReader, Watch};
use super::staged::Staged;
use super::target::MARKER;
use crate::clock::Millis;
use crate::{disk, storage};

pub(super) struct Folder {
    root: PathBuf,
    /// Folders whose names are not synced yet: five per instance.
    unsynced: BTreeSet<PathBuf>,
    watch: Watch,
    #[expect(dead_code, reason = "the open file has the lock")]
    marker: File,
}

impl Folder {
    /// Creates the folder and marks it; `None` when another export goes into it.
    pub fn open(root: &Path, watch: Watch) -> io::Result<Option<Self>> {
        disk::create_folder(root)?;
        let marker = File::options()
            .append(true)
            .create(true)
            .open(root.join(MARKER))?;
        if let Err(fs::TryLockError::WouldBlock) = marker.try_lock() {
            return Ok(None);
        }
        if marker.metadata()?.len() == 0 {
            (&marker).write_all(b"midiateca media export\n")?;
            marker.sync_all()?;
        }
        Ok(Some(Self {
            root: root.to_owned(),
            unsynced: BTreeSet::from([root.to_owned()]),
            watch,
            marker,
        }))
    }

    pub fn place(root: &Path, name: &str) -> PathBuf {
        root.join(format!(".midiateca-{name}"))
    }

    /// Whether it has this file already, by its bytes.
    pub fn has(&self, name: &str, expected: &Expected) -> Result<bool, Halt> {
        let file = storage::open_regular(&self.root.join(name));
        let file = file.map(Into::into).map_err(storage::Error::from);
        let there = ProvenReader::new(file, expected.clone(), self.watch.clone());
        there.map_or(Ok(false), |mut there| {
            let read = io::copy(&mut there.pieces(), &mut io::sink());
            Ok(there.settle(read)?.is_ok())
        })
    }

    pub fn put(
        &mut self,
        name: &str,
        at: Millis,
        source: &mut ProvenReader,
    ) -> Result<Exported, Halt> {
        let target = self.root.join(name);
        let folder = target.parent().unwrap_or(&self.root).to_owned();
        if target.is_dir() {
            let there = target.display().to_string();
            return Err(io::Error::new(io::ErrorKind::IsADirectory, there).into());
        }
        disk::create_folder(&folder)?;
        let staged = Staged::create(Self::place(&self.root, "staged"))?
            .ok_or_else(|| io::Error::from(io::ErrorKind::ResourceBusy))?;
        let mut writer = staged.writer()?;
        let copied = io::copy(&mut source.pieces(), &mut writer);
        if let Err(problem) = source.settle(copied)? {
            return Ok(Exported::Omitted(problem));
        }
        if let Ok(since_epoch) = u64::try_from(at) {
            let since_epoch = std::time::Duration::from_millis(since_epoch);
            // The time of the message, on file systems that keep times.
            let _ = writer.set_modified(std::time::SystemTime::UNIX_EPOCH + since_epoch);
        }
        staged.publish(&target)?;
        let above = folder
            .ancestors()
            .take_while(|above| above.starts_with(&self.root));
        self.unsynced.extend(above.map(Path::to_owned));
        Ok(Exported::Written)
    }

    pub fn finish(self, manifest: Manifest) -> io::Result<()> {
        for folder in &self.unsynced {
            disk::sync_folder(folder)?;
        }
        for (name, staged) in manifest.finish()? {
            staged.publish(&self.root.join(name))?;
        }
        disk::sync_folder(&self.root)
    }
}
