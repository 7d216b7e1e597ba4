//! Rules of the code: dependencies point down, each library and the SQL of each table has one module, code for one system is
//! compiled there only, texts for people are in the catalogues, files are short. Each rule has a test with a planted violation.

mod cycles;
mod gateways;
mod size;
mod templates;
mod texts;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use texts::strings;

/// The texts explain the errors of every module.
const EDGES: &[&str] = &["cli", "http", "server", "i18n"];
const COMPOSERS: &[&str] = &[
    "ingest",
    "worker",
    "download",
    "derived",
    "notifier",
    "ops",
    "clock_check",
];
const STEPS: &[&str] = &[
    "gateway",
    "deliveries",
    "media",
    "queue",
    "net",
    "storage",
    "events",
    "instances",
    "access",
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

/// The module and the text of each file of the library and of the program, without tests.
fn files() -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for root in roots() {
        let mut files = Vec::new();
        sources(&root, &mut files);
        for file in files.iter().filter(|file| !file.ends_with("tests.rs")) {
            let below = file.strip_prefix(&root).unwrap();
            let module = below
                .components()
                .next()
                .unwrap()
                .as_os_str()
                .to_str()
                .unwrap()
                .trim_end_matches(".rs")
                .to_owned();
            texts.push((module, fs::read_to_string(file).unwrap()));
        }
    }
    texts
}

type Modules = BTreeMap<String, String>;

/// The text of each module of the library and of the program, without tests.
fn modules() -> Modules {
    let mut modules = Modules::new();
    for (module, text) in files() {
        modules.entry(module).or_default().push_str(&text);
    }
    modules
}

/// The text of each operation in the library by its path.
fn operations() -> Modules {
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
    texts.collect()
}

/// Modules that a test makes up.
fn made_up(modules: &[(&str, &str)]) -> Modules {
    let modules = modules.iter();
    modules
        .map(|(module, text)| ((*module).to_owned(), (*text).to_owned()))
        .collect()
}

/// The modules that a text names.
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

/// The modules that a module must not use.
fn forbidden(module: &str) -> Vec<&'static str> {
    if EDGES.contains(&module) || ["main", "lib"].contains(&module) {
        return Vec::new();
    }
    // `app` has the handles of all modules; see `operations_get_what_they_use_and_not_the_app`.
    if module == "app" {
        return EDGES.to_vec();
    }
    if COMPOSERS.contains(&module) {
        return [EDGES, &["app"]].concat();
    }
    if !STEPS.contains(&module) {
        return [EDGES, COMPOSERS, STEPS, &["app"]].concat();
    }
    // `media` has all SQL of its table: `queue` decides, the others use parts of its statements.
    let uses_media = ["queue", "deliveries", "events"].contains(&module);
    let is_forbidden = |step: &&&str| {
        **step != module
            && !["gateway", "instances"].contains(*step)
            && !(uses_media && **step == "media")
    };
    let steps: Vec<_> = STEPS.iter().filter(is_forbidden).copied().collect();
    [EDGES, COMPOSERS, &["app"], &steps].concat()
}

fn wrong_directions(modules: &Modules) -> Vec<String> {
    let mut wrong = Vec::new();
    for (module, text) in modules {
        let forbidden = forbidden(module);
        let names = used(text).into_iter();
        let names = names.filter(|name| forbidden.contains(name));
        wrong.extend(names.map(|name| format!("{module} uses {name}")));
    }
    wrong
}

#[test]
fn dependencies_point_down() {
    assert_eq!(wrong_directions(&modules()), Vec::<String>::new());
}

#[test]
fn a_wrong_direction_is_found() {
    let modules = made_up(&[
        ("db", "use crate::media::Media;"),
        ("net", "use crate::storage;"),
        ("ops", "use crate::{http, media};"),
        ("queue", "use crate::{media, instances};"),
        ("worker", "fn f() { crate::app::App::open() }"),
    ]);
    assert_eq!(
        wrong_directions(&modules),
        [
            "db uses media",
            "net uses storage",
            "ops uses http",
            "worker uses app"
        ]
    );
}

fn users_of_app(texts: &Modules) -> Vec<&str> {
    let users = texts.iter().filter(|(_, text)| used(text).contains(&"app"));
    users.map(|(file, _)| file.as_str()).collect()
}

#[test]
fn operations_get_what_they_use_and_not_the_app() {
    let operations = operations();
    assert!(operations.len() > 40, "{:?}", operations.keys());
    assert_eq!(users_of_app(&operations), Vec::<&str>::new());
    let planted = made_up(&[("ops/retry.rs", "use crate::app::App;"), ("ops/x.rs", "")]);
    assert_eq!(users_of_app(&planted), ["ops/retry.rs"]);
}

