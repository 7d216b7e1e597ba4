//! Runs other programs on received files.
//!
//! Promises: no shell; a program runs in its own process group and its own empty folder, without this process's environment and
//! input, within limits of memory, processor time, output and files; it is killed with all that it started when its time is over
//! or its caller is gone, and its folder is removed. Where `bwrap` works, it has no network and sees no file but the one that it
//! is for.

#[cfg(target_os = "linux")]
mod leftovers;
#[cfg(unix)]
mod started;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::storage::{self, Staging};
#[cfg(unix)]
use started::{Remains, Started};

/// Stands for the file in a program's arguments.
pub const PATH: &str = "{path}";
/// A variable that marks the processes of a run, also those that left its process group.
#[cfg(unix)]
const MARKER: &str = "MIDIATECA_RUN";
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
    /// None when a signal ended it.
    #[error("it ended with code {0:?}")]
    Failed(Option<i32>),
    #[error("too many others wait for it")]
    Busy,
    #[error("its input cannot be read")]
    NoInput(#[source] storage::Error),
    #[error("its output cannot be kept")]
    NotKept(#[source] storage::Error),
}

impl Error {
    /// Whether it is about the bytes of the file, so that another run ends in the same way. A shell says with codes from 126 on
    /// that a program could not be run or was killed.
    pub fn is_verdict(&self) -> bool {
        match self {
            Self::Failed(code) => code.is_some_and(|code| code < 126),
            Self::TooLong => true,
            Self::Absent
            | Self::Io(_)
            | Self::TimedOut
            | Self::Busy
            | Self::NoInput(_)
            | Self::NotKept(_) => false,
        }
    }
}

/// What a program may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of the processor as much on each core.
    pub time: Duration,
    pub memory_bytes: u64,
    pub output_bytes: u64,
    /// Of each file that it writes.
    pub file_bytes: u64,
}

impl Limits {
    /// Threads use several cores at once.
    #[cfg(target_os = "linux")]
    fn processor_seconds(&self) -> u64 {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        // A second more than it may take, because parts of a second count.
        self.time.as_secs().saturating_mul(cores as u64) + 1
    }
}

/// Where the output of a program goes.
pub enum Sink<'a> {
    Pieces(&'a mut (dyn FnMut(&[u8]) + Send)),
    Staged(&'a mut Staging),
}

impl Sink<'_> {
    #[cfg(unix)]
    async fn take(&mut self, piece: &[u8]) -> Result<(), Error> {
        match self {
            Self::Pieces(take) => {
                take(piece);
                Ok(())
            }
            Self::Staged(staging) => staging.write(piece).await.map_err(Error::NotKept),
        }
    }
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
        "/tmp",
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

/// Runs a program and gives its output to `sink`, piece by piece; returns how long it was. `isolator` is the path of `bwrap`.
#[cfg(unix)]
pub async fn run(
    call: &Call<'_>,
    isolator: Option<&Path>,
    mut sink: Sink<'_>,
) -> Result<u64, Error> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let isolator = isolator.filter(|_| call.isolation == Isolation::Isolated);
    let remains = Remains::new().map_err(Error::Io)?;
    let (mut command, input) = command(call, isolator, &remains);
    let mut child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Error::Absent,
        _ => Error::Io(error),
    })?;
    let mut started = Started::new(child.id(), remains);
    started.limit(call.limits).map_err(Error::Io)?;
    let (mut stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let feed = async {
        if let Some(mut stdin) = stdin.take() {
            // A program that does not read ends by itself or by its time.
            let _ = stdin.write_all(&input).await;
        }
        Ok(())
    };
    let read = async {
        let mut read_bytes = 0;
        let Some(mut stdout) = stdout else {
            return Ok(read_bytes);
        };
        let mut piece = vec![0; 64 << 10];
        loop {
            let length = stdout.read(&mut piece).await.map_err(Error::Io)?;
            read_bytes += length as u64;
            if length == 0 {
                return Ok(read_bytes);
            }
            if read_bytes > call.limits.output_bytes {
                return Err(Error::TooLong);
            }
            sink.take(&piece[..length]).await?;
        }
    };
    let end = async {
        let status = child.wait().await.map_err(Error::Io)?;
        // What it started does not outlive it, and does not keep its output open.
        started.end().await;
        Ok(status)
    };
    let ended = async { tokio::try_join!(feed, read, end) };
    let ended = tokio::time::timeout(call.limits.time, ended).await;
    started.end().await;
    let ((), read_bytes, status) = ended.map_err(|_| Error::TimedOut)??;
    if status.success() {
        Ok(read_bytes)
    } else {
        Err(Error::Failed(status.code()))
    }
}

/// The command, and what its program reads first.
#[cfg(unix)]
fn command(
    call: &Call<'_>,
    isolator: Option<&Path>,
    remains: &Remains,
) -> (tokio::process::Command, Vec<u8>) {
    use std::process::Stdio;

    let (program, arguments, input) = command_line(call, isolator);
    let isolation = isolator.map_or(Isolation::Plain, |_| Isolation::Isolated);
    let mut command = tokio::process::Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .envs(remains.environment(isolation))
        .current_dir(remains.folder())
        .stdin(if input.is_empty() {
            Stdio::null()
        } else {
            Stdio::piped()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true);
    (command, input)
}

#[cfg(not(unix))]
pub async fn run(_: &Call<'_>, _: Option<&Path>, _: Sink<'_>) -> Result<u64, Error> {
    Err(Error::Absent)
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
