//! Shared by the build scripts of the service and of the binary: a constant for each text of the English catalogue, so
//! that a text that does not exist does not compile, and one that is not used is a warning.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};

/// Topics whose texts are found by a code at run time (`reasons-link-gone`); tests compare them with the codes.
#[allow(dead_code, reason = "each build script uses a part of this file")]
pub const BY_CODE: [&str; 9] = [
    "causes", "health", "import", "labels", "names", "proofs", "reasons", "results", "verdicts",
];

/// The topics whose texts the service itself shows.
#[allow(dead_code, reason = "each build script uses a part of this file")]
pub const OF_THE_SERVICE: [&str; 7] = [
    "api",
    "dashboard",
    "dossier",
    "errors",
    "hooks",
    "needs",
    "refusals",
];

/// The .ftl files of a folder, by name.
pub fn catalogue(folder: &Path) -> Vec<PathBuf> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let entries = fs::read_dir(folder).expect("the folder of the catalogue can be read");
    let files = entries.map(|entry| entry.expect("a file of the catalogue").path());
    let mut files: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "ftl"))
        .collect();
    files.sort();
    files
}

/// The topic of a file: its name without the ending.
pub fn topic(file: &Path) -> String {
    let stem = file.file_stem().expect("a file has a name");
    stem.to_string_lossy().into_owned()
}

/// A module of constants for one file: `scrub-missing` of scrub.ftl becomes `scrub::MISSING`.
#[allow(dead_code, reason = "each build script uses a part of this file")]
pub fn module(file: &Path, visibility: &str, text_key: &str) -> String {
    let topic = topic(file);
    let text = fs::read_to_string(file).expect("a file of the catalogue can be read");
    let resource = fluent_syntax::parser::parse(text.as_str())
        .unwrap_or_else(|(_, errors)| panic!("{}: {errors:?}", file.display()));
    let prefix = topic.replace('_', "-") + "-";
    let mut numbers = numbers_of(file);
    for language in other_languages(file) {
        println!("cargo::rerun-if-changed={}", language.display());
        for (id, of_language) in numbers_of(&language) {
            numbers.entry(id).or_default().extend(of_language);
        }
    }
    let mut module = format!("{visibility} mod {topic} {{\n");
    for entry in &resource.body {
        let Entry::Message(message) = entry else {
            continue;
        };
        let id = message.id.name;
        let name = id
            .strip_prefix(&prefix)
            .unwrap_or_else(|| panic!("{}: {id} does not begin with {prefix}", file.display()));
        let name = name.replace('-', "_").to_uppercase();
        let pattern = message.value.as_ref().expect("a text has a value");
        let numbers = numbers.remove(id).unwrap_or_default();
        let numbers = numbers.iter().collect::<Vec<_>>();
        let is_plain = matches!(
            pattern.elements.as_slice(),
            [PatternElement::TextElement { .. }]
        );
        let has_variables = pattern
            .elements
            .iter()
            .any(|element| matches!(element, PatternElement::Placeable { .. }));
        assert!(
            is_plain || has_variables,
            "{id}: a text without variables stands on one line"
        );
        writeln!(
            module,
            "    {visibility} const {name}: {text_key} = {text_key}::new({id:?}, &{numbers:?});"
        )
        .expect("a string takes what is written");
    }
    module + "}\n"
}

/// The same file of the other languages.
fn other_languages(file: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else {
        return Vec::new();
    };
    let root = folder.parent().expect("a language has a folder");
    let folders = fs::read_dir(root).expect("the catalogues can be read");
    let folders = folders.map(|entry| entry.expect("a catalogue").path());
    let files = folders.filter(|other| other != folder);
    let files = files.map(|other| other.join(name));
    files.filter(|file| file.is_file()).collect()
}

/// For each text of a file the variables by which it chooses a plural form: they are numbers. A language may inflect
/// what another does not.
fn numbers_of(file: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(file).expect("a file of the catalogue can be read");
    let resource = fluent_syntax::parser::parse(text.as_str())
        .unwrap_or_else(|(_, errors)| panic!("{}: {errors:?}", file.display()));
    let messages = resource.body.iter().filter_map(|entry| match entry {
        Entry::Message(message) => Some(message),
        _ => None,
    });
    let numbers = messages.map(|message| {
        let pattern = message.value.as_ref().expect("a text has a value");
        let numbers = numbers(pattern).into_iter().map(str::to_owned);
        (message.id.name.to_owned(), numbers.collect())
    });
    numbers.collect()
}

/// The variables by which a text chooses a plural form.
fn numbers<'a>(pattern: &Pattern<&'a str>) -> Vec<&'a str> {
    let mut found = Vec::new();
    for element in &pattern.elements {
        if let PatternElement::Placeable {
            expression: Expression::Select { selector, variants },
        } = element
        {
            if let InlineExpression::VariableReference { id } = selector {
                found.push(id.name);
            }
            found.extend(variants.iter().flat_map(|variant| numbers(&variant.value)));
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}
