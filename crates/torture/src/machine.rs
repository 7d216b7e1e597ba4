//! The machine of one run: a little disk for database and storage, its clock, and what is done to them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context as _, bail};
use tempfile::TempDir;
use tokio::sync::Mutex;

use crate::shim;

const DISK: &str = "size=192m,mode=0700";
/// How long a recorded sync takes: long enough for an answer that does not wait for it.
const SYNC_MS: &str = "20";
const DATABASE: [&str; 3] = ["midiateca.db", "midiateca.db-wal", "midiateca.db-shm"];

/// The settings of all runs.
#[derive(Clone)]
pub struct Tools {
    /// The program under test.
    pub program: PathBuf,
    clock: Option<PathBuf>,
    can_mount: bool,
    _folder: Arc<TempDir>,
}

impl Tools {
    pub fn new(program: PathBuf) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let probe = folder.path().join("probe");
        std::fs::create_dir(&probe)?;
        let can_mount = mount(&["-t", "tmpfs", "-o", DISK, "tmpfs"], &probe).is_ok();
        if can_mount {
            unmount(&probe)?;
        }
        Ok(Self {
            program,
            clock: shim::clock(folder.path()),
            can_mount,
            _folder: Arc::new(folder),
        })
    }

    /// The abilities that this machine lacks.
    pub fn skipped(&self) -> Vec<&'static str> {
        let mut skipped = Vec::new();
        if !self.can_mount {
            skipped.push("full disks and unmounted storage (no right to mount a file system)");
        }
        if self.clock.is_none() {
            skipped.push("clock jumps (needs Linux and a C compiler)");
        }
        skipped
    }
}

/// The machine of one run. Everything is unmounted and removed when it is dropped.
pub struct Machine {
    folder: TempDir,
    tools: Tools,
    mounted: Vec<PathBuf>,
    recorder: OnceLock<(PathBuf, PathBuf)>,
    steps: OnceLock<PathBuf>,
    database: Mutex<()>,
    storage: Mutex<()>,
    clock: Mutex<()>,
    disk: Mutex<()>,
}

impl Machine {
    pub fn new(tools: &Tools) -> anyhow::Result<Self> {
        let mut machine = Self {
            folder: tempfile::Builder::new().prefix("torture-").tempdir()?,
            tools: tools.clone(),
            mounted: Vec::new(),
            recorder: OnceLock::new(),
            steps: OnceLock::new(),
            database: Mutex::default(),
            storage: Mutex::default(),
            clock: Mutex::default(),
            disk: Mutex::default(),
        };
        let disk = machine.disk();
        std::fs::create_dir(&disk)?;
        if tools.can_mount {
            mount(&["-t", "tmpfs", "-o", DISK, "tmpfs"], &disk)?;
            machine.mounted.push(disk);
        }
        std::fs::create_dir_all(machine.storage())?;
        std::fs::create_dir(machine.files())?;
        if tools.can_mount {
            machine.mount_storage()?;
        }
        std::fs::write(machine.clock_file(), "0")?;
        Ok(machine)
    }

    /// One on a plain folder, without a disk of its own.
    pub fn unmounted(tools: &Tools) -> anyhow::Result<Self> {
        let can_mount = false;
        Self::new(&Tools {
            can_mount,
            ..tools.clone()
        })
    }

    /// From now on what the program does to the disk is recorded by a library to a file.
    pub fn record(&self, library: &Path, log: &Path) {
        let paths = (library.to_owned(), log.to_owned());
        let _ = self.recorder.set(paths);
    }

    /// From its next start on, the steps of the server are counted by this library.
    pub fn count_steps(&self, library: &Path) -> Steps {
        let _ = self.steps.set(library.to_owned());
        Steps(self.folder.path().join("steps-order"))
    }

    /// The disk, with the data folder and what else is on it.
    pub fn disk(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.disk().join("data")
    }

    /// Where the storage is mounted.
    pub fn storage(&self) -> PathBuf {
        self.data().join("media_storage")
    }

