//! An export on the terminal or as JSON.

use std::fmt::Display;

use indicatif::HumanBytes;

use crate::cli::bar::Bar;
use crate::cli::document::{Document, Out};
use crate::cli::language::{Language, plain};
use crate::cli::words::{Words, export as words};
use midiateca_service::ops::export::{Finding, Report, Target};
use midiateca_service::ops::{Problem, Progress};

/// Prints each omitted file when it is known, and draws a bar on a terminal.
pub(super) struct Screen {
    lang: Language,
    bar: Bar,
    out: Out,
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
            None => {
                let problem = self.lang.say(problem(finding.problem));
                let path = plain(finding.path.as_deref().unwrap_or(""));
                let id = &finding.media;
                self.out
                    .line(format_args!("{problem}\tmedia_storage/{path}\t{id}"));
            }
        });
    }
}

impl Screen {
    pub fn new(lang: Language, is_json: bool, is_on_stderr: bool) -> Self {
        let out = match is_on_stderr {
            true => Out::Stderr,
            false => Out::Stdout,
        };
        Self {
            lang,
            bar: Bar::of_bytes(),
            out,
            document: is_json.then(|| Document::new("findings", out)),
        }
    }

    /// Removes the bar.
    pub fn end(&self) {
        self.bar.end();
    }

    pub fn finish(&self, target: &Target, report: &Report) {
        match &self.document {
            Some(document) => document.finish(report),
            None if report.stopped => {}
            None => self.sums(report),
        }
        if report.stopped {
            let key = match target {
                Target::Folder(_) => words::STOPPED_FOLDER,
                Target::Tar(_) | Target::Zip(_) => words::STOPPED_ARCHIVE,
                Target::Stream => words::STOPPED_STREAM,
            };
            let values: [(&str, &dyn Display); 2] =
                [("files", &report.files), ("target", &report.target)];
            eprintln!("{}", self.lang.fill(key, &values));
        }
        if report.omitted > 0 && !report.dry_run && !report.stopped {
            eprintln!("{}", self.lang.say(words::HOW_TO_RESTORE));
        }
    }

    fn sums(&self, report: &Report) {
        let (bytes, target) = (HumanBytes(report.bytes), &report.target);
        let values: [(&str, &dyn Display); 4] = [
            ("files", &report.files),
            ("bytes", &bytes),
            ("target", target),
            ("omitted", &report.omitted),
        ];
        let sum = match report.dry_run {
            true => words::WOULD_BE,
            false => words::SUM,
        };
        self.out.line(self.lang.fill(sum, &values));
        for (count, key) in [(report.kept, words::KEPT), (report.carried, words::CARRIED)] {
            if count > 0 {
                let values = [("count", &count as &dyn Display)];
                self.out.line(self.lang.fill(key, &values));
            }
        }
    }
}

fn problem(problem: Problem) -> Words {
    use crate::cli::words::scrub as problems;
    match problem {
        Problem::Missing => problems::MISSING,
        Problem::Corrupt => problems::CORRUPT,
        Problem::Orphaned => problems::ORPHANED,
        Problem::Unreadable => problems::UNREADABLE,
    }
}
