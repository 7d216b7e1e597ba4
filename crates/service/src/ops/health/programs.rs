//! The programs that make previews and examine files: found or absent, isolated or not, and paused by the server or not.

use super::result::Results;
use super::{Check, CheckResult, Code, Hint, Value};
use crate::clock::{Clock, Millis};
use crate::config::{self, Config};
use crate::db::Db;
use crate::derived::programs::Programs;
use crate::derived::schedule::{ProgramPause, Schedule, WorkKind};
use crate::derived::{pauses, tool};

pub(super) async fn probe(results: &mut Results<'_>, config: &Config, clock: &Clock) {
    let settings = &config.derived;
    let previews = [&settings.ffmpeg, &settings.pdftoppm];
    let mut previews = previews
        .into_iter()
        .filter(|name| !name.is_empty())
        .peekable();
    if previews.peek().is_some() {
        let programs = Programs::new(settings.clone(), Schedule::new(clock.clone()));
        let isolated = programs.isolator().await.is_some();
        for name in previews {
            let check = Check::Previews;
            let result = match tool::find(name) {
                Some(_) if isolated => CheckResult::ok(check, Code::ProgramIsolated),
                Some(_) => CheckResult::ok(check, Code::ProgramFound),
                None => CheckResult::skipped(check, Code::ProgramAbsent),
            };
            results.add(result.about(name));
        }
    }
    for (key, command) in [
        ("derived.transcriber", &settings.transcriber),
        ("derived.scanner", &settings.scanner),
    ] {
        let Some(name) = command.first() else {
            continue;
        };
        let result = match tool::find(name) {
            Some(_) => CheckResult::ok(Check::Examiners, Code::ProgramFound),
            None => CheckResult::problem(Check::Examiners, Code::ProgramMissing, Hint::FixProgram),
        };
        results.add(result.about(key));
    }
}

/// Those that timed out several times in a row.
pub(super) async fn probe_pauses(results: &mut Results<'_>, db: &Db, config: &Config, now: Millis) {
    match pauses::known(db).await {
        Ok(pauses) => {
            for pause in pauses {
                results.add(paused(&pause, &config.derived, now));
            }
        }
        Err(error) => results.add(CheckResult::unreadable(Check::Examiners, error)),
    }
}

fn paused(pause: &ProgramPause, settings: &config::Derived, now: Millis) -> CheckResult {
    let (check, about, key) = match pause.kind {
        WorkKind::Scan => (
            Check::Examiners,
            "derived.scanner",
            "derived.scanner_timeout",
        ),
        WorkKind::Transcribe => (
            Check::Examiners,
            "derived.transcriber",
            "derived.command_timeout",
        ),
        WorkKind::Page => (
            Check::Previews,
            settings.pdftoppm.as_str(),
            "derived.timeout",
        ),
        WorkKind::Frame | WorkKind::Sound | WorkKind::Picture | WorkKind::Voice => {
            (Check::Previews, settings.ffmpeg.as_str(), "derived.timeout")
        }
    };
    let hint = Hint::TryProgram;
    let result = match pause.client {
        None => CheckResult::problem(check, Code::ProgramPaused, hint),
        Some(client) => {
            let code = Code::ProgramPausedForClient;
            CheckResult::warning(check, code, hint).with("client", client)
        }
    };
    result
        .about(about)
        .with("count", pause.timeouts)
        .with("key", key)
        .with_value("left", Value::Millis((pause.until - now).max(0)))
}