    fn files(&self) -> PathBuf {
        self.disk().join("files")
    }

    fn clock_file(&self) -> PathBuf {
        self.folder.path().join("clock")
    }

    /// The program's log.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn mount_storage(&self) -> anyhow::Result<()> {
        let files = self.files();
        mount(
            &["--bind", files.to_str().context("path")?],
            &self.storage(),
        )
    }

    /// A command of the program on this machine.
    pub fn command(&self) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(&self.tools.program);
        command
            .arg("--data")
            .arg(self.data())
            .args(["--lang", "en"])
            .stdin(std::process::Stdio::null())
            .kill_on_drop(true);
        if let Some((library, log)) = self.recorder.get() {
            command
                .env("LD_PRELOAD", library)
                .env("RECORD_ROOT", self.disk())
                .env("RECORD_FILE", log)
                .env("RECORD_SYNC_MS", SYNC_MS);
        } else if let Some(library) = &self.tools.clock {
            command
                .env("LD_PRELOAD", library)
                .env("SHIM_CLOCK_FILE", self.clock_file());
        }
        command
    }

    /// The server on this machine.
    pub fn server(&self) -> tokio::process::Command {
        let mut command = self.command();
        if let Some(library) = self.steps.get() {
            command
                .env("LD_PRELOAD", library)
                .env("RECORD_ROOT", self.disk())
                .env("STEPS_ORDER", self.folder.path().join("steps-order"))
                .env("STEPS_FILE", Steps::trace_of(self));
        }
        command
    }

    /// Takes all free space for a while.
    pub async fn fill_disk(&self, lasting: Duration) -> anyhow::Result<()> {
        if !self.tools.can_mount {
            return Ok(());
        }
        let _alone = self.disk.lock().await;
        let filler = Filler(self.disk().join("filler"));
        let file = std::fs::File::create(&filler.0)?;
        let free = rustix::fs::statvfs(self.disk())?;
        let mut left = free.f_bavail * free.f_frsize;
        // Others write at the same time: what does not fit is tried by halves.
        let mut at = 0;
        while left >= 4096 {
            let size = left / 4096 * 4096;
            match rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), at, size) {
                Ok(()) => {
                    at += size;
                    let free = rustix::fs::statvfs(self.disk())?;
                    left = free.f_bavail * free.f_frsize;
                }
                Err(_) => left /= 2,
            }
        }
        tokio::time::sleep(lasting).await;
        Ok(std::fs::remove_file(&filler.0)?)
    }

    /// Keeps the write lock of the database for a while, as a backup tool does.
    pub async fn lock_database(&self, lasting: Duration) -> anyhow::Result<()> {
        let _alone = self.database.lock().await;
        let path = self.data().join(DATABASE[0]);
        tokio::task::spawn_blocking(move || {
            let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
            let lock = rusqlite::Connection::open_with_flags(path, flags)?;
            lock.busy_timeout(Duration::from_secs(5))?;
            // Fails on a full disk or next to another lock: then this fault does not happen.
            if lock.execute_batch("BEGIN IMMEDIATE").is_ok() {
                std::thread::sleep(lasting);
                let _ = lock.execute_batch("ROLLBACK");
            }
            Ok(())
        })
        .await?
    }

    /// Renames the database away for a while. An error when another one was made in its place.
    pub async fn hide_database(&self, lasting: Duration) -> anyhow::Result<()> {
        let _alone = self.database.lock().await;
        let hidden = self.disk().join("hidden");
        std::fs::create_dir_all(&hidden)?;
        let mut moved = Vec::new();
        for name in DATABASE {
            let from = self.data().join(name);
            if std::fs::rename(&from, hidden.join(name)).is_ok() {
                moved.push(name);
            }
        }
        tokio::time::sleep(lasting).await;
        let made = self.data().join(DATABASE[0]).exists();
        for name in moved {
            std::fs::rename(hidden.join(name), self.data().join(name))?;
        }
        if made {
            bail!("a new database was made in the place of the one that was away");
        }
        Ok(())
    }

    /// Unmounts the storage for a while. An error when anything was written to the empty folder underneath.
    pub async fn unmount_storage(&self, lasting: Duration) -> anyhow::Result<()> {
        if !self.tools.can_mount {
            return Ok(());
        }
        let _alone = self.storage.lock().await;
        unmount(&self.storage())?;
        tokio::time::sleep(lasting).await;
        let written: Vec<_> = std::fs::read_dir(self.storage())?
            .flatten()
            .map(|entry| entry.file_name())
            .collect();
        self.mount_storage()?;
        if !written.is_empty() {
            bail!("in the place of the unmounted storage there is now {written:?}");
        }
        Ok(())
    }

    /// Moves the program's wall clock for a while.
    pub async fn jump_clock(&self, seconds: i64, lasting: Duration) -> anyhow::Result<()> {
        let _alone = self.clock.lock().await;
        self.set_clock(seconds)?;
        tokio::time::sleep(lasting).await;
        self.set_clock(0)
    }

    /// Replaces the file in one step, as the program reads it at any time.
    fn set_clock(&self, seconds: i64) -> anyhow::Result<()> {
        let new = self.folder.path().join("clock.new");
        std::fs::write(&new, seconds.to_string())?;
        Ok(std::fs::rename(new, self.clock_file())?)
    }

    /// Copies everything to a folder that stays.
    pub fn keep(&self, folder: &Path) -> anyhow::Result<()> {
        std::fs::create_dir_all(folder)?;
        let status = Command::new("cp")
            .arg("-a")
            .arg(self.folder.path())
            .arg(folder)
            .status()?;
        if !status.success() {
            bail!("cannot copy the folder of the run to {}", folder.display());
        }
        Ok(())
    }
}

