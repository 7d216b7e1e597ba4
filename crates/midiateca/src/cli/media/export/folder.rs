//! An export as a folder: each file is staged, proven, synced and renamed. What is there already and right stays, so a
//! run that was ended goes on where it was.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::manifest::Manifest;
use super::sink::Outcome;
use super::source::{Halt, Source, Told, Watch};
use super::staged::Staged;
use midiateca_service::clock::Millis;
use midiateca_service::disk;

/// By which a folder is known for an export.
pub(super) const MARKER: &str = ".midiateca-export";

pub(super) struct Folder {
    root: PathBuf,
    /// Folders whose names are not synced yet: five an instance.
    unsynced: BTreeSet<PathBuf>,
    watch: Watch,
    #[expect(dead_code, reason = "the lock is held by the open file")]
    marker: File,
}

impl Folder {
    /// Makes the folder and marks it; nothing when another export goes into it now.
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

    /// Where what is staged lies.
    pub fn place(root: &Path, name: &str) -> PathBuf {
        root.join(format!(".midiateca-{name}"))
    }

    /// Whether the right file is there already; it is read.
    pub fn holds(&self, name: &str, told: &Told) -> Result<bool, Halt> {
        let there = Source::open(&self.root.join(name), told.clone(), self.watch.clone());
        there.map_or(Ok(false), |mut there| {
            let read = io::copy(&mut there.pieces(), &mut io::sink());
            Ok(there.settle(read)?.is_ok())
        })
    }

    pub fn put(&mut self, name: &str, at: Millis, source: &mut Source) -> Result<Outcome, Halt> {
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
        if let Err(wrong) = source.settle(copied)? {
            return Ok(Outcome::Wrong(wrong));
        }
        if let Ok(since_epoch) = u64::try_from(at) {
            let since_epoch = std::time::Duration::from_millis(since_epoch);
            // The time of the message; a file system that keeps none does no harm.
            let _ = writer.set_modified(std::time::SystemTime::UNIX_EPOCH + since_epoch);
        }
        staged.publish(&target)?;
        let above = folder
            .ancestors()
            .take_while(|above| above.starts_with(&self.root));
        self.unsynced.extend(above.map(Path::to_owned));
        Ok(Outcome::Written)
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