#[test]
fn paths_of_stored_files_do_not_leave_the_storage() {
    let mut wrong = Vec::new();
    for (module, text) in files() {
        if module != "storage" && text.contains("storage.root()") {
            wrong.push(module);
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

/// The modules with SQL of each table.
fn table_users(files: &[(String, String)]) -> BTreeMap<String, BTreeSet<String>> {
    let mut users = BTreeMap::<String, BTreeSet<String>>::new();
    for (module, text) in files {
        for table in tables_in(text) {
            users.entry(table).or_default().insert(module.clone());
        }
    }
    users
}

#[test]
fn the_sql_of_a_table_is_in_one_module() {
    let tables = tables();
    assert!(tables.len() > 12, "{tables:?}");
    let users = table_users(&files());
    let several = users
        .iter()
        .filter(|(table, modules)| tables.contains(table) && modules.len() > 1);
    assert_eq!(several.collect::<Vec<_>>(), vec![]);
    assert_eq!(users["media"], BTreeSet::from(["media".to_owned()]));
}

#[test]
fn a_table_in_two_modules_is_found() {
    let file = |module: &str, text: &str| (module.to_owned(), text.to_owned());
    let users = table_users(&[
        file("media", "f(\"select id from media\")"),
        file("ops", "f(\"update media set a = 1\")"),
    ]);
    assert_eq!(users["media"].len(), 2);
}

#[test]
fn the_tables_of_a_statement_are_found() {
    let text =
        r#"f("select a from media join events on (select 1 from clients)"); g("update media");"#;
    assert_eq!(tables_in(text), ["media", "events", "clients", "media"]);
}

#[test]
fn the_service_and_the_command_line_are_both_checked() {
    let modules = modules();
    for module in EDGES.iter().chain(COMPOSERS).chain(STEPS) {
        assert!(modules.contains_key(*module), "there is no {module}");
    }
    assert!(modules.contains_key("lib") && modules.contains_key("main"));
}

/// Whether a line, or a block around it, is compiled for some systems only. Relies on the formatter's indentation.
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
fn unix_code_is_compiled_for_unix_only() {
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
fn unix_code_without_an_attribute_is_found() {
    let text = "#[cfg(unix)]\nfn a(\n    b: u8,\n) {\n    use std::os::unix;\n}\n\nfn c() {\n    #[cfg(unix)]\n    {\n        d();\n        use std::os::unix;\n    }\n    use std::os::unix;\n}\n";
    let lines: Vec<_> = text.lines().collect();
    let found: Vec<_> = (0..lines.len())
        .filter(|at| lines[*at].contains("os::unix"))
        .map(|at| is_for_one_system(&lines, at))
        .collect();
    assert_eq!(found, [true, true, false]);
}

type Graph = BTreeMap<String, BTreeSet<String>>;

/// The modules that each module uses.
fn graph(modules: &Modules) -> Graph {
    let without_comments = |text: &str| -> String {
        let lines = text.lines();
        let lines = lines.filter(|line| !line.trim_start().starts_with("//"));
        lines.flat_map(|line| [line, "\n"]).collect()
    };
    let uses = modules.iter().map(|(module, text)| {
        let text = without_comments(text);
        let names = used(&text).into_iter().map(str::to_owned);
        let names = names.filter(|name| name != module && modules.contains_key(name));
        (module.clone(), names.collect())
    });
    uses.collect()
}

/// Removes modules that use no remaining module, until only cycles remain.
fn cycles(mut graph: Graph) -> Graph {
    loop {
        let left: BTreeSet<_> = graph.keys().cloned().collect();
        graph.retain(|_, uses| uses.iter().any(|used| left.contains(used)));
        if graph.len() == left.len() {
            return graph;
        }
    }
}

#[test]
fn no_modules_use_each_other_in_a_cycle() {
    let mut modules = modules();
    modules.insert("ops".to_owned(), operations().into_values().collect());
    let mut graph = graph(&modules);
    // The command line is another crate.
    graph.retain(|module, _| !["cli", "main", "lib"].contains(&module.as_str()));
    assert_eq!(cycles(graph), Graph::new());
}

#[test]
fn a_cycle_is_found() {
    let modules = made_up(&[
        ("a", "use crate::b;"),
        ("b", "use crate::c;"),
        ("c", "use crate::a;"),
        ("d", "use crate::a;\n// crate::d"),
    ]);
    let mut graph = graph(&modules);
    assert_eq!(cycles(graph.clone()).len(), 4);
    graph.insert("c".to_owned(), BTreeSet::new());
    assert_eq!(cycles(graph), Graph::new());
}

/// The other composers that a composer may use.
const COMPOSITION: &[(&str, &[&str])] = &[
    ("ingest", &[]),
    ("download", &[]),
    ("derived", &[]),
    ("worker", &["download"]),
    ("clock_check", &["download"]),
    (
        "ops",
        &["ingest", "download", "derived", "worker", "clock_check"],
    ),
];

fn wrong_compositions(graph: &Graph) -> Vec<String> {
    let mut wrong = Vec::new();
    for (module, allowed) in COMPOSITION {
        let others = COMPOSERS.iter().filter(|it| !allowed.contains(it));
        for other in others.filter(|it| *it != module) {
            if graph.get(*module).is_some_and(|uses| uses.contains(*other)) {
                wrong.push(format!("{module} uses {other}"));
            }
        }
    }
    wrong
}

#[test]
fn composers_use_each_other_in_one_direction_only() {
    assert_eq!(wrong_compositions(&graph(&modules())), Vec::<String>::new());
    let planted = made_up(&[("worker", "use crate::ops;"), ("ops", "use crate::worker;")]);
    assert_eq!(wrong_compositions(&graph(&planted)), ["worker uses ops"]);
}

/// The module of each library.
const LIBRARIES: &[(&str, &str)] = &[
    ("axum", "http"),
    ("brotli_decompressor", "http"),
    ("ruzstd", "http"),
    ("hyper_rustls", "tls"),
    ("rustls", "tls"),
    ("webpki_roots", "tls"),
    ("object_store", "storage"),
    ("rusqlite", "db"),
    ("tokio_postgres", "db"),
    ("tokio_rustls", "tls"),
    ("fs4", "storage"),
    ("chacha20poly1305", "secrets"),
    ("ed25519_dalek", "ops"),
    ("lz4_flex", "deliveries"),
    ("image", "derived"),
    ("tracing_subscriber", "telemetry"),
    ("toml", "config"),
    ("bytesize", "config"),
    ("fluent_bundle", "i18n"),
    ("unic_langid", "i18n"),
    ("tar", "ops"),
    ("zip", "ops"),
    ("clap", "cli"),
    ("clap_complete", "cli"),
    ("clap_mangen", "cli"),
    ("anyhow", "cli"),
    ("comfy_table", "cli"),
    ("indicatif", "cli"),
    ("ratatui", "cli"),
    ("crossterm", "cli"),
    ("wa_sim", "cli"),
];

/// The modules that use a library.
fn library_users<'m>(modules: &'m Modules, library: &str) -> Vec<&'m str> {
    let path = format!("{library}::");
    let is_used = |line: &str| {
        !line.trim_start().starts_with("//")
            && line.match_indices(&path).any(|(at, _)| {
                !line[..at].ends_with(|letter: char| letter.is_alphanumeric() || letter == '_')
            })
    };
    let users = modules.iter();
    let users = users.filter(|(_, text)| text.lines().any(is_used));
    users.map(|(module, _)| module.as_str()).collect()
}

#[test]
fn each_library_has_one_module() {
    let modules = modules();
    for (library, module) in LIBRARIES {
        let users = library_users(&modules, library);
        assert_eq!(users, [*module], "{library}");
    }
}

#[test]
fn a_library_in_two_modules_is_found() {
    let modules = made_up(&[
        ("db", "use rusqlite::Row;"),
        ("media", "fn f(row: &rusqlite::Row<'_>) {}"),
        ("net", "use my_rusqlite::Row;\n// rusqlite::Row"),
    ]);
    assert_eq!(library_users(&modules, "rusqlite"), ["db", "media"]);
}

#[test]
fn the_paths_in_the_architecture_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let folders = ["crates/service/src", "crates/midiateca/src", "crates", "."];
    let is_path = |name: &&str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-/.".contains(&byte);
        name.bytes().all(is_plain) && (name.contains('/') || name.ends_with(".rs"))
    };
    let paths: Vec<_> = text.split('`').skip(1).step_by(2).filter(is_path).collect();
    assert!(paths.len() > 40, "{paths:?}");
    let exists = |path: &str| {
        let places = folders.iter().map(|folder| root.join(folder).join(path));
        places.into_iter().any(|place| place.exists())
    };
    let wrong: Vec<_> = paths.into_iter().filter(|path| !exists(path)).collect();
    assert_eq!(wrong, Vec::<&str>::new());
}
