//! A verification on the terminal or as JSON.

use std::fmt::Display;

use crate::cli::answer;
use crate::cli::bar::Bar;
use crate::cli::document::{Document, Out};
use crate::cli::language::{Language, plain};
use crate::cli::words::{Words, scrub as words};
use midiateca_service::model::MediaId;
use midiateca_service::ops::verify::{Finding, OrphanSearch, Repaired, Report};
use midiateca_service::ops::{Problem, Progress};

/// Prints each finding when it is known, and draws a bar on a terminal.
pub(super) struct Screen {
    lang: Language,
    bar: Bar,
    document: Option<Document>,
}

impl Progress<Finding> for Screen {
    fn expect(&self, total: u64) {
        self.bar.expect(total);
    }

    fn advance(&self, done: u64) {
        self.bar.advance(done);
    }

    fn finding(&self, finding: &Finding) {
        self.bar.suspend(|| match &self.document {
            Some(document) => document.item(finding),
            None => self.line(finding),
        });
    }
}

impl Screen {
    pub fn new(lang: Language, is_json: bool) -> Self {
        Self {
            lang,
            bar: Bar::of_bytes(),
            document: is_json.then(|| Document::new("findings", Out::Stdout)),
        }
    }

    /// Removes the bar.
    pub fn end(&self) {
        self.bar.end();
    }

    fn line(&self, finding: &Finding) {
        let problem = self.lang.say(problem(finding.problem));
        let repaired = finding.repair.map_or_else(String::new, |repaired| {
            format!("\t{}", self.lang.say(repair(repaired)))
        });
        let id = finding.media.as_ref().map_or("-", MediaId::as_str);
        let path = plain(&finding.path);
        answer::line(format_args!(
            "{problem}\tmedia_storage/{path}\t{id}{repaired}"
        ));
    }

    /// Prints the report, and hints on stderr.
    pub fn finish(&self, report: &Report, was_to_resume: bool) {
        match &self.document {
            Some(document) => document.finish(report),
            None => self.sums(report),
        }
        let say = |words| eprintln!("{}", self.lang.say(words));
        if was_to_resume && !report.resumed {
            say(words::NOTHING_TO_RESUME);
        }
        if report.orphan_search == OrphanSearch::FilesInUse {
            say(words::FILES_IN_USE);
        }
        if report.repair.is_none() && !report.is_clean() && !report.stopped {
            say(words::HOW_TO_REPAIR);
        }
        if report.stopped {
            say(words::STOPPED);
        }
    }

    fn sums(&self, report: &Report) {
        let values: [(&str, &dyn Display); 5] = [
            ("intact", &report.intact),
            ("missing", &report.missing),
            ("corrupt", &report.corrupt),
            ("unreadable", &report.unreadable),
            ("orphaned", &report.orphaned),
        ];
        answer::line(self.lang.fill(words::SUM, &values));
        let Some(repair) = &report.repair else { return };
        let restored = repair.restored + repair.found;
        let quarantine = format!("media_storage/{}", repair.quarantine);
        let values: [(&str, &dyn Display); 5] = [
            ("restored", &restored),
            ("queued", &repair.queued),
            ("unrecoverable", &repair.unrecoverable),
            ("quarantined", &repair.quarantined),
            ("quarantine", &quarantine),
        ];
        answer::line(self.lang.fill(words::SUM_REPAIRED, &values));
        if repair.failed > 0 {
            let values: [(&str, &dyn Display); 1] = [("failed", &repair.failed)];
            eprintln!("{}", self.lang.fill(words::NOT_REPAIRED, &values));
        }
    }
}

fn problem(problem: Problem) -> Words {
    match problem {
        Problem::Missing => words::MISSING,
        Problem::Corrupt => words::CORRUPT,
        Problem::Orphaned => words::ORPHANED,
        Problem::Unreadable => words::UNREADABLE,
    }
}

fn repair(repaired: Repaired) -> Words {
    match repaired {
        Repaired::Restored => words::RESTORED,
        Repaired::Queued => words::QUEUED,
        Repaired::Unrecoverable => words::UNRECOVERABLE,
        Repaired::Found => words::FOUND,
        Repaired::Quarantined => words::QUARANTINED,
        Repaired::Skipped => words::SKIPPED,
        Repaired::Failed => words::FAILED,
    }
}
