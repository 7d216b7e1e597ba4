//! What the doctor writes down.

use std::error::Error;
use std::fmt::Display;

use serde::Serialize;

use super::super::complaint;
use super::super::language::{Language, tame};
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

    /// What the database would not tell.
    pub fn unreadable(
        &mut self,
        check: &'static str,
        about: &str,
        tried: Words,
        error: &(dyn Error + 'static),
    ) {
        let why = complaint::why(error, self.lang);
        let values: [(&str, &dyn Display); 1] = [("error", &why)];
        self.wrong(
            check,
            about,
            tried,
            words::FAILED,
            words::RESTORE_DATABASE,
            &values,
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
        // Names, addresses and errors may hold what a stranger wrote.
        let said = |words| tame(&self.lang.fill(words, values));
        self.findings.push(Finding {
            check,
            about: tame(about),
            level,
            tried: said(tried),
            seen: said(seen),
            next: next.map(said),
        });
    }
}
