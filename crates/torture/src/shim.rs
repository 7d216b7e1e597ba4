//! The shared libraries that are preloaded into the program.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

/// Moves the program's wall clock. `None` without a C compiler or outside Linux.
pub fn clock(folder: &Path) -> Option<PathBuf> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let tests = "../midiateca/tests/it/shim/clock.c";
    compile(tests, folder).ok()
}

/// Records what the program does to its files, and counts it.
pub fn recorder(folder: &Path) -> anyhow::Result<PathBuf> {
    compile("src/record.c", folder)
}

/// Compiles a source of this crate into `folder`.
fn compile(source: &str, folder: &Path) -> anyhow::Result<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(source);
    let name = source.file_stem().unwrap_or_default();
    let library = folder.join(name).with_extension("so");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(&source)
        .args(["-ldl", "-lpthread"])
        .status()
        .context("cc")?;
    ensure!(compiled.success(), "{} does not compile", source.display());
    Ok(library)
}
