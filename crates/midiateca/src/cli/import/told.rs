//! What an import tells: its whole plan in a dry run or in JSON, else what somebody should look at; and a sum.

use std::fmt::Display;
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::words;
use crate::cli::answer;
use crate::cli::context::Context;
use crate::cli::instance::webhook_address;
use crate::cli::language::plain;
use crate::cli::words::Words;
use midiateca_service::gateway::Gateway;
use midiateca_service::model::InstanceId;
use midiateca_service::ops::import::multichat::{LeftOut, Lost, Outcome, Step, Taking, Unclear};

/// How many of each.
#[derive(Default, serde::Serialize)]
struct Sum {
    held: u64,
    bytes: u64,
    strays: u64,
    queued: u64,
    expired: u64,
    skipped: u64,
    known: u64,
    gone: u64,
    lost: u64,
    left_out: u64,
}

pub(super) struct Told<'a> {
    context: &'a Context,
    taking: Taking,
    bar: ProgressBar,
    sum: Sum,
    /// Set when a plan is to end early, for nobody reads it any more.
    stop: Arc<AtomicBool>,
}

impl<'a> Told<'a> {
    pub fn new(context: &'a Context, taking: Taking, stop: Arc<AtomicBool>) -> Self {
        Self {
            stop,
            context,
            taking,
            bar: ProgressBar::hidden(),
            sum: Sum::default(),
        }
    }

