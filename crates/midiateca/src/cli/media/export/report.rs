//! What an export tells: what is wrong as it is found, how far it is, and the sum. It is data, on stdout, unless the
//! archive itself goes there.

use std::fmt::Display;
use std::io::IsTerminal as _;

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use serde_json::json;

use super::super::super::Ending;
use super::super::super::answer;
use super::super::super::context::Context;
use super::super::super::language::plain;
use super::super::super::words::export as words;
use super::sink::Outcome;
use super::source::Wrong;
use super::target::Target;
use midiateca_service::media::MediaView;

/// What was counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// Files that the export holds of what was meant.
    pub files: u64,
    pub bytes: u64,
    /// How many of them were there before.
    pub kept: u64,
    pub wrong: u64,
    /// What was exported there before and was not meant now.
    pub carried: u64,
}

impl Tally {
    pub fn count(&mut self, media: &MediaView, outcome: Outcome) {
        match outcome {
            Outcome::Wrong(_) => self.wrong += 1,
            Outcome::Written | Outcome::Kept => {
                self.files += 1;
                let size = media.size.and_then(|size| u64::try_from(size).ok());
                self.bytes += size.unwrap_or(0);
                self.kept += u64::from(outcome == Outcome::Kept);
            }
        }
    }
}

pub(super) struct Report<'a> {
    context: &'a Context,
    target: Target,
    is_dry_run: bool,
    pub bar: ProgressBar,
}

impl<'a> Report<'a> {
    pub fn new(context: &'a Context, target: &Target, is_dry_run: bool) -> Self {
        Self {
            context,
            target: target.clone(),
            is_dry_run,
            bar: ProgressBar::hidden(),
        }
    }

    fn line(&self, text: impl Display) {
        self.bar.suspend(|| match (&self.target, self.is_dry_run) {
            (Target::Pipe, false) => eprintln!("{text}"),
            _ => answer::line(text),
        });
    }

    /// One file that is not exported.
    pub fn wrong(&self, media: &MediaView, wrong: Wrong) {
        let path = media.path.as_deref().unwrap_or("");
        if self.context.json {
            let file = format!("media_storage/{path}");
            return self.line(json!({"file": file, "wrong": wrong.as_str(), "media": media.id}));
        }
        let sentence = self.context.lang.say(wrong.words());
        let path = plain(path);
        self.line(format_args!(
            "{sentence}\tmedia_storage/{path}\t{}",
            media.id
        ));
    }

    /// The sum, and how the command ends.
    pub fn end(&self, tally: &Tally, is_stopped: bool) -> Ending {
        self.bar.finish_and_clear();
        if self.context.json {
            self.line(json!({
                "target": self.target.shown(),
                "format": self.target.format(),
                "files": tally.files,
                "bytes": tally.bytes,
                "kept": tally.kept,
                "wrong": tally.wrong,
                "carried": tally.carried,
                "stopped": is_stopped,
                "dry_run": self.is_dry_run,
            }));
        } else if !is_stopped {
            self.sum(tally);
        }
        match is_stopped || tally.wrong > 0 {
            true => Ending::FoundWrong,
            false => Ending::Fine,
        }
    }

    fn sum(&self, tally: &Tally) {
        let (bytes, target) = (HumanBytes(tally.bytes), self.target.shown());
        let values: [(&str, &dyn Display); 4] = [
            ("files", &tally.files),
            ("bytes", &bytes),
            ("target", &target),
            ("wrong", &tally.wrong),
        ];
        let sentence = match self.is_dry_run {
            true => words::WOULD_BE,
            false => words::SUM,
        };
        self.line(self.context.lang.fill(sentence, &values));
        for (count, sentence) in [(tally.kept, words::KEPT), (tally.carried, words::CARRIED)] {
            if count > 0 {
                let values = [("count", &count as &dyn Display)];
                self.line(self.context.lang.fill(sentence, &values));
            }
        }
        if tally.wrong > 0 && !self.is_dry_run {
            eprintln!("{}", self.context.lang.say(words::WRONG_ONES));
        }
    }
}

/// On a terminal only.
pub(super) fn bar(bytes: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}");
    ProgressBar::new(bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
