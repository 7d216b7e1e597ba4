//! Dependencies point down, and each library has one room.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The texts explain the errors of every module.
const EDGES: &[&str] = &["cli", "http", "server", "i18n"];
const COMPOSERS: &[&str] = &["ingest", "worker", "download", "ops", "clock_check"];
const STEPS: &[&str] = &[
    "gateway",
    "deliveries",
    "media",
    "queue",
    "net",
    "storage",
    "events",
    "instances",
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

/// The source folders of the library and of the program.
fn roots() -> [PathBuf; 2] {
    let program = Path::new(env!("CARGO_MANIFEST_DIR"));
    [program.join("../service/src"), program.join("src")]
}

/// The text of each file of the library and of the program with its room, tests left out.
fn files() -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for root in roots() {
        let mut files = Vec::new();
        sources(&root, &mut files);
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
            texts.push((room, fs::read_to_string(file).unwrap()));
        }
    }
    texts
}

/// The text of each room of the library and of the program, tests left out.
fn rooms() -> BTreeMap<String, String> {
    let mut rooms = BTreeMap::<String, String>::new();
    for (room, text) in files() {
        rooms.entry(room).or_default().push_str(&text);
    }
    rooms
}

/// Operations that are not given what they use yet.
const USES_APP: &[&str] = &["ops/live"];

