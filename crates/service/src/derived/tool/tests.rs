use std::fs;
#[cfg(unix)]
use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::clock::Clock;
use crate::derived::programs::Programs;
use crate::derived::schedule::Schedule;

/// A folder with programs and a file.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::write(place.file(), "untrusted bytes").unwrap();
        place
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("a file.bin")
    }

    fn program(&self, name: &str, script: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        path
    }

    /// Writes the script and runs it with the file as its argument.
    async fn run(&self, script: &str, limits: Limits) -> Result<String, Error> {
        let program = self.program("tool", script);
        run_program(&program, &self.file(), limits, None).await
    }
}

async fn run_program(
    program: &Path,
    file: &Path,
    limits: Limits,
    isolator: Option<&Path>,
) -> Result<String, Error> {
    let arguments = [PATH.to_owned(), "x{path}y".to_owned(), "{other}".to_owned()];
    let call = Call {
        program,
        arguments: &arguments,
        file,
        limits,
        isolation: Isolation::Isolated,
    };
    let mut output = Vec::new();
    let mut take = |piece: &[u8]| output.extend_from_slice(piece);
    run(&call, isolator, Sink::Pieces(&mut take)).await?;
    Ok(String::from_utf8(output).unwrap())
}

fn limits() -> Limits {
    Limits {
        time: Duration::from_secs(30),
        memory_bytes: 256 << 20,
        output_bytes: 1 << 20,
        file_bytes: 1 << 20,
    }
}

/// Neither running nor waiting for anything; what ended may not be collected yet.
fn has_ended(id: &str) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{}/stat", id.trim())) else {
        return true;
    };
    let state = stat.rsplit(')').next().unwrap_or("").trim();
    state.starts_with('Z') || state.starts_with('X')
}

#[tokio::test]
async fn a_program_gets_its_arguments_and_nothing_of_this_process() {
    let place = Place::new();
    let script = r#"printf '%s|' "$@"; cat "$1"; cat; env"#;
    let output = place.run(script, limits()).await.unwrap();
    let path = place.file().display().to_string();
    let start = format!("{path}|x{path}y|{{other}}|untrusted bytes");
    assert!(output.starts_with(&start), "{output}");
    let environment = &output[start.len()..];
    let names = environment.lines().filter_map(|line| line.split_once('='));
    // Shells add the other ones.
    let mut names: Vec<_> = names
        .map(|(name, _)| name)
        .filter(|name| !["PWD", "OLDPWD", "SHLVL", "_"].contains(name))
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["HOME", "LANG", "MIDIATECA_RUN", "PATH", "TMPDIR"]);
    assert!(environment.contains("LANG=C.UTF-8"), "{environment}");
}

#[tokio::test]
async fn each_run_has_an_empty_folder_that_goes_with_it() {
    let place = Place::new();
    let script = r#"pwd; ls -A; echo "$HOME"; echo "$TMPDIR"; mkdir -p deep/er; echo left >deep/er/behind; [ "$#" = 3 ]"#;
    let mut folders = Vec::new();
    for _ in 0..2 {
        let output = place.run(script, limits()).await.unwrap();
        let lines: Vec<_> = output.lines().map(str::to_owned).collect();
        let [folder, home, temporary] = &lines[..] else {
            panic!("the folder is not empty: {output}");
        };
        assert_eq!((home, temporary), (folder, folder));
        assert!(!Path::new(folder).exists(), "{folder}");
        folders.push(folder.clone());
    }
    assert_ne!(folders[0], folders[1]);
    assert_ne!(Path::new(&folders[0]), std::env::current_dir().unwrap());
    let hurried = Limits {
        time: Duration::from_millis(700),
        ..limits()
    };
    let script = r#"pwd >"$1.folder"; sleep 600"#;
    let ended = place.run(script, hurried).await;
    assert!(matches!(ended, Err(Error::TimedOut)), "{ended:?}");
    let folder = fs::read_to_string(disk_path(&place, "folder")).unwrap();
    assert!(!Path::new(folder.trim()).exists(), "{folder}");
}

