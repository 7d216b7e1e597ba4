//! `scrub`: whether the files are still the ones that were stored. Reads everything, changes nothing.
//!
//! What is quick to see comes first: files that are gone or of another length, and files that no row knows. Then
//! every file is read and compared with its hash, at a bounded rate, from where an earlier run was stopped.

use std::collections::HashSet;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::Ending;
use super::answer;
use super::context::Context;
use super::language::plain;
use super::since::Since;
use super::words::{Words, scrub as words};
use crate::app::App;
use crate::catalog::{self, Filter, Held};
use crate::media::MediaId;
use crate::{shutdown, vault};

const PAGE: u32 = 2_000;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only files of this instance
    #[arg(long, value_name = "ID")]
    instance: Option<String>,
    /// Only files received since then: a time such as 2026-11-24T12:00:00Z, or so long ago: 90m, 24h, 7d
    #[arg(long, value_name = "TIME")]
    since: Option<Since>,
    /// Go on after this media, as a stopped run said
    #[arg(long, value_name = "MEDIA")]
    after: Option<String>,
    /// The most megabytes to be read in a second; 0 is as fast as it goes
    #[arg(long, value_name = "MB", default_value_t = 0)]
    rate: u64,
}

/// What was seen.
#[derive(Default)]
struct Seen {
    intact: u64,
    bytes: u64,
    missing: u64,
    altered: u64,
    unknown: u64,
}

/// What is wrong with one file.
#[derive(Clone, Copy)]
enum Wrong {
    Missing,
    Altered,
    Unknown,
}

impl Wrong {
    fn words(self) -> (&'static str, Words) {
        match self {
            Self::Missing => ("missing", words::MISSING),
            Self::Altered => ("altered", words::ALTERED),
            Self::Unknown => ("unknown", words::UNKNOWN),
        }
    }
}

pub(crate) async fn run(context: Context, options: Options) -> anyhow::Result<Ending> {
    let app = context.open_existing().await?;
    let filter = Filter {
        instance: options.instance.clone(),
        since: options.since.map(|since| since.at(app.clock.now())),
        ..Filter::default()
    };
    let stop = shutdown::asked_to_stop();
    tokio::pin!(stop);
    let mut seen = Seen::default();
    let sound = glance(&context, &app, &filter, &mut seen).await?;
    let bar = bar(sound);
    let mut after = options.after.clone().unwrap_or_default();
    let stopped = 'all: loop {
        let page = catalog::held(&app.db, &filter, &after, PAGE).await?;
        if page.is_empty() {
            break false;
        }
        for held in page {
            tokio::select! {
                biased;
                () = &mut stop => break 'all true,
                outcome = compare(&app, &held) => {
                    bar.suspend(|| note(&context, &held, outcome, &mut seen));
                    bar.inc(held.size_bytes);
                }
            }
            after.clone_from(&held.id.0);
            pause(options.rate, held.size_bytes).await;
        }
    };
    bar.finish_and_clear();
    report(&context, &seen, stopped.then_some(after.as_str()));
    app.db.close().await;
    Ok(
        if stopped || seen.missing + seen.altered + seen.unknown > 0 {
            Ending::FoundWrong
        } else {
            Ending::Fine
        },
    )
}

/// What can be seen without reading: what is gone or of another length, and, of a whole vault, what no row knows.
/// Returns how many bytes are still to be read.
async fn glance(
    context: &Context,
    app: &App,
    filter: &Filter,
    seen: &mut Seen,
) -> anyhow::Result<u64> {
    let whole = filter.instance.is_none() && filter.since.is_none();
    let (mut known, mut bytes, mut after) = (HashSet::new(), 0, String::new());
    loop {
        let page = catalog::held(&app.db, filter, &after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.id.0);
        for held in page {
            bytes += held.size_bytes;
            match app.vault.size_bytes(&held.path) {
                None => tell(context, Wrong::Missing, &held.path, Some(&held.id), seen),
                Some(found) if found != held.size_bytes => {
                    tell(context, Wrong::Altered, &held.path, Some(&held.id), seen);
                }
                Some(_) => {}
            }
            if whole {
                known.insert(PathBuf::from(held.path));
            }
        }
    }
    if whole {
        for path in app.vault.files()? {
            if !known.contains(&path) {
                tell(
                    context,
                    Wrong::Unknown,
                    &path.display().to_string(),
                    None,
                    seen,
                );
            }
        }
    }
    Ok(bytes)
}

/// Whether a file's bytes are the ones that were stored; nothing when it has been told already what is wrong.
async fn compare(app: &App, held: &Held) -> Option<bool> {
    if app.vault.size_bytes(&held.path) != Some(held.size_bytes) {
        return None;
    }
    let path = app.vault.root().join(&held.path);
    let found = tokio::task::spawn_blocking(move || vault::hash_file(&path)).await;
    Some(matches!(found, Ok(Ok(sha256)) if sha256 == held.sha256))
}

fn note(context: &Context, held: &Held, outcome: Option<bool>, seen: &mut Seen) {
    match outcome {
        Some(true) => {
            seen.intact += 1;
            seen.bytes += held.size_bytes;
        }
        Some(false) => tell(context, Wrong::Altered, &held.path, Some(&held.id), seen),
        None => {}
    }
}

async fn pause(megabytes_per_second: u64, bytes: u64) {
    if let Some(micros) = bytes.checked_div(megabytes_per_second) {
        tokio::time::sleep(Duration::from_micros(micros)).await;
    }
}

fn bar(bytes: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}");
    ProgressBar::new(bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn tell(context: &Context, wrong: Wrong, path: &str, id: Option<&MediaId>, seen: &mut Seen) {
    match wrong {
        Wrong::Missing => seen.missing += 1,
        Wrong::Altered => seen.altered += 1,
        Wrong::Unknown => seen.unknown += 1,
    }
    let (name, sentence) = wrong.words();
    let id = id.map(MediaId::as_str);
    if context.json {
        answer::line(json!({"file": format!("media_storage/{path}"), "wrong": name, "media": id}));
    } else {
        answer::line(format_args!(
            "{}\tmedia_storage/{}\t{}",
            context.lang.say(sentence),
            plain(path),
            id.unwrap_or("-")
        ));
    }
}

fn report(context: &Context, seen: &Seen, stopped_after: Option<&str>) {
    if context.json {
        return answer::line(
            json!({"intact": seen.intact, "bytes": seen.bytes, "missing": seen.missing, "altered": seen.altered, "unknown": seen.unknown, "stopped_after": stopped_after}),
        );
    }
    let values: [(&str, &dyn std::fmt::Display); 4] = [
        ("intact", &seen.intact),
        ("missing", &seen.missing),
        ("altered", &seen.altered),
        ("unknown", &seen.unknown),
    ];
    answer::line(context.lang.fill(words::SUM, &values));
    if let Some(after) = stopped_after {
        answer::line(context.lang.fill(words::STOPPED, &[("after", &after)]));
    }
}
