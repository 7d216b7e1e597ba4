//! An import on the terminal or as JSON: the whole plan in a dry run, otherwise what needs a person; and the sums.

use std::fmt::Display;
use std::io::IsTerminal as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use serde_json::json;

use super::words;
use crate::cli::answer;
use crate::cli::context::Context;
use crate::cli::document::{Document, Out};
use crate::cli::instance::webhook_address;
use crate::cli::language::plain;
use crate::cli::words::TextKey;
use midiateca_service::gateway::Gateway;
use midiateca_service::ops::Progress;
use midiateca_service::ops::import::multichat::{Finding, LeftOut, Lost, Mode, Outcome, Report};

pub(super) struct Screen<'a> {
    context: &'a Context,
    mode: Mode,
    bar: Mutex<ProgressBar>,
    document: Option<Document>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Progress<Finding> for Screen<'_> {
    fn expect(&self, total: u64) {
        if std::io::stderr().is_terminal() {
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {per_sec} {eta}");
            let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
            *locked(&self.bar) = ProgressBar::new(total).with_style(style);
        }
    }

    fn advance(&self, done: u64) {
        locked(&self.bar).inc(done);
    }

    fn finding(&self, finding: &Finding) {
        let bar = locked(&self.bar);
        bar.suspend(|| match &self.document {
            Some(document) => document.item(&self.json(finding)),
            None => self.lines(finding),
        });
    }
}

impl<'a> Screen<'a> {
    pub fn new(context: &'a Context, mode: Mode) -> Self {
        Self {
            context,
            mode,
            bar: Mutex::new(ProgressBar::hidden()),
            document: context
                .json
                .then(|| Document::new("items", Out::Unattended)),
        }
    }

    pub fn clear(&self) {
        locked(&self.bar).finish_and_clear();
    }

    fn say(&self, key: TextKey, values: &[(&str, &dyn Display)]) -> String {
        self.context.lang.fill(key, values)
    }

    fn address(&self, hook: &str) -> String {
        webhook_address(self.context, Gateway::Wapi, hook)
    }

    fn json(&self, finding: &Finding) -> serde_json::Value {
        let mut item = json!(finding);
        if let Finding::Instance {
            hook: Some(hook), ..
        } = finding
        {
            item["webhook"] = self.address(hook).into();
        }
        item
    }

    fn lines(&self, finding: &Finding) {
        match finding {
            Finding::Client { client, name, new } => {
                let key = match new {
                    true => words::CLIENT_NEW,
                    false => words::CLIENT_KNOWN,
                };
                answer::is_read(self.say(key, &[("id", client), ("name", &plain(name))]));
            }
            Finding::Instance {
                instance,
                client,
                new,
                hook,
            } => {
                let key = match new {
                    true => words::INSTANCE_NEW,
                    false => words::INSTANCE_KNOWN,
                };
                let id = plain(instance);
                answer::is_read(self.say(key, &[("id", &id), ("client", client)]));
                if let Some(hook) = hook {
                    let address = self.address(hook);
                    answer::is_read(self.say(words::HOOK, &[("id", &id), ("address", &address)]));
                }
            }
            Finding::Media { source, outcome } => {
                if self.mode == Mode::DryRun || outcome.needs_person() {
                    let (source, text) = (plain(source), self.text(outcome));
                    answer::is_read(format_args!("{source}\t{text}"));
                }
            }
        }
    }

    fn text(&self, outcome: &Outcome) -> String {
        match outcome {
            Outcome::Stored {
                from,
                path,
                verified,
                orphaned,
                named_by,
                ..
            } => {
                let stored = match (named_by, orphaned) {
                    (Some(row), _) => self.say(words::STORED_TOO, &[("row", &plain(row))]),
                    (None, false) => self.say(words::STORED, &[]),
                    (None, true) => self.say(words::STORED_ORPHAN, &[]),
                };
                let from = plain(from);
                format!("{stored}\t{from} → media_storage/{path}\t{verified}")
            }
            Outcome::Queued { wrong_file: None } => self.say(words::QUEUED, &[]),
            Outcome::Queued {
                wrong_file: Some(file),
            } => self.say(words::QUEUED_INSTEAD, &[("file", &plain(file))]),
            Outcome::Expired => self.say(words::EXPIRED, &[]),
            Outcome::Known => self.say(words::KNOWN, &[]),
            Outcome::Gone => self.say(words::GONE, &[]),
            Outcome::Skipped { reason } => {
                let reason = self.context.lang.reason(reason.as_str());
                self.say(words::SKIPPED, &[("reason", &reason)])
            }
            Outcome::Lost(lost) => self.lost(lost),
            Outcome::LeftOut(why) => self.left_out(why),
        }
    }

    fn lost(&self, lost: &Lost) -> String {
        match lost {
            Lost::KeysMissing => self.say(words::KEYS_MISSING, &[]),
            Lost::FileElsewhere => self.say(words::FILE_ELSEWHERE, &[]),
            Lost::FileMissing => self.say(words::FILE_MISSING, &[]),
            Lost::FileWrong { file, refusal } => {
                let (file, why) = (plain(file), self.context.lang.reason(refusal.as_str()));
                self.say(words::FILE_WRONG, &[("file", &file), ("why", &why)])
            }
        }
    }

    fn left_out(&self, why: &LeftOut) -> String {
        match why {
            LeftOut::UnknownKind => self.say(words::UNCLEAR_KIND, &[]),
            LeftOut::NoMessage => self.say(words::UNCLEAR_MESSAGE, &[]),
            LeftOut::NotJson => self.say(words::UNCLEAR_BODY, &[]),
            LeftOut::OtherInstance => self.say(words::OTHER_INSTANCE, &[]),
            LeftOut::UnknownPlace => self.say(words::PLACE, &[]),
            LeftOut::Unreadable => self.say(words::UNREADABLE, &[]),
            LeftOut::NotAFile => self.say(words::NOT_A_FILE, &[]),
            LeftOut::UnknownInstance { instance } => {
                self.say(words::UNKNOWN_INSTANCE, &[("id", &plain(instance))])
            }
            LeftOut::Changed { file } => self.say(words::CHANGED, &[("file", &plain(file))]),
            LeftOut::Taken { by } => self.say(words::TAKEN, &[("row", &plain(by))]),
            LeftOut::NotMedia { refusal } => {
                let why = self.context.lang.reason(refusal.as_str());
                self.say(words::NOT_MEDIA, &[("why", &why)])
            }
        }
    }

    /// Prints the sums.
    pub fn finish(&self, report: &Report) {
        if let Some(document) = &self.document {
            return document.finish(report);
        }
        let (sum, bytes) = (&report.sum, HumanBytes(report.sum.bytes));
        let values: [(&str, &dyn Display); 10] = [
            ("stored", &sum.stored),
            ("bytes", &bytes),
            ("orphaned", &sum.orphaned),
            ("queued", &sum.queued),
            ("expired", &sum.expired),
            ("skipped", &sum.skipped),
            ("known", &sum.known),
            ("gone", &sum.gone),
            ("lost", &sum.lost),
            ("left_out", &sum.left_out),
        ];
        let mut text = self.say(words::SUM, &values);
        if report.dry_run {
            text = self.say(words::SUM_DRY, &[("sum", &text)]);
        }
        answer::is_read(text);
        if report.stopped {
            answer::complain(self.say(words::STOPPED, &[]));
        }
    }
}
