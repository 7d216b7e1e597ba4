//! What the doctor writes down.

use std::fmt::Display;

use serde::Serialize;

use super::super::language::Language;
use super::super::words::{Words, doctor as words};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    Fine,
    /// It works, and may not always.
    Risk,
    /// Media are lost, or will be, unless somebody does something.
    Wrong,
    /// It could not be looked at.
    Skipped,
}

impl Level {
    pub fn words(self) -> Words {
        match self {
            Self::Fine => words::FINE,
            Self::Risk => words::RISK,
            Self::Wrong => words::WRONG,
            Self::Skipped => words::SKIPPED,
        }
    }
}

/// One check.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    /// Its stable name.
    pub check: &'static str,
    /// Which instance, file or address it is about.
    pub about: String,
    pub level: Level,
    pub tried: String,
    pub seen: String,
    /// What to do.
    pub next: Option<String>,
}

/// What is put in the holes of its sentences.
pub(super) type Values<'a> = [(&'a str, &'a dyn Display)];

/// All checks so far.
pub(super) struct Sheet {
    pub lang: Language,
    pub findings: Vec<Finding>,
}

impl Sheet {
    pub fn new(lang: Language) -> Self {
        Self {
            lang,
            findings: Vec::new(),
        }
    }

    pub fn count(&self, level: Level) -> usize {
        let of_level = |finding: &&Finding| finding.level == level;
        self.findings.iter().filter(of_level).count()
    }

    pub fn fine(
        &mut self,
        check: &'static str,
        about: &str,
        tried: Words,
        seen: Words,
        values: &Values<'_>,
    ) {
        self.note(Level::Fine, check, about, (tried, seen, None), values);
    }

    pub fn skipped(
        &mut self,
        check: &'static str,
        about: &str,
        tried: Words,
        seen: Words,
        values: &Values<'_>,
    ) {
        self.note(Level::Skipped, check, about, (tried, seen, None), values);
    }

    pub fn risk(
        &mut self,
        check: &'static str,
        about: &str,
        tried: Words,
        seen: Words,
        next: Words,
        values: &Values<'_>,
    ) {
        self.note(Level::Risk, check, about, (tried, seen, Some(next)), values);
    }

    pub fn wrong(
        &mut self,
        check: &'static str,
        about: &str,
        tried: Words,
        seen: Words,
        next: Words,
        values: &Values<'_>,
    ) {
        self.note(
            Level::Wrong,
            check,
            about,
            (tried, seen, Some(next)),
            values,
        );
    }

    fn note(
        &mut self,
        level: Level,
        check: &'static str,
        about: &str,
        (tried, seen, next): (Words, Words, Option<Words>),
        values: &Values<'_>,
    ) {
        self.findings.push(Finding {
            check,
            about: about.to_owned(),
            level,
            tried: self.lang.fill(tried, values),
            seen: self.lang.fill(seen, values),
            next: next.map(|next| self.lang.fill(next, values)),
        });
    }
}
