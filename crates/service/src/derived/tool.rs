//! Runs other programs on files that strangers sent.
//!
//! Promises: no shell; a program runs in its own process group, without this process's environment and input, within limits of
//! memory, processor time, output and files, and is killed with all that it started when its time is over or its caller is gone.
//! Where `bwrap` works, it has no network and sees no file but the one that it is for.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Stands for the file in a program's arguments.
pub const PATH: &str = "{path}";
/// Where the file is in an isolated program's view.
const ISOLATED_PATH: &str = "/input";
/// What an isolated program sees of the system.
const SYSTEM_FOLDERS: [&str; 7] = [
    "/usr",
    "/bin",
    "/lib",
    "/lib64",
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/ld.so.cache",
];

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the program is not there")]
    Absent,
    #[error("the program cannot be run")]
    Io(#[source] io::Error),
    #[error("its time was over")]
    TimedOut,
    #[error("its output is too long")]
    TooLong,
    #[error("it ended with code {0:?}")]
    Failed(Option<i32>),
}

/// What a program may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Also of the processor.
    pub time: Duration,
    pub memory_bytes: u64,
    pub output_bytes: u64,
    /// Of each file that it writes.
    pub file_bytes: u64,
}

/// Whether it has the network and the other files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// By `bwrap`.
    Isolated,
    Plain,
}

/// One run of a program.
pub struct Call<'a> {
    pub program: &'a Path,
    /// [`PATH`] in them stands for the file.
    pub arguments: &'a [String],
    /// An absolute path.
    pub file: &'a Path,
    pub limits: Limits,
    pub isolation: Isolation,
}

/// The program of a name in `PATH`, or at a path. None when there is none that can be run.
pub fn find(name: &str) -> Option<PathBuf> {
    if name.is_empty() {
        return None;
    }
    if Path::new(name).components().count() > 1 {
        let path = std::path::absolute(name).ok()?;
        return is_program(&path).then_some(path);
    }
    let folders = std::env::var_os("PATH")?;
    let mut paths = std::env::split_paths(&folders).map(|folder| folder.join(name));
    paths.find(|path| path.is_absolute() && is_program(path))
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path)
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// Programs run on Unix only.
#[cfg(not(unix))]
fn is_program(_: &Path) -> bool {
    false
}

/// What `bwrap` shows to an isolated program: the system's programs and libraries, and one file.
fn view(program: &Path, file: &Path) -> Vec<OsString> {
    let mut view: Vec<OsString> = [
        "--unshare-net",
        "--unshare-pid",
        "--unshare-ipc",
        "--unshare-uts",
        "--new-session",
        "--die-with-parent",
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "--tmpfs",
        "/tmp",
        "--chdir",
        "/",
    ]
    .map(OsString::from)
    .into();
    let mut show = |option: &str, from: &Path, to: &str| {
        view.extend([option.into(), from.into(), OsString::from(to)]);
    };
    for folder in SYSTEM_FOLDERS {
        show("--ro-bind-try", Path::new(folder), folder);
    }
    show("--ro-bind", file, ISOLATED_PATH);
    let folder = program.parent().unwrap_or(program);
    view.extend(["--ro-bind".into(), folder.into(), folder.into()]);
    view
}

/// The command line, and what its program reads first.
fn command_line(call: &Call<'_>, isolator: Option<&Path>) -> (PathBuf, Vec<OsString>, Vec<u8>) {
    let with_path = |path: &Path| -> Vec<OsString> {
        let replace = |argument: &String| match argument.split_once(PATH) {
            Some((before, after)) => {
                let mut whole = OsString::from(before);
                whole.push(path);
                whole.push(after);
                whole
            }
            None => argument.into(),
        };
        call.arguments.iter().map(replace).collect()
    };
    let Some(isolator) = isolator else {
        return (call.program.to_owned(), with_path(call.file), Vec::new());
    };
    // Read from standard input, so that the limits are set before it starts anything.
    let mut input = Vec::new();
    for argument in view(call.program, call.file) {
        input.extend_from_slice(argument.as_encoded_bytes());
        input.push(0);
    }
    let mut arguments: Vec<OsString> = ["--args", "0", "--"].map(OsString::from).into();
    arguments.push(call.program.into());
    arguments.extend(with_path(Path::new(ISOLATED_PATH)));
    (isolator.to_owned(), arguments, input)
}

/// Runs a program and gives its output to `take`, piece by piece. `isolator` is the path of `bwrap`.
#[cfg(unix)]
pub async fn run(
    call: &Call<'_>,
    isolator: Option<&Path>,
    mut take: impl FnMut(&[u8]),
) -> Result<(), Error> {
    use std::process::Stdio;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let isolator = isolator.filter(|_| call.isolation == Isolation::Isolated);
    let (program, arguments, input) = command_line(call, isolator);
    let mut command = tokio::process::Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .stdin(if input.is_empty() {
            Stdio::null()
        } else {
            Stdio::piped()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true);
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    let mut child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Error::Absent,
        _ => Error::Io(error),
    })?;
    let mut group = Group::of(child.id());
    group.limit(call.limits).map_err(Error::Io)?;
    let (mut stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let feed = async {
        if let Some(mut stdin) = stdin.take() {
            // A program that does not read ends by itself or by its time.
            let _ = stdin.write_all(&input).await;
        }
        Ok(())
    };
    let read = async {
        let Some(mut stdout) = stdout else {
            return Ok(());
        };
        let (mut piece, mut left) = (vec![0; 64 << 10], call.limits.output_bytes);
        loop {
            match stdout.read(&mut piece).await.map_err(Error::Io)? {
                0 => return Ok(()),
                length if length as u64 > left => return Err(Error::TooLong),
                length => {
                    left -= length as u64;
                    take(&piece[..length]);
                }
            }
        }
    };
    let end = async {
        let status = child.wait().await.map_err(Error::Io)?;
        // What it started does not outlive it.
        group.kill();
        Ok(status)
    };
    let ended = async { tokio::try_join!(feed, read, end) };
    let ended = tokio::time::timeout(call.limits.time, ended).await;
    let ((), (), status) = ended.map_err(|_| Error::TimedOut)??;
    if status.success() {
        Ok(())
    } else {
        Err(Error::Failed(status.code()))
    }
}

#[cfg(not(unix))]
pub async fn run(_: &Call<'_>, _: Option<&Path>, _: impl FnMut(&[u8])) -> Result<(), Error> {
    Err(Error::Absent)
}

/// A process and all that it started. Killed on drop.
#[cfg(unix)]
struct Group(Option<rustix::process::Pid>);

#[cfg(unix)]
impl Group {
    fn of(id: Option<u32>) -> Self {
        let id = id.and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(rustix::process::Pid::from_raw))
    }

    /// Only Linux limits another process.
    #[cfg(not(target_os = "linux"))]
    fn limit(&self, _: Limits) -> io::Result<()> {
        Ok(())
    }

    #[cfg(target_os = "linux")]
    fn limit(&self, limits: Limits) -> io::Result<()> {
        use rustix::process::{Resource, Rlimit, prlimit};
        // None would limit this process.
        let Some(id) = self.0 else { return Ok(()) };
        // A second more than it may take, because parts of a second count.
        let seconds = limits.time.as_secs() + 1;
        for (resource, most) in [
            (Resource::As, limits.memory_bytes),
            (Resource::Cpu, seconds),
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

    fn kill(&mut self) {
        use rustix::process::{Signal, kill_process_group};
        if let Some(id) = self.0.take() {
            // Its processes may have ended already.
            let _ = kill_process_group(id, Signal::KILL);
        }
    }
}

#[cfg(unix)]
impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
