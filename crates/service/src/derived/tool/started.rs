//! What one run of a program has: its folder, its processes, and its limits. All of it ends with the run.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use super::{Isolation, Limits, MARKER};

/// Where an isolated program has its empty folder.
pub(super) const ISOLATED_FOLDER: &str = "/tmp";
/// How often a folder is tried that cannot be removed yet.
const REMOVALS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(10);

/// An empty folder for one run, and the mark of its processes. Blocking on drop: the processes are killed, and the folder is
/// removed with all that they left in it.
pub(super) struct Remains {
    folder: TempDir,
    marker: String,
}

impl Remains {
    pub fn new() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("midiateca-").tempdir()?;
        let name = folder.path().file_name().unwrap_or_default();
        let marker = format!("{}-{}", std::process::id(), name.to_string_lossy());
        Ok(Self { folder, marker })
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The whole environment of the program.
    pub fn environment(&self, isolation: Isolation) -> Vec<(&'static str, OsString)> {
        let home = match isolation {
            Isolation::Isolated => Path::new(ISOLATED_FOLDER),
            Isolation::Plain => self.folder(),
        };
        let path = std::env::var_os("PATH").map(|path| ("PATH", path));
        let rest = [
            ("LANG", "C.UTF-8".into()),
            ("HOME", home.into()),
            ("TMPDIR", home.into()),
            (MARKER, OsString::from(&self.marker)),
        ];
        path.into_iter().chain(rest).collect()
    }
}

impl Drop for Remains {
    fn drop(&mut self) {
        #[cfg(target_os = "linux")]
        super::leftovers::kill(&self.marker, self.folder.path());
        for left in (0..REMOVALS).rev() {
            match std::fs::remove_dir_all(self.folder.path()) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return,
                Ok(()) => return,
                Err(error) if left == 0 => {
                    tracing::warn!(%error, "the folder of a program cannot be removed");
                }
                // A killed process may still end its last call.
                Err(_) => std::thread::sleep(PAUSE),
            }
        }
    }
}

/// A process and all that it started. Killed on drop, in the background.
pub(super) struct Started {
    group: Option<Pid>,
    remains: Option<Remains>,
}

impl Started {
    pub fn new(id: Option<u32>, remains: Remains) -> Self {
        let id = id.and_then(|id| i32::try_from(id).ok());
        Self {
            group: id.and_then(Pid::from_raw),
            remains: Some(remains),
        }
    }

    /// Only Linux limits another process.
    #[cfg(not(target_os = "linux"))]
    pub fn limit(&self, _: Limits) -> io::Result<()> {
        Ok(())
    }

    #[cfg(target_os = "linux")]
    pub fn limit(&self, limits: Limits) -> io::Result<()> {
        use rustix::process::{Resource, Rlimit, prlimit};
        // None would limit this process.
        let Some(id) = self.group else { return Ok(()) };
        for (resource, most) in [
            (Resource::As, limits.memory_bytes),
            (Resource::Cpu, limits.processor_seconds()),
            (Resource::Fsize, limits.file_bytes),
            (Resource::Nofile, 256),
            (Resource::Core, 0),
        ] {
            let limit = Rlimit {
                current: Some(most),
                maximum: Some(most),
            };
            match prlimit(Some(id), resource, limit) {
                Ok(_) => {}
                // It has ended already.
                Err(rustix::io::Errno::SRCH) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn kill_group(&mut self) {
        if let Some(id) = self.group.take() {
            // Its processes may have ended already.
            let _ = kill_process_group(id, Signal::KILL);
        }
    }

    /// Kills what still runs, and removes the folder. May be called twice.
    pub async fn end(&mut self) {
        self.kill_group();
        if let Some(remains) = self.remains.take() {
            // Dropped in any case.
            let _ = tokio::task::spawn_blocking(move || drop(remains)).await;
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        self.kill_group();
        let remains = self.remains.take();
        if let (Some(remains), Ok(runtime)) = (remains, tokio::runtime::Handle::try_current()) {
            runtime.spawn_blocking(move || drop(remains));
        }
    }
}
