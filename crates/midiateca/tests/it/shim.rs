//! Shared libraries that change a system call, loaded into the real program with `LD_PRELOAD`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles a C file of `tests/it/shim/` into a shared library, and returns its path; None where that is not possible,
/// which is announced, so that the test can be skipped. Linux only.
pub fn compile(source: impl AsRef<Path>) -> Option<PathBuf> {
    let source = source.as_ref();
    let name = source.file_stem().unwrap().to_str().unwrap();
    if !cfg!(target_os = "linux") {
        eprintln!("skipped: {name}.c needs LD_PRELOAD of Linux");
        return None;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/shim")
        .join(source);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    // Tests run in processes of their own at the same time: each compiles its own copy and renames it into place.
    let unfinished = folder.join(format!("{name}-{}.so", std::process::id()));
    let library = folder.join(format!("{name}.so"));
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
        .arg(&unfinished)
        .arg(&path)
        .args(["-ldl", "-lpthread"])
        .output();
    match compiled {
        Ok(output) if output.status.success() => {
            std::fs::rename(&unfinished, &library).unwrap();
            Some(library)
        }
        Ok(output) => panic!(
            "{name}.c does not compile: {}",
            String::from_utf8_lossy(&output.stderr)
        ),
        Err(error) => {
            eprintln!("skipped: {name}.c needs a C compiler (cc): {error}");
            None
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_shim_changes_the_answers_of_the_system() {
    let Some(library) = compile("clock.c") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let offset = folder.path().join("offset");
    let year_of = |offset_seconds: &str| {
        std::fs::write(&offset, offset_seconds).unwrap();
        let output = Command::new("date")
            .args(["-u", "+%Y"])
            .env("LD_PRELOAD", &library)
            .env("SHIM_CLOCK_FILE", &offset)
            .output()
            .unwrap();
        let year = String::from_utf8(output.stdout).unwrap();
        year.trim().parse::<i32>().unwrap()
    };
    let hundred_years = "3155760000";
    assert_eq!(year_of(hundred_years) - year_of("0"), 100);
}
