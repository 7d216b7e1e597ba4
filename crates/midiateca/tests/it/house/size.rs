//! Files and functions are short.

use super::*;

/// The most lines of a file, also of one with tests.
const MOST_LINES: usize = 600;

#[test]
fn files_are_short() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    sources(&crates, &mut files);
    files.retain(|file| file.iter().all(|part| part != "target"));
    assert!(files.len() > 500, "{} files", files.len());
    let mut wrong = Vec::new();
    for file in files {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        if lines > MOST_LINES {
            wrong.push(format!("{}: {lines} lines", file.display()));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn functions_are_short_by_a_lint() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |name: &str| fs::read_to_string(root.join(name)).unwrap();
    assert!(read("clippy.toml").contains("too-many-lines-threshold = 80\n"));
    assert!(read("Cargo.toml").contains("\ntoo_many_lines = \"warn\"\n"));
    assert!(read("scripts/test").contains("-D warnings"));
    for (module, text) in files() {
        let allowed = text.lines().filter(|line| {
            line.contains("too_many_lines") && !line.starts_with("#![cfg_attr(test, allow(")
        });
        assert_eq!(allowed.collect::<Vec<_>>(), Vec::<&str>::new(), "{module}");
    }
}
