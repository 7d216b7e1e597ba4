//! What a scrub tells: a line for each thing that is wrong, and a sum.

use std::fmt::Display;
use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::answer;
use super::repair::{Repair, Repaired};
use super::words;
use crate::cli::context::Context;
use crate::cli::language::{Language, plain};
use crate::cli::words::Words;
use midiateca_service::model::MediaId;

/// What is wrong with one file.
#[derive(Clone, Copy)]
pub(super) enum Wrong {
    Missing,
    Altered,
    Unreadable,
    Unknown,
    /// It was taken for lost before.
    Lost,
}

impl Wrong {
    fn words(self) -> (&'static str, Words) {
        match self {
            Self::Missing => ("missing", words::MISSING),
            Self::Altered => ("altered", words::ALTERED),
            Self::Unreadable => ("unreadable", words::UNREADABLE),
            Self::Unknown => ("unknown", words::UNKNOWN),
            Self::Lost => ("lost", words::LOST),
        }
    }
}

impl Repaired {
    fn words(self) -> (&'static str, Words) {
        match self {
            Self::Relinked => ("relinked", words::RELINKED),
            Self::Requeued => ("requeued", words::REQUEUED),
            Self::GivenUp => ("given up", words::GIVEN_UP),
            Self::Found => ("found", words::FOUND),
            Self::Quarantined => ("quarantined", words::QUARANTINED),
            Self::LeftAlone => ("left alone", words::LEFT_ALONE),
            Self::Failed => ("failed", words::FAILED),
        }
    }
}

/// What was seen so far.
pub(super) struct Report<'a> {
    context: &'a Context,
    pub bar: ProgressBar,
    intact: u64,
    bytes: u64,
    wrong: [u64; 5],
    repaired: [u64; 7],
}

impl<'a> Report<'a> {
    pub fn new(context: &'a Context) -> Self {
        Self {
            context,
            bar: ProgressBar::hidden(),
            intact: 0,
            bytes: 0,
            wrong: [0; 5],
            repaired: [0; 7],
        }
    }

    pub fn lang(&self) -> Language {
        self.context.lang
    }

    /// Shows how far it is, if somebody is there to look.
    pub fn begin(&mut self, bytes: u64) {
        if std::io::stderr().is_terminal() {
            let template = "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
            let style = ProgressStyle::with_template(template);
            let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
            self.bar = ProgressBar::new(bytes).with_style(style);
        }
    }

    pub fn intact(&mut self, bytes: u64) {
        self.intact += 1;
        self.bytes += bytes;
    }

    /// One thing that is wrong, and what was done about it.
    pub fn tell(
        &mut self,
        wrong: Wrong,
        path: &str,
        id: Option<&MediaId>,
        repaired: Option<Repaired>,
    ) {
        self.wrong[wrong as usize] += 1;
        if let Some(repaired) = repaired {
            self.repaired[repaired as usize] += 1;
        }
        let (name, sentence) = wrong.words();
        let repaired = repaired.map(Repaired::words);
        let id = id.map(MediaId::as_str);
        let lang = self.context.lang;
        self.bar.suspend(|| {
            if self.context.json {
                return answer::line(
                    json!({"file": format!("media_storage/{path}"), "wrong": name, "media": id, "repair": repaired.map(|(name, _)| name)}),
                );
            }
            let repaired = repaired.map_or_else(String::new, |(_, words)| format!("\t{}", lang.say(words)));
            let (sentence, path, id) = (lang.say(sentence), plain(path), id.unwrap_or("-"));
            answer::line(format_args!("{sentence}\tmedia_storage/{path}\t{id}{repaired}"));
        });
    }

    pub fn is_clean(&self) -> bool {
        self.wrong.iter().all(|count| *count == 0)
    }

    /// The sum; what cannot be read counts as altered.
    pub fn end(&self, stopped: bool, repair: Option<&Repair>) {
        self.bar.finish_and_clear();
        let of = |wrong: Wrong| self.wrong[wrong as usize];
        let done = |repaired: Repaired| self.repaired[repaired as usize];
        let altered = of(Wrong::Altered) + of(Wrong::Unreadable);
        let quarantine = repair.map(|repair| format!("media_storage/{}", repair.quarantine()));
        if self.context.json {
            let repaired = repair.map(|_| json!({"relinked": done(Repaired::Relinked), "requeued": done(Repaired::Requeued), "given_up": done(Repaired::GivenUp), "found": done(Repaired::Found), "quarantined": repair.map_or(0, Repair::moved), "left_alone": done(Repaired::LeftAlone), "failed": done(Repaired::Failed), "quarantine": quarantine}));
            return answer::line(
                json!({"intact": self.intact, "bytes": self.bytes, "missing": of(Wrong::Missing), "altered": altered, "unknown": of(Wrong::Unknown), "repair": repaired, "stopped": stopped}),
            );
        }
        let lang = self.context.lang;
        let values: [(&str, &dyn Display); 4] = [
            ("intact", &self.intact),
            ("missing", &of(Wrong::Missing)),
            ("altered", &altered),
            ("unknown", &of(Wrong::Unknown)),
        ];
        answer::line(lang.fill(words::SUM, &values));
        if let Some((repair, quarantine)) = repair.zip(quarantine) {
            let right = done(Repaired::Relinked) + done(Repaired::Found);
            let moved = repair.moved();
            let values: [(&str, &dyn Display); 5] = [
                ("relinked", &right),
                ("requeued", &done(Repaired::Requeued)),
                ("given_up", &done(Repaired::GivenUp)),
                ("quarantined", &moved),
                ("quarantine", &quarantine),
            ];
            answer::line(lang.fill(words::SUM_REPAIRED, &values));
            let failed = done(Repaired::Failed);
            if failed > 0 {
                eprintln!("{}", lang.fill(words::NOT_REPAIRED, &[("failed", &failed)]));
            }
        } else if !self.is_clean() {
            eprintln!("{}", lang.say(words::HOW_TO_REPAIR));
        }
        if stopped {
            eprintln!("{}", lang.say(words::STOPPED));
        }
    }
}
