//! The programs that make previews and examine files: found or absent, and isolated or not.

use super::result::Results;
use super::{Check, CheckResult, Code, Hint};
use crate::config::Config;
use crate::derived::programs::Programs;
use crate::derived::tool;

pub(super) async fn probe(results: &mut Results<'_>, config: &Config) {
    let settings = &config.derived;
    let previews = [&settings.ffmpeg, &settings.pdftoppm];
    let mut previews = previews
        .into_iter()
        .filter(|name| !name.is_empty())
        .peekable();
    if previews.peek().is_some() {
        let programs = Programs::new(settings.clone());
        let isolated = programs.isolator().await.is_some();
        for name in previews {
            let code = match tool::find(name) {
                Some(_) if isolated => Code::ProgramIsolated,
                Some(_) => Code::ProgramFound,
                None => Code::ProgramAbsent,
            };
            results.add(CheckResult::ok(Check::Previews, code).about(name));
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
