//! `media export`: see [`export`].

use std::fmt::Display;
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::sync::Arc;

use super::super::context::Context;
use super::super::document::Out;
use super::super::items::Items;
use super::super::language::Language;
use super::super::scrub::problem_line;
use super::super::words::export as words;
use super::super::{Ending, UsageError, answer};
use super::which::Which;
use midiateca_service::app::App;
use midiateca_service::ops::export::{self, Finding, Report, Target};

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Folder,
    Tar,
    Zip,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A folder, a file that ends in .tar or .zip, or - for a tar archive on stdout
    target: PathBuf,
    #[command(flatten)]
    which: Which,
    /// What to write, whatever the target's ending says
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Show what would be exported
    #[arg(long)]
    dry_run: bool,
}

impl From<Format> for export::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Folder => Self::Folder,
            Format::Tar => Self::Tar,
            Format::Zip => Self::Zip,
        }
    }
}

pub(super) async fn run(
    context: &Context,
    app: &App,
    mut options: Options,
) -> anyhow::Result<Ending> {
    let target = Target::from_path(&options.target, options.format.map(Into::into))?;
    options.which.resolve(context, app).await?;
    let is_stream = target == Target::Stream;
    if is_stream && io::stdout().is_terminal() {
        return Err(UsageError::new(context.lang, words::TERMINAL, &[]).into());
    }
    let out = if is_stream && !options.dry_run {
        // stdout is the archive.
        Out::Stderr
    } else {
        Out::Stdout
    };
    let lang = context.lang;
    let findings = Items::findings(out, context.json, move |finding: &Finding| {
        let path = finding.path.as_deref().unwrap_or("");
        problem_line(finding.problem, path, &finding.media, lang)
    });
    let findings = Arc::new(findings);
    let order = export::Options {
        filter: options.which.filter(app.clock.now()),
        target: target.clone(),
        dry_run: options.dry_run,
        stream: Box::new(io::stdout()),
    };
    let cancelled = app.shutdown.token_with_signals();
    let report = export::run(app.export_deps(), order, findings.clone(), cancelled).await;
    findings.end();
    let report = report?;
    findings.finish(&report, (!report.stopped).then(|| sum(&report, lang)));
    hint(&target, &report, lang);
    Ok(Ending::fine_if(report.is_complete()))
}

fn sum(report: &Report, lang: Language) -> String {
    let bytes = lang.bytes(report.bytes);
    let values: [(&str, &dyn Display); 4] = [
        ("files", &report.files),
        ("bytes", &bytes),
        ("target", &report.target),
        ("omitted", &report.omitted),
    ];
    let key = if report.dry_run {
        words::WOULD_BE
    } else {
        words::SUM
    };
    let mut sum = lang.fill(key, &values);
    for (count, key) in [(report.kept, words::KEPT), (report.carried, words::CARRIED)] {
        if count > 0 {
            sum = format!("{sum}\n{}", lang.fill(key, &[("count", &count)]));
        }
    }
    sum
}

/// What to do next, on stderr.
fn hint(target: &Target, report: &Report, lang: Language) {
    if report.stopped {
        let key = match target {
            Target::Folder(_) => words::STOPPED_FOLDER,
            Target::Tar(_) | Target::Zip(_) => words::STOPPED_ARCHIVE,
            Target::Stream => words::STOPPED_STREAM,
        };
        let values: [(&str, &dyn Display); 2] =
            [("files", &report.files), ("target", &report.target)];
        answer::complain(lang.fill(key, &values));
    } else if report.omitted > 0 && !report.dry_run {
        answer::complain(lang.say(words::HOW_TO_RESTORE));
    }
}
