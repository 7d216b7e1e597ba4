//! Code and documents are written in plain words: the listed ones mark a dialect that readers have to learn.

use std::fs;
use std::path::{Path, PathBuf};

const WORDS: &[&str] = &[
    "tell",
    "tells",
    "told",
    "held",
    "beside",
    "anew",
    "meanwhile",
    "nobody",
    "somebody",
    "whoever",
    "mend",
    "mends",
    "mended",
    "let go",
    "lets go",
    "put right",
];

/// Files and folders below the repository's root; `*` is each crate.
const PRODUCT: &[&str] = &[
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "README.md",
    "README.pt-BR.md",
    "bench",
    "crates/*/README.md",
    "crates/*/config",
    "crates/*/i18n",
    "crates/*/src",
    "docs",
    "packaging",
    "scripts",
];
const TESTS: &[&str] = &["crates/*/tests"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files(place: &Path, found: &mut Vec<PathBuf>) {
    if place.is_file() {
        found.push(place.to_owned());
    }
    for entry in fs::read_dir(place).into_iter().flatten() {
        let entry = entry.unwrap();
        // `target` and `Cargo.lock` are generated.
        if entry.file_name() != "target" && entry.file_name() != "Cargo.lock" {
            files(&entry.path(), found);
        }
    }
}

fn files_of(places: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for place in places {
        match place.strip_prefix("crates/*/") {
            None => files(&root().join(place), &mut found),
            Some(below) => {
                for one in fs::read_dir(root().join("crates")).unwrap() {
                    files(&one.unwrap().path().join(below), &mut found);
                }
            }
        }
    }
    found
}

fn has_dialect(line: &str) -> bool {
    // Names are words too.
    let line = line.to_lowercase().replace('_', " ");
    let is_letter = char::is_alphanumeric;
    WORDS.iter().any(|word| {
        line.match_indices(word).any(|(at, _)| {
            !line[..at].ends_with(is_letter) && !line[at + word.len()..].starts_with(is_letter)
        })
    })
}

/// The lines with such words, with their places.
fn dialect(places: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files_of(places) {
        // Not a text.
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        if file.ends_with("house/words.rs") {
            continue;
        }
        let lines = text.lines().enumerate();
        let lines = lines.filter(|(_, line)| has_dialect(line));
        found.extend(lines.map(|(at, line)| format!("{}:{}: {line}", file.display(), at + 1)));
    }
    found
}

fn check(places: &[&str], least_files: usize) {
    assert!(files_of(places).len() > least_files);
    let found = dialect(places);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn code_and_documents_use_plain_words() {
    check(PRODUCT, 300);
}

#[test]
fn tests_use_plain_words() {
    check(TESTS, 50);
}

#[test]
fn such_words_are_found() {
    for (line, expected) in [
        ("/// Tells nobody.", true),
        ("let told = 1;", true),
        ("what a rule lets go", true),
        ("fn nothing_is_put_right() {}", true),
        ("retold(untold, besides, mending)", false),
        ("let going = 1;", false),
        ("nothing of the kind", false),
    ] {
        assert_eq!(has_dialect(line), expected, "{line}");
    }
}