/// The text of each operation in the library by its path, except for those that still use the app.
fn operations() -> BTreeMap<String, String> {
    let root = &roots()[0];
    let mut files = vec![root.join("ops.rs")];
    sources(&root.join("ops"), &mut files);
    let below = |file: &PathBuf| {
        let below = file.strip_prefix(root).unwrap().display().to_string();
        below.replace('\\', "/")
    };
    let texts = files
        .iter()
        .map(|file| (below(file), fs::read_to_string(file).unwrap()));
    let is_exempt = |below: &str| USES_APP.iter().any(|it| below.starts_with(it));
    texts.filter(|(below, _)| !is_exempt(below)).collect()
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
            // The handles of all modules; see `operations_get_what_they_use_and_not_the_app`.
            "app" | "ops" => EDGES.to_vec(),
            room if COMPOSERS.contains(&room) => [EDGES, &["app"]].concat(),
            room if STEPS.contains(&room) => {
                // `media` has all SQL of its table: `queue` decides, the others ask for it in their statements.
                let uses_media = ["queue", "deliveries", "events"].contains(&room);
                let others = STEPS.iter().filter(|step| {
                    **step != room
                        && !["gateway", "instances"].contains(step)
                        && !(uses_media && **step == "media")
                });
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
fn operations_get_what_they_use_and_not_the_app() {
    let operations = operations();
    assert!(operations.len() > 40, "{:?}", operations.keys());
    let users = operations
        .iter()
        .filter(|(_, text)| used(text).contains(&"app"));
    let users: Vec<_> = users.map(|(file, _)| file).collect();
    assert_eq!(users, Vec::<&String>::new());
}

#[test]
fn paths_of_stored_files_do_not_leave_the_storage() {
    let mut wrong = Vec::new();
    for (room, text) in files() {
        if room != "storage" && text.contains("storage.root()") {
            wrong.push(room);
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// The table that follows each `from`, `join`, `into` and `update` in the strings of a text.
fn tables_in(text: &str) -> Vec<String> {
    let mut tables = Vec::new();
    for (_, string) in strings(text) {
        let words: Vec<_> = string
            .split(|it: char| it.is_whitespace() || it == '(')
            .collect();
        for pair in words.windows(2) {
            if ["from", "join", "into", "update"].contains(&pair[0]) {
                let name = pair[1].trim_end_matches([',', ')', ';']);
                tables.push(name.to_owned());
            }
        }
    }
    tables
}

/// The tables that the migrations create.
fn tables() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../service/migrations/sqlite");
    let mut tables = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let created = text.split("create table ").skip(1);
        tables.extend(created.map(|rest| name_at(rest).to_owned()));
    }
    tables
}

#[test]
fn the_sql_of_a_table_is_in_one_module() {
    let tables = tables();
    assert!(tables.len() > 12, "{tables:?}");
    let mut users = BTreeMap::<String, Vec<String>>::new();
    for (room, text) in files() {
        for table in tables_in(&text) {
            let rooms = users.entry(table).or_default();
            if !rooms.contains(&room) {
                rooms.push(room.clone());
            }
        }
    }
    let several = users
        .iter()
        .filter(|(table, rooms)| tables.contains(table) && rooms.len() > 1);
    assert_eq!(several.collect::<Vec<_>>(), vec![]);
    assert_eq!(users["media"], ["media"]);
}

#[test]
fn the_tables_of_a_statement_are_found() {
    let text =
        r#"f("select a from media join events on (select 1 from clients)"); g("update media");"#;
    assert_eq!(tables_in(text), ["media", "events", "clients", "media"]);
}

#[test]
fn the_service_and_the_command_line_are_both_looked_at() {
    let rooms = rooms();
    for room in EDGES.iter().chain(COMPOSERS).chain(STEPS) {
        assert!(rooms.contains_key(*room), "there is no {room}");
    }
    assert!(rooms.contains_key("lib") && rooms.contains_key("main"));
}

/// Whether a line, or a block around it, is compiled for some systems only. Leans on the formatter's indentation.
fn is_for_one_system(lines: &[&str], at: usize) -> bool {
    let depth = |line: &str| line.len() - line.trim_start().len();
    let is_attribute = |line: &str| line.trim_start().starts_with("#[");
    let names_system = |line: &str| line.contains("unix") || line.contains("target_os");
    let mut at = at;
    loop {
        let above = lines[..at].iter().rev();
        let mut attributes = above.take_while(|line| is_attribute(line));
        if attributes.any(|line| names_system(line)) {
            return true;
        }
        let is_around = |line: &&str| {
            let is_end = line.trim_start().starts_with([')', '}', ']']);
            !line.trim().is_empty() && depth(line) <= depth(lines[at]) && !is_end
        };
        let is_outer = |line: &&str| depth(line) < depth(lines[at]) || depth(line) == 0;
        let around = lines[..at]
            .iter()
            .rposition(|line| is_around(line) && is_outer(line) && !is_attribute(line));
        match around {
            Some(around) if depth(lines[at]) > 0 => at = around,
            _ => return false,
        }
    }
}

#[test]
fn what_only_unix_has_is_compiled_for_unix_only() {
    let mut wrong = Vec::new();
    for root in roots() {
        let mut files = Vec::new();
        sources(&root, &mut files);
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            let lines: Vec<_> = text.lines().collect();
            let is_of_unix = |line: &&str| {
                let line = line.trim_start();
                !line.starts_with("//") && line.contains("std::os::unix")
            };
            for (at, _) in lines.iter().enumerate().filter(|(_, it)| is_of_unix(it)) {
                if !is_for_one_system(&lines, at) {
                    let below = file.strip_prefix(&root).unwrap();
                    wrong.push(format!("{}:{}", below.display(), at + 1));
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn what_is_for_one_system_is_known_by_the_attributes_around_it() {
    let text = "#[cfg(unix)]\nfn a(\n    b: u8,\n) {\n    use std::os::unix;\n}\n\nfn c() {\n    #[cfg(unix)]\n    {\n        d();\n        use std::os::unix;\n    }\n    use std::os::unix;\n}\n";
    let lines: Vec<_> = text.lines().collect();
    let found: Vec<_> = (0..lines.len())
        .filter(|at| lines[*at].contains("os::unix"))
        .map(|at| is_for_one_system(&lines, at))
        .collect();
    assert_eq!(found, [true, true, false]);
}

/// The modules that each module of the library uses.
fn graph() -> BTreeMap<String, BTreeSet<String>> {
    let mut rooms = rooms();
    let operations = operations().into_values().collect();
    rooms.insert("ops".to_owned(), operations);
    let product = |text: &str| -> String {
        let lines = text.lines();
        let lines = lines.filter(|line| !line.trim_start().starts_with("//"));
        lines.flat_map(|line| [line, "\n"]).collect()
    };
    let uses = rooms.iter().map(|(room, text)| {
        let text = product(text);
        let names = used(&text).into_iter().map(str::to_owned);
        let names = names.filter(|name| name != room && rooms.contains_key(name));
        (room.clone(), names.collect())
    });
    uses.collect()
}

#[test]
fn no_modules_use_each_other_in_a_cycle() {
    let mut graph = graph();
    // The command line is another crate.
    graph.retain(|room, _| !["cli", "main", "lib"].contains(&room.as_str()));
    // Takes out what uses nothing that is left, until only cycles are.
    loop {
        let left: BTreeSet<_> = graph.keys().cloned().collect();
        graph.retain(|_, uses| uses.iter().any(|used| left.contains(used)));
        if graph.len() == left.len() {
            break;
        }
    }
    assert!(graph.is_empty(), "cycles: {graph:?}");
}

/// Who of the composers may use which others.
const COMPOSITION: &[(&str, &[&str])] = &[
    ("ingest", &[]),
    ("download", &[]),
    ("worker", &["download"]),
    ("clock_check", &["download"]),
    ("ops", &["ingest", "download", "worker", "clock_check"]),
];

#[test]
fn composers_use_each_other_in_one_direction_only() {
    let graph = graph();
    let mut wrong = Vec::new();
    for (room, allowed) in COMPOSITION {
        let others = COMPOSERS.iter().filter(|it| !allowed.contains(it));
        for other in others.filter(|it| *it != room) {
            if graph[*room].contains(*other) {
                wrong.push(format!("{room} uses {other}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn each_library_has_one_room() {
    let rooms = rooms();
    for (library, room) in [
        ("axum", "http"),
        ("hyper_rustls", "net"),
        ("rusqlite", "db"),
        ("clap", "cli"),
        ("clap_complete", "cli"),
        ("clap_mangen", "cli"),
        ("anyhow", "cli"),
        ("comfy_table", "cli"),
        ("indicatif", "cli"),
        ("ratatui", "cli"),
        ("crossterm", "cli"),
        ("tar", "ops"),
        ("wa_sim", "cli"),
        ("zip", "ops"),
        ("fs4", "storage"),
        ("rustls", "net"),
        ("webpki_roots", "net"),
        ("chacha20poly1305", "secrets"),
        ("lz4_flex", "deliveries"),
        ("tracing_subscriber", "telemetry"),
        ("toml", "config"),
        ("fluent_bundle", "i18n"),
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
            users.iter().all(|user| *user == room),
            "{library} is used in {users:?}"
        );
        assert!(!users.is_empty(), "{library} is used nowhere");
    }
}

/// Files of the command line whose sentences do not stand in the catalogue yet. To be emptied, and never to grow.
/// English names that stand in JSON, or in a file, and stay as they are.
const NOT_FOR_PEOPLE: &[&str] = &[
    "queued, for its file was lost",
    "would be queued",
    "left alone",
    "not set",
    "given up",
    "left out",
    "midiateca media export\\n",
    "Clínica Aurora",
    "Oficina do Bairro",
    "bom dia",
    " midiateca monitor",
    "Brazilian Portuguese",
];

/// Each string of a text with what stands before it, back to the end of the statement or block before. Comments and
/// `mod tests` are left out.
fn strings(text: &str) -> Vec<(String, String)> {
    let text = text.split("#[cfg(test)]").next().unwrap_or("");
    let text = text.split("#[cfg(all(test").next().unwrap_or("");
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let text: String = lines.flat_map(|line| [line, "\n"]).collect();
    let (mut found, mut before, mut letters) = (Vec::new(), String::new(), text.chars());
    while let Some(letter) = letters.next() {
        match letter {
            // A letter between quotes, not a lifetime.
            '\'' => {
                let rest = letters.as_str();
                let is_letter = rest.starts_with('\\') || rest.chars().nth(1) == Some('\'');
                if is_letter {
                    letters.next();
                    letters.find(|letter| *letter == '\'');
                }
            }
            '"' => {
                let mut string = String::new();
                while let Some(letter) = letters.next().filter(|letter| *letter != '"') {
                    string.push(letter);
                    if letter == '\\' {
                        string.extend(letters.next());
                    }
                }
                found.push((before.clone(), string));
                before.push('_');
            }
            ';' | '{' | '}' => before.clear(),
            other => before.push(other),
        }
    }
    found
}

/// Whether a string holds two words beside each other, outside of its holes: such is a sentence.
fn is_a_sentence(string: &str) -> bool {
    let parts = string.split('{');
    let parts = parts.map(|part| part.split_once('}').map_or(part, |(_, after)| after));
    let outside = parts.collect::<Vec<_>>().join(" {} ");
    let words: Vec<_> = outside.split(' ').collect();
    let is_word = |word: &str| word.len() > 1 && word.chars().all(char::is_alphabetic);
    words
        .windows(2)
        .any(|pair| pair.iter().all(|word| is_word(word)))
}

#[test]
fn people_are_spoken_to_from_the_catalogue() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut wrong = Vec::new();
    for file in files.iter().filter(|file| !file.ends_with("tests.rs")) {
        let below = file.strip_prefix(&root).unwrap();
        let name = below.display().to_string().replace('\\', "/");
        let text = fs::read_to_string(file).unwrap();
        for (before, string) in strings(&text) {
            // Errors are written in English, for logs, and told by `complaint`; log lines are English; so are reasons
            // for lints.
            let is_for_others = ["#[error(", "tracing::", "reason = "]
                .iter()
                .any(|mark| before.contains(mark));
            let is_a_name = NOT_FOR_PEOPLE.contains(&string.as_str());
            if is_a_sentence(&string) && !is_for_others && !is_a_name {
                wrong.push(format!("{name}: {string:?}"));
            }
        }
    }
    assert_eq!(
        wrong,
        Vec::<String>::new(),
        "sentences stand in crates/service/i18n, in both languages; names that stay English go to NOT_FOR_PEOPLE"
    );
}

#[test]
fn a_sentence_is_known_when_it_is_seen() {
    let text = "fn f() { say(\"no such thing\"); tell('\"', \"a\\\"b\"); // \"not this one\"\n}";
    let found: Vec<_> = strings(text).into_iter().map(|(_, text)| text).collect();
    assert_eq!(found[..2], ["no such thing", "a\\\"b"]);
    for (string, expected) in [
        ("no such thing", true),
        ("not set", true),
        ("{} is no kind", true),
        ("{} {} HTTP {status} {} bytes {} ms: {outcome}", false),
        ("cliente_{}\\t{}", false),
    ] {
        assert_eq!(is_a_sentence(string), expected, "{string}");
    }
}