/// A program that leaves its process group, with all that a shell does for a daemon.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_daemon_that_a_program_starts_does_not_outlive_it() {
    let place = Place::new();
    let daemon =
        r#"setsid sh -c 'cd /; echo "$$" >"$0.new"; mv "$0.new" "$0.daemon"; sleep 600' "$1" & "#;
    let started = r#"until [ -e "$1.daemon" ]; do :; done; "#;
    let hurried = Limits {
        time: Duration::from_millis(1_500),
        ..limits()
    };
    for (rest, limits) in [("", limits()), ("sleep 600", hurried)] {
        let ended = place.run(&format!("{daemon}{started}{rest}"), limits).await;
        if rest.is_empty() {
            // It has the program's output open.
            ended.unwrap();
        } else {
            assert!(matches!(ended, Err(Error::TimedOut)), "{ended:?}");
        }
        let path = disk_path(&place, "daemon");
        let id = fs::read_to_string(&path).unwrap();
        assert!(has_ended(&id), "{id}");
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn only_what_is_said_of_the_bytes_is_a_verdict() {
    let full = storage::Error::Full(io::ErrorKind::StorageFull.into());
    for (error, is_verdict) in [
        (Error::Failed(Some(1)), true),
        (Error::TooLong, true),
        (Error::Failed(None), false),
        (Error::Failed(Some(126)), false),
        (Error::Failed(Some(137)), false),
        (Error::TimedOut, false),
        (Error::Absent, false),
        (Error::Busy, false),
        (Error::Io(io::ErrorKind::OutOfMemory.into()), false),
        (Error::NotKept(full), false),
    ] {
        assert_eq!(error.is_verdict(), is_verdict, "{error}");
    }
}

#[tokio::test]
async fn a_program_that_hangs_is_killed_with_all_that_it_started() {
    let place = Place::new();
    let hurried = Limits {
        time: Duration::from_millis(700),
        ..limits()
    };
    let script =
        r#"sleep 600 & echo "$!" >"$1.child"; echo "$$" >"$1.own"; trap '' TERM; wait; sleep 600"#;
    let ended = place.run(script, hurried).await;
    assert!(matches!(ended, Err(Error::TimedOut)), "{ended:?}");
    for name in ["child", "own"] {
        let id = fs::read_to_string(disk_path(&place, name)).unwrap();
        while !has_ended(&id) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn disk_path(place: &Place, name: &str) -> PathBuf {
    crate::disk::with_suffix(&place.file(), &format!(".{name}"))
}

#[tokio::test]
async fn a_program_whose_caller_goes_away_is_killed() {
    let place = Place::new();
    let script = r#"echo "$$" >"$1.new"; mv "$1.new" "$1.own"; sleep 600"#;
    let program = place.program("tool", script);
    let started = async {
        loop {
            match fs::read_to_string(disk_path(&place, "own")) {
                Ok(id) => return id,
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    let file = place.file();
    let id = tokio::select! {
        ended = run_program(&program, &file, limits(), None) => panic!("{ended:?}"),
        id = started => id,
    };
    while !has_ended(&id) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn what_a_program_leaves_behind_does_not_outlive_it() {
    let place = Place::new();
    let script = r#"sleep 600 & echo "$!""#;
    let id = place.run(script, limits()).await.unwrap();
    while !has_ended(&id) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn endless_output_memory_and_files_are_limited() {
    let place = Place::new();
    let ended = place.run("while :; do echo more; done", limits()).await;
    assert!(matches!(ended, Err(Error::TooLong)), "{ended:?}");
    let ended = place.run("exec 2>&1; exit 3", limits()).await;
    assert!(matches!(ended, Err(Error::Failed(Some(3)))), "{ended:?}");
    let absent = run_program(Path::new("/nowhere/tool"), &place.file(), limits(), None).await;
    assert!(matches!(absent, Err(Error::Absent)), "{absent:?}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_program_has_the_limits_that_it_was_given() {
    let place = Place::new();
    // It may begin before its limits are set.
    let wait = r#"while [ "$(ulimit -v)" = unlimited ]; do :; done;"#;
    let script = format!("{wait} ulimit -v; ulimit -t; ulimit -f; ulimit -c");
    let output = place.run(&script, limits()).await.unwrap();
    let cores = std::thread::available_parallelism().unwrap();
    let seconds = 30 * cores.get() + 1;
    assert_eq!(output, format!("262144\n{seconds}\n2048\n0\n"));
    // One line of a gigabyte.
    let script = format!("{wait} head -c 1000000000 /dev/zero | tail -n 1 >/dev/null");
    let ended = place.run(&script, limits()).await;
    assert!(matches!(ended, Err(Error::Failed(_))), "{ended:?}");
    let script = format!(r#"{wait} head -c 100000000 /dev/zero >"$1.large""#);
    let ended = place.run(&script, limits()).await;
    assert!(matches!(ended, Err(Error::Failed(_))), "{ended:?}");
    let written = fs::metadata(disk_path(&place, "large")).unwrap().len();
    assert!(written <= 1 << 20, "{written}");
}

#[tokio::test]
async fn an_isolated_program_has_its_file_and_no_network_and_no_other_file() {
    let programs = Programs::new(
        crate::config::Derived::default(),
        Schedule::new(Clock::system()),
    );
    let Some(isolator) = programs.isolator().await else {
        eprintln!("SKIPPED: isolation (bwrap does not work here)");
        return;
    };
    let place = Place::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let secret = elsewhere.path().join("secret");
    fs::write(&secret, "secret").unwrap();
    let script = format!(
        r#"pwd; ulimit -v; cat "$1"; echo; tail -n +3 /proc/net/dev | cut -d: -f1; cat {} || echo none; echo x >"$1" || echo no"#,
        secret.display()
    );
    let program = place.program("tool", &script);
    let output = run_program(&program, &place.file(), limits(), Some(isolator)).await;
    let output = output.unwrap();
    let lines: Vec<_> = output.lines().map(str::trim).collect();
    assert_eq!(
        lines,
        ["/tmp", "262144", "untrusted bytes", "lo", "none", "no"]
    );
    let hurried = Limits {
        time: Duration::from_millis(700),
        ..limits()
    };
    // Its number is not ours; a marker in its command line finds it.
    let marker = format!("6{}", std::process::id());
    let program = place.program("hangs", &format!("setsid sleep {marker} & wait"));
    let ended = run_program(&program, &place.file(), hurried, Some(isolator)).await;
    assert!(matches!(ended, Err(Error::TimedOut)), "{ended:?}");
    let runs = || {
        let processes = fs::read_dir("/proc").unwrap().flatten();
        processes
            .filter_map(|process| fs::read(process.path().join("cmdline")).ok())
            .any(|line| {
                line.split(|byte| *byte == 0)
                    .any(|word| word == marker.as_bytes())
            })
    };
    while runs() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
