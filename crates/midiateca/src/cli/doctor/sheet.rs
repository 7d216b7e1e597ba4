//! The results of the checks: printed as they come, or collected for one JSON document.

use std::error::Error;
use std::fmt::Display;

use serde::Serialize;

use super::super::cause;
use super::super::language::{Language, tame};
use super::super::words::{Words, doctor as words};
use super::super::{answer, complaint};
use midiateca_service::ops::probe::WriteFailure;

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

/// How results are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Show {
    /// As one JSON document at the end, instead of a line as soon as a result is known.
    pub json: bool,
    /// Only what is not fine.
    pub problems: bool,
}

/// All checks so far.
pub(super) struct Sheet {
    pub lang: Language,
    show: Show,
    findings: Vec<Finding>,
}

impl Sheet {
    pub fn new(lang: Language, show: Show) -> Self {
        Self {
            lang,
            show,
            findings: Vec::new(),
        }
    }

    /// Those that are to be shown.
    pub fn shown(&self) -> Vec<&Finding> {
        let shown = self.findings.iter().filter(|finding| self.shows(finding));
        shown.collect()
    }

    fn shows(&self, finding: &Finding) -> bool {
        !self.show.problems || finding.level != Level::Fine
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

    /// A file that cannot be written, with the hint for its cause.
    pub fn refused(
        &mut self,
        check: &'static str,
        about: &str,
        tried: Words,
        refused: &WriteFailure,
    ) {
        self.refused_as(check, about, tried, refused, &refused.error);
    }

    /// Like [`Sheet::refused`], with an error that says more than the system's.
    pub fn refused_as(
        &mut self,
        check: &'static str,
        about: &str,
        tried: Words,
        refused: &WriteFailure,
        error: &(dyn Error + 'static),
    ) {
        let error = complaint::why(error, self.lang);
        let path = refused.path.display();
        let values: [(&str, &dyn Display); 2] = [("error", &error), ("path", &path)];
        let hint = cause::words(refused.cause);
        self.wrong(check, about, tried, words::FAILED, hint, &values);
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
        let finding = Finding {
            check,
            about: tame(about),
            level,
            tried: said(tried),
            seen: said(seen),
            next: next.map(said),
        };
        if !self.show.json && self.shows(&finding) {
            answer::line(self.line(&finding));
        }
        self.findings.push(finding);
    }

    fn line(&self, finding: &Finding) -> String {
        let about = match finding.about.as_str() {
            "" => String::new(),
            about => format!("{about}: "),
        };
        let next = finding.next.as_deref();
        let next = next.map_or_else(String::new, |next| format!(" → {next}"));
        format!(
            "{:<7} {:<22} {about}{}: {}{next}",
            self.lang.say(finding.level.words()),
            finding.check,
            finding.tried,
            finding.seen,
        )
    }
}