/// The order to the library that counts the steps of the server; see `record.c`.
pub struct Steps(PathBuf);

impl Steps {
    /// Where the steps are written down.
    pub fn trace_of(machine: &Machine) -> PathBuf {
        machine.folder.path().join("steps")
    }

    /// Begins to count, in one step with what happens where.
    pub fn order(&self, text: &str) -> anyhow::Result<()> {
        let new = self.0.with_extension("new");
        std::fs::write(&new, text)?;
        Ok(std::fs::rename(new, &self.0)?)
    }

    /// Ends the count. False when the library has done so: it carried out the order.
    pub fn end(&self) -> bool {
        std::fs::remove_file(&self.0).is_ok()
    }
}

/// The file that takes all free space; removed also when the run ends early.
struct Filler(PathBuf);

impl Drop for Filler {
    fn drop(&mut self) {
        // Removed already, unless the run ended early.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if self.tools.can_mount {
            let _ = unmount(&self.storage());
        }
        for folder in self.mounted.iter().rev() {
            let _ = unmount(folder);
        }
    }
}

fn mount(arguments: &[&str], folder: &Path) -> anyhow::Result<()> {
    done(Command::new("mount").args(arguments).arg(folder))
}

/// Also while files in it are open.
fn unmount(folder: &Path) -> anyhow::Result<()> {
    done(Command::new("umount").arg("--lazy").arg(folder))
}

fn done(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output()?;
    if !output.status.success() {
        bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "not the service's task")]
    async fn a_disk_is_no_longer_full_when_its_run_ends_early() {
        let tools = Tools::new(PathBuf::from("true")).unwrap();
        if !tools.can_mount {
            return;
        }
        let machine = Arc::new(Machine::new(&tools).unwrap());
        let filler = machine.disk().join("filler");
        let filling = Arc::clone(&machine);
        let hour = Duration::from_secs(3_600);
        let task = tokio::spawn(async move { filling.fill_disk(hour).await });
        let began = Instant::now();
        let is_full = || {
            let disk = rustix::fs::statvfs(machine.disk()).unwrap();
            disk.f_bavail * disk.f_frsize < 1 << 20
        };
        while !is_full() {
            assert!(began.elapsed() < Duration::from_secs(30), "never full");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(filler.exists());
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        assert!(!filler.exists() && !is_full());
    }
}
