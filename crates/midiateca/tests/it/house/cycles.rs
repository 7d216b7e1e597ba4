//! No two files use each other, also not inside a module. A file and the files in its folder may: the parent has what they
//! share, and calls them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::{roots, sources};

/// Modules by their path, such as `["ops", "export"]`.
type Module = Vec<String>;
type Graph = BTreeMap<Module, BTreeSet<Module>>;

/// The text without comments and without the tests at its end.
fn code(text: &str) -> String {
    let text = text.split("\n#[cfg(test)]\nmod").next().unwrap_or("");
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// The module of a file below the root; empty for the root itself.
fn module_of(file: &Path) -> Module {
    let parts = file.with_extension("");
    let parts = parts
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect::<Vec<_>>();
    match parts.as_slice() {
        [root] if root == "lib" || root == "main" => Vec::new(),
        _ => parts,
    }
}

/// The length of the name at the beginning of a text.
fn name_length(text: &str) -> usize {
    text.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .unwrap_or(text.len())
}

/// Collects the paths that continue `before` at the beginning of `text`, such as `a::{b, c::d}`. Returns the length of what was
/// read.
fn paths_at(text: &str, before: &[&str], paths: &mut Vec<Vec<String>>) -> usize {
    if let Some(list) = text.strip_prefix('{') {
        let mut at = 0;
        while let Some(letter) = list[at..].chars().next().filter(|letter| *letter != '}') {
            at += if letter.is_ascii_alphabetic() || letter == '_' {
                let read = paths_at(&list[at..], before, paths);
                // Another name, as in `a as b`.
                let rest = &list[at + read..];
                read + rest.find([',', '}']).unwrap_or(rest.len())
            } else {
                letter.len_utf8()
            };
        }
        return at + 2;
    }
    let length = name_length(text);
    let path = [before, &[&text[..length]]].concat();
    match text[length..].strip_prefix("::") {
        Some(rest)
            if rest.starts_with(|it: char| it.is_ascii_alphabetic() || "_{".contains(it)) =>
        {
            length + 2 + paths_at(rest, &path, paths)
        }
        _ => {
            paths.push(path.iter().map(|&part| part.to_owned()).collect());
            length
        }
    }
}

/// The paths in a text that begin with `crate` or `super`.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    for root in ["crate", "super"] {
        for (at, _) in code.match_indices(&format!("{root}::")) {
            let is_inside = |letter: char| letter.is_alphanumeric() || "_:".contains(letter);
            if !code[..at].ends_with(is_inside) {
                paths_at(&code[at..], &[], &mut paths);
            }
        }
    }
    paths
}

/// The module that a path names or that has what it names.
fn target(path: &[String], from: &Module, files: &BTreeMap<Module, String>) -> Option<Module> {
    let supers = path.iter().take_while(|part| *part == "super").count();
    let base = match supers {
        0 => &[],
        supers => &from[..from.len().saturating_sub(supers)],
    };
    let mut module = [base, &path[supers.max(1)..]].concat();
    while !module.is_empty() && !files.contains_key(&module) {
        module.pop();
    }
    Some(module).filter(|module| !module.is_empty())
}

fn graph(files: &BTreeMap<Module, String>) -> Graph {
    let uses = files.iter().map(|(module, text)| {
        let targets = paths(&code(text));
        let targets = targets.iter().filter_map(|it| target(it, module, files));
        let is_related = |it: &Module| it.starts_with(module) || module.starts_with(it);
        let targets = targets.filter(|it| !is_related(it)).collect();
        (module.clone(), targets)
    });
    uses.collect()
}

/// The modules that a module uses, also through others.
fn reached(module: &Module, graph: &Graph) -> BTreeSet<Module> {
    let mut reached = BTreeSet::new();
    let mut next = vec![module];
    while let Some(module) = next.pop() {
        for used in graph.get(module).into_iter().flatten() {
            if reached.insert(used.clone()) {
                next.push(used);
            }
        }
    }
    reached
}

/// Each cycle as the names of its files.
fn cycles(files: &BTreeMap<Module, String>) -> BTreeSet<String> {
    let graph = graph(files);
    let reached: BTreeMap<_, _> = graph.keys().map(|it| (it, reached(it, &graph))).collect();
    let cycles = graph.keys().filter(|it| reached[it].contains(*it));
    let cycles = cycles.map(|module| {
        let others = graph.keys();
        let others =
            others.filter(|it| reached[module].contains(*it) && reached[it].contains(module));
        let names: Vec<_> = others.map(|it| it.join("/")).collect();
        names.join(" ↔ ")
    });
    cycles.collect()
}

#[test]
fn no_files_use_each_other() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let tools = ["wa-media", "wa-sim", "torture"].map(|name| crates.join(name).join("src"));
    for root in roots().into_iter().chain(tools) {
        let mut found = Vec::new();
        sources(&root, &mut found);
        let files = found.iter().filter(|file| {
            let is_of_tests = |part: &str| part == "tests" || part == "tests.rs";
            !file
                .iter()
                .any(|part| part.to_str().is_some_and(is_of_tests))
        });
        let files: BTreeMap<_, _> = files
            .map(|file| {
                let module = module_of(file.strip_prefix(&root).unwrap());
                (module, fs::read_to_string(file).unwrap())
            })
            .collect();
        assert!(files.len() > 10, "{}", files.len());
        assert_eq!(cycles(&files), BTreeSet::new(), "{}", root.display());
    }
}

#[test]
fn a_cycle_between_files_is_found() {
    let files = |files: &[(&str, &str)]| {
        let files = files.iter();
        files
            .map(|(name, text)| (module_of(Path::new(name)), (*text).to_owned()))
            .collect::<BTreeMap<_, _>>()
    };
    let planted = files(&[
        ("lib.rs", "mod a;"),
        ("a.rs", "use b::X;\nfn f() { b::f() }"),
        (
            "a/b.rs",
            "use super::c::{self, D as E};\nuse super::Shared;",
        ),
        ("a/c.rs", "fn g() { crate::a::d::g() }"),
        ("a/d.rs", "use crate::{e, a::{x, b::X}};"),
        (
            "e.rs",
            "// crate::a::b\n#[cfg(test)]\nmod tests { use crate::a::b; }",
        ),
        ("f.rs", "use crate::g;"),
        ("g.rs", "use super::f;\n#[cfg(test)]\nfn of_tests() {}"),
    ]);
    let expected = ["a/b ↔ a/c ↔ a/d", "f ↔ g"].map(str::to_owned);
    assert_eq!(cycles(&planted), BTreeSet::from(expected));
    let fine = files(&[
        ("a.rs", "mod b;\nuse b::B;"),
        ("a/b.rs", "use super::Shared;\nuse crate::a::Other;"),
        ("a/b/c.rs", "use super::super::Shared;\nuse super::B;"),
    ]);
    assert_eq!(cycles(&fine), BTreeSet::new());
}
