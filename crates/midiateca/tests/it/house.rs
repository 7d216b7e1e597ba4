//! Dependencies point down, and each library has one room.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const EDGES: &[&str] = &["cli", "http"];
const COMPOSERS: &[&str] = &[
    "intake",
    "worker",
    "archive",
    "retention",
    "takeover",
    "backup",
];
const STEPS: &[&str] = &[
    "gateway", "delivery", "queue", "fetch", "vault", "catalog", "events", "registry",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The text of each room, tests left out.
fn rooms() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut rooms = BTreeMap::<String, String>::new();
    for file in files.iter().filter(|file| !file.ends_with("tests.rs")) {
        let below = file.strip_prefix(&root).unwrap();
        let room = below
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_str()
            .unwrap()
            .trim_end_matches(".rs")
            .to_owned();
        let text = fs::read_to_string(file).unwrap();
        rooms.entry(room).or_default().push_str(&text);
    }
    rooms
}

/// The rooms that a text names.
fn used(text: &str) -> Vec<&str> {
    let parts = text.split("crate::").skip(1);
    let mut names = Vec::new();
    for part in parts {
        if let Some(list) = part.strip_prefix('{') {
            let list = list.split("};").next().unwrap_or("");
            let mut depth = 0;
            let mut start = true;
            for (at, letter) in list.char_indices() {
                match letter {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 0 => start = true,
                    _ if start && depth == 0 && letter.is_ascii_lowercase() => {
                        names.push(name_at(&list[at..]));
                        start = false;
                    }
                    _ => {}
                }
            }
        } else {
            names.push(name_at(part));
        }
    }
    names
}

fn name_at(text: &str) -> &str {
    text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .next()
        .unwrap_or("")
}

#[test]
fn dependencies_point_down() {
    let mut wrong = Vec::new();
    for (room, text) in rooms() {
        let forbidden: Vec<_> = match room.as_str() {
            room if EDGES.contains(&room) || ["main", "lib"].contains(&room) => continue,
            room if COMPOSERS.contains(&room) => EDGES.to_vec(),
            // The handles of all rooms: it knows the steps, and the figures that intake keeps in memory.
            "app" => EDGES.to_vec(),
            room if STEPS.contains(&room) => {
                let others = STEPS
                    .iter()
                    .filter(|step| **step != room && !["gateway", "registry"].contains(step));
                let mut forbidden = [EDGES, COMPOSERS].concat();
                forbidden.extend(others);
                forbidden.push("app");
                forbidden
            }
            _ => {
                let mut forbidden = [EDGES, COMPOSERS, STEPS].concat();
                forbidden.push("app");
                forbidden
            }
        };
        for name in used(&text)
            .into_iter()
            .filter(|name| forbidden.contains(name))
        {
            wrong.push(format!("{room} uses {name}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn each_library_has_one_room() {
    let rooms = rooms();
    for (library, room) in [
        ("axum", "http"),
        ("hyper_rustls", "fetch"),
        ("rusqlite", "db"),
        ("clap", "cli"),
        ("clap_complete", "cli"),
        ("clap_mangen", "cli"),
        ("comfy_table", "cli"),
        ("ratatui", "cli"),
        ("crossterm", "cli"),
        ("tar", "cli"),
        ("zip", "cli"),
        ("infer", "vault"),
        ("fs4", "vault"),
        ("toml", "config"),
    ] {
        let users: Vec<_> = rooms
            .iter()
            .filter(|(_, text)| {
                text.lines().any(|line| {
                    !line.trim_start().starts_with("//") && line.contains(&format!("{library}::"))
                })
            })
            .map(|(room, _)| room.as_str())
            .collect();
        assert!(
            users
                .iter()
                .all(|user| *user == room || (library == "clap" && *user == "telemetry")),
            "{library} is used in {users:?}"
        );
        assert!(!users.is_empty(), "{library} is used nowhere");
    }
}