    pub fn is_clean(&self) -> bool {
        self.sum.lost + self.sum.left_out == 0
    }

    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }

    pub fn tell(&mut self, step: &Step) {
        match step {
            Step::Counted { rows, files, bytes } => self.counted(*rows, *files, *bytes),
            Step::Rows(count) => self.bar.inc(*count),
            Step::Client { id, name, is_new } => self.client(*id, name, *is_new),
            Step::Instance {
                id,
                client,
                is_new,
                hook,
            } => self.instance(id, *client, *is_new, hook.as_deref()),
            Step::Media { origin, outcome } => {
                self.count(outcome);
                let is_plan = self.context.json || self.taking == Taking::DryRun;
                if is_plan || outcome.needs_somebody() {
                    self.media(origin, outcome);
                }
            }
        }
    }

    fn say(&self, words: Words, values: &[(&str, &dyn Display)]) -> String {
        self.context.lang.fill(words, values)
    }

    fn line(&self, text: impl Display) {
        // Work that was asked for is done to its end, whoever reads of it; a plan is of use to nobody then.
        if !self.bar.suspend(|| answer::is_read(text)) && self.taking == Taking::DryRun {
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    fn counted(&mut self, rows: u64, files: u64, bytes: u64) {
        let shown = HumanBytes(bytes);
        let values: [(&str, &dyn Display); 3] =
            [("rows", &rows), ("files", &files), ("bytes", &shown)];
        eprintln!("{}", self.say(words::COUNTED, &values));
        if self.taking == Taking::DryRun {
            self.look_for_room(bytes);
        }
        if std::io::stderr().is_terminal() {
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {per_sec} {eta}");
            let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
            self.bar = ProgressBar::new(rows).with_style(style);
        }
    }

    /// A plan says beforehand what the real run would refuse.
    fn look_for_room(&self, needed: u64) {
        let storage = self.context.config.storage_folder(&self.context.data);
        let storage = std::path::absolute(storage).unwrap_or_default();
        let Some(there) = storage.ancestors().find(|folder| folder.is_dir()) else {
            return;
        };
        let free = midiateca_service::storage::free_bytes_at(there).unwrap_or(u64::MAX);
        let floor = self.context.config.storage.pause_below.bytes();
        if free.saturating_sub(floor) < needed {
            let [needed, free, floor] = [needed, free, floor].map(HumanBytes);
            let values: [(&str, &dyn Display); 3] =
                [("needed", &needed), ("free", &free), ("floor", &floor)];
            eprintln!("{}", self.say(words::ROOM_SHORT, &values));
        }
    }

    fn client(&self, id: i64, name: &str, is_new: bool) {
        if self.context.json {
            return self.line(json!({"client": id, "name": name, "new": is_new}));
        }
        let words = match is_new {
            true => words::CLIENT_NEW,
            false => words::CLIENT_KNOWN,
        };
        self.line(self.say(words, &[("id", &id), ("name", &plain(name))]));
    }

    fn instance(&self, id: &InstanceId, client: i64, is_new: bool, hook: Option<&str>) {
        let address = hook.map(|hook| webhook_address(self.context, Gateway::Wapi, hook));
        if self.context.json {
            return self.line(
                json!({"instance": id.as_str(), "client": client, "new": is_new, "webhook": address}),
            );
        }
        let words = match is_new {
            true => words::INSTANCE_NEW,
            false => words::INSTANCE_KNOWN,
        };
        let id = plain(id.as_str());
        self.line(self.say(words, &[("id", &id), ("client", &client)]));
        if let Some(address) = address {
            self.line(self.say(words::HOOK, &[("id", &id), ("address", &address)]));
        }
    }

    fn count(&mut self, outcome: &Outcome) {
        let sum = &mut self.sum;
        match outcome {
            Outcome::Held {
                size_bytes,
                is_stray,
                ..
            } => {
                sum.held += 1;
                sum.bytes += size_bytes;
                sum.strays += u64::from(*is_stray);
            }
            Outcome::Queued { .. } => sum.queued += 1,
            Outcome::Expired => sum.expired += 1,
            Outcome::Skipped(_) => sum.skipped += 1,
            Outcome::Known => sum.known += 1,
            Outcome::Gone => sum.gone += 1,
            Outcome::Lost(_) => sum.lost += 1,
            Outcome::LeftOut(_) => sum.left_out += 1,
        }
    }

    fn media(&self, origin: &str, outcome: &Outcome) {
        let (name, sentence) = self.words(outcome);
        if self.context.json {
            let mut line = json!({"source": origin, "outcome": name});
            if let Outcome::Held {
                from,
                path,
                verified,
                size_bytes,
                named_by,
                ..
            } = outcome
            {
                if let Some(by) = named_by {
                    line["named_by"] = by.as_str().into();
                }
                line["from"] = from.as_str().into();
                line["file"] = format!("media_storage/{path}").into();
                line["verified"] = Value::from(*verified);
                line["size"] = Value::from(*size_bytes);
            } else if outcome.needs_somebody() || matches!(outcome, Outcome::Skipped(_)) {
                line["why"] = sentence.into();
            }
            return self.line(line);
        }
        let origin = plain(origin);
        match outcome {
            Outcome::Held {
                from,
                path,
                verified,
                ..
            } => self.line(format_args!(
                "{origin}\t{sentence}\t{} → media_storage/{path}\t{verified}",
                plain(from)
            )),
            _ => self.line(format_args!("{origin}\t{sentence}")),
        }
    }

    fn words(&self, outcome: &Outcome) -> (&'static str, String) {
        let said = |words| self.say(words, &[]);
        match outcome {
            Outcome::Held {
                named_by: Some(by), ..
            } => ("held", self.say(words::HELD_TOO, &[("row", &plain(by))])),
            Outcome::Held {
                is_stray: false, ..
            } => ("held", said(words::HELD)),
            Outcome::Held { .. } => ("held", said(words::HELD_STRAY)),
            Outcome::Queued { wrong: None } => ("queued", said(words::QUEUED)),
            Outcome::Queued { wrong: Some(file) } => {
                let file = plain(file);
                (
                    "queued",
                    self.say(words::QUEUED_INSTEAD, &[("file", &file)]),
                )
            }
            Outcome::Expired => ("expired", said(words::EXPIRED)),
            Outcome::Known => ("known", said(words::KNOWN)),
            Outcome::Gone => ("gone", said(words::GONE)),
            Outcome::Skipped(reason) => {
                let reason = self.context.lang.reason(reason.as_str());
                ("skipped", self.say(words::SKIPPED, &[("reason", &reason)]))
            }
            Outcome::Lost(lost) => ("lost", self.lost(lost)),
            Outcome::LeftOut(why) => ("left out", self.left_out(why)),
        }
    }

    fn lost(&self, lost: &Lost) -> String {
        match lost {
            Lost::KeysMissing => self.say(words::KEYS_MISSING, &[]),
            Lost::FileElsewhere => self.say(words::FILE_ELSEWHERE, &[]),
            Lost::FileMissing => self.say(words::FILE_MISSING, &[]),
            Lost::FileWrong { from, why } => {
                let file = plain(from);
                let why = self.refusal(why);
                self.say(words::FILE_WRONG, &[("file", &file), ("why", &why)])
            }
        }
    }

    fn left_out(&self, why: &LeftOut) -> String {
        let (words, value) = match why {
            LeftOut::Unclear(Unclear::Kind) => (words::UNCLEAR_KIND, None),
            LeftOut::Unclear(Unclear::Body) => (words::UNCLEAR_BODY, None),
            LeftOut::Unclear(Unclear::Message) => (words::UNCLEAR_MESSAGE, None),
            LeftOut::Unclear(Unclear::OtherInstance) => (words::OTHER_INSTANCE, None),
            LeftOut::Changed(file) => (words::CHANGED, Some(("file", plain(file)))),
            LeftOut::Taken(by) => (words::TAKEN, Some(("row", plain(by)))),
            LeftOut::Instance(id) => (words::UNKNOWN_INSTANCE, Some(("id", plain(id)))),
            LeftOut::Place => (words::PLACE, None),
            LeftOut::NotMedia(why) => {
                let why = self.refusal(why);
                (words::NOT_MEDIA, Some(("why", why.to_owned())))
            }
            LeftOut::Unreadable => (words::UNREADABLE, None),
            LeftOut::NotAFile => (words::NOT_A_FILE, None),
        };
        match &value {
            Some((name, value)) => self.say(words, &[(name, value)]),
            None => self.say(words, &[]),
        }
    }

    fn refusal(&self, why: &wa_media::Refusal) -> &str {
        let reason = midiateca_service::download::refusal_reason(why);
        self.context.lang.reason(reason.as_str())
    }

    /// The sum.
    pub fn end(&self, came_to_the_end: bool) {
        self.clear();
        let sum = &self.sum;
        let is_dry = self.taking == Taking::DryRun;
        if self.context.json {
            return self.line(json!({"dry_run": is_dry, "sum": sum, "stopped": !came_to_the_end}));
        }
        let bytes = HumanBytes(sum.bytes);
        let values: [(&str, &dyn Display); 10] = [
            ("held", &sum.held),
            ("bytes", &bytes),
            ("strays", &sum.strays),
            ("queued", &sum.queued),
            ("expired", &sum.expired),
            ("skipped", &sum.skipped),
            ("known", &sum.known),
            ("gone", &sum.gone),
            ("lost", &sum.lost),
            ("left_out", &sum.left_out),
        ];
        let mut text = self.say(words::SUM, &values);
        if is_dry {
            text = self.say(words::SUM_DRY, &[("sum", &text)]);
        }
        self.line(text);
        if !came_to_the_end {
            eprintln!("{}", self.say(words::STOPPED, &[]));
        }
    }
}
