//! The shared library that moves the program's wall clock, compiled from the tests' source.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles it into `folder`; `None` without a C compiler or outside Linux.
pub fn clock(folder: &Path) -> Option<PathBuf> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../midiateca/tests/it/shim/clock.c");
    let library = folder.join("clock.so");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(source)
        .arg("-ldl")
        .status();
    compiled
        .is_ok_and(|status| status.success())
        .then_some(library)
}
