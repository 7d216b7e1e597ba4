//! Reads a settings file key by key, to find all problems and not only the first.

use std::path::Path;

use serde::Deserialize as _;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::misread::{Fault, number};
use super::{Config, Error, FileProblem, Misread, Problem, read_text, renamed};

#[derive(Default)]
pub(super) struct Reading {
    /// Keys that are not in the file have their defaults.
    pub config: Config,
    /// The keys in the file, as `section.key`, with their lines.
    pub keys: Vec<(String, u32)>,
    pub problems: Vec<FileProblem>,
}

/// All problems of a settings file, in its order; problems of several keys come last.
pub fn problems(text: &str) -> Vec<FileProblem> {
    read(text).problems
}

/// All problems of the file at a path.
pub fn problems_of_file(path: &Path) -> Result<Vec<FileProblem>, Error> {
    Ok(problems(&read_text(path)?))
}

/// The line of a position, from 1.
fn line_of(text: &str, at: usize) -> u32 {
    let before = text.get(..at).unwrap_or(text);
    number(before.matches('\n').count() + 1)
}

pub(super) fn read(text: &str) -> Reading {
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let misread = |error| FileProblem {
            line: None,
            problem: Misread::new(error, text, Fault::Syntax).into(),
        };
        let misread = errors.iter().map(misread);
        return Reading {
            problems: misread.collect(),
            ..Reading::default()
        };
    }
    let mut reader = Reader {
        text,
        good: DeTable::new(),
        keys: Vec::new(),
        problems: Vec::new(),
    };
    for (section, values) in table.into_inner() {
        reader.section(section, values);
    }
    reader.finish()
}

/// Whether there is a section, or a key of a section, with this name.
fn is_known(name: &str) -> bool {
    let Ok(all) = serde_json::to_value(Config::default()) else {
        return false;
    };
    let path = format!("/{}", name.replacen('.', "/", 1));
    all.pointer(&path).is_some()
}

fn is_below(key: &str, parent: &str) -> bool {
    key.strip_prefix(parent)
        .is_some_and(|rest| rest.starts_with('.'))
}

struct Reader<'i> {
    text: &'i str,
    /// The valid part.
    good: DeTable<'i>,
    keys: Vec<(String, u32)>,
    /// With their positions in the file.
    problems: Vec<(usize, Problem)>,
}

type Key<'i> = Spanned<DeString<'i>>;
type Value<'i> = Spanned<DeValue<'i>>;

impl<'i> Reader<'i> {
    fn section(&mut self, section: Key<'i>, values: Value<'i>) {
        let span = values.span();
        let table = match values.into_inner() {
            DeValue::Table(table) if !table.is_empty() => table,
            other => return self.value(&section, None, Spanned::new(span, other)),
        };
        for (key, value) in table {
            let path = format!("{}.{}", section.get_ref(), key.get_ref());
            let renamed = self.renamed(&path, &value);
            if renamed.is_empty() {
                self.value(&section, Some(key), value);
            } else {
                let at = key.span().start;
                self.problems
                    .extend(renamed.into_iter().map(|problem| (at, problem)));
            }
        }
    }

    /// Renamed keys in a value, and the value itself if it is one.
    fn renamed(&self, path: &str, value: &Value<'i>) -> Vec<Problem> {
        let written = self.text.get(value.span()).unwrap_or("");
        if let Some(problem) = renamed::problem(path, value.get_ref(), written) {
            return vec![problem];
        }
        match value.get_ref() {
            DeValue::Array(values) => values
                .iter()
                .flat_map(|value| self.renamed(path, value))
                .collect(),
            DeValue::Table(table) => table
                .iter()
                .flat_map(|(key, value)| self.renamed(&format!("{path}.{}", key.get_ref()), value))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Keeps a value if it is valid. Without `key` it is the value of the whole section.
    fn value(&mut self, section: &Key<'i>, key: Option<Key<'i>>, value: Value<'i>) {
        let at = key.as_ref().unwrap_or(section).span().start;
        let alone = match &key {
            None => value.clone(),
            Some(key) => {
                let mut table = DeTable::new();
                table.insert(key.clone(), value.clone());
                Spanned::new(value.span(), DeValue::Table(table))
            }
        };
        let mut whole = DeTable::new();
        whole.insert(section.clone(), alone);
        let whole = Spanned::new(0..self.text.len(), whole);
        let name = match &key {
            Some(key) => format!("{}.{}", section.get_ref(), key.get_ref()),
            None => section.get_ref().to_string(),
        };
        if let Err(error) = Config::deserialize(toml::Deserializer::from(whole)) {
            let fault = if is_known(&name) {
                Fault::Value
            } else {
                Fault::UnknownKey
            };
            let misread = Misread {
                key: Some(name),
                ..Misread::new(&error, self.text, fault)
            };
            return self.problems.push((at, misread.into()));
        }
        let Some(key) = key else { return };
        self.keys.push((name, line_of(self.text, at)));
        let span = value.span();
        let entry = self.good.entry(section.clone());
        let values = entry.or_insert_with(|| Spanned::new(span, DeValue::Table(DeTable::new())));
        if let DeValue::Table(table) = values.get_mut() {
            table.insert(key, value);
        }
    }

    fn finish(mut self) -> Reading {
        self.problems.sort_by_key(|(at, _)| *at);
        let placed = |(at, problem)| FileProblem {
            line: Some(line_of(self.text, at)).filter(|_| !matches!(problem, Problem::Misread(_))),
            problem,
        };
        let mut problems: Vec<_> = self.problems.into_iter().map(placed).collect();
        let good = Spanned::new(0..self.text.len(), self.good);
        let config = match Config::deserialize(toml::Deserializer::from(good)) {
            Ok(config) => config,
            Err(error) => {
                let problem = Misread::new(&error, self.text, Fault::Value).into();
                problems.push(FileProblem {
                    line: None,
                    problem,
                });
                Config::default()
            }
        };
        let line_of_key = |key: &str| {
            let mut keys = self.keys.iter();
            // A key of a rule is in the list of them.
            let found = keys.find(|(known, _)| *known == key || is_below(key, known));
            found.map(|(_, line)| *line)
        };
        problems.extend(config.problems().into_iter().map(|problem| FileProblem {
            line: problem.keys().iter().find_map(|key| line_of_key(key)),
            problem,
        }));
        Reading {
            config,
            keys: self.keys,
            problems,
        }
    }
}
