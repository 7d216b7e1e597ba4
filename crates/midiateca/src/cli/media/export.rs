//! `media export`: see [`export`].

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::sync::Arc;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::json;

use super::super::scrub::problem_line;
use super::which::Which;
use crate::cli::{Context, Ending, Items, Language, Out, summary, words::export as words};
use midiateca_service::app::App;
use midiateca_service::ops::export::{self, ExportFinding, Format, Report, Target};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A folder, a file that ends in .tar or .zip, or - for a tar archive on stdout
    target: PathBuf,
    #[command(flatten)]
    which: Which,
    /// What to write, whatever the target's ending says
    #[arg(long, value_parser = formats())]
    format: Option<Format>,
    /// Show what would be exported
    #[arg(long)]
    dry_run: bool,
}

fn formats() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(["folder", "tar", "zip"]).map(|name| match name.as_str() {
        "folder" => Format::Folder,
        "tar" => Format::Tar,
        _ => Format::Zip,
    })
}

pub(super) async fn run(
    context: &Context,
    app: &App,
    mut options: Options,
) -> anyhow::Result<Ending> {
    let target = Target::from_path(&options.target, options.format)?;
    options.which.resolve(context, app).await?;
    let is_stream = target == Target::Stream;
    if is_stream && io::stdout().is_terminal() {
        return Err(usage!(context.lang, words::TERMINAL).into());
    }
    let out = if is_stream && !options.dry_run {
        // stdout is the archive.
        Out::Stderr
    } else {
        Out::Stdout
    };
    let lang = context.lang;
    let findings = Items::findings(move |finding: &ExportFinding| {
        let path = finding.path.as_deref().unwrap_or("");
        problem_line(finding.problem, path, &finding.media, lang)
    });
    let findings = Arc::new(findings.to(out));
    let order = export::Options {
        filter: options.which.filter(app.clock.now()),
        target: target.clone(),
        dry_run: options.dry_run,
        stream: Box::new(io::stdout()),
        actor: Some(context.actor.clone()),
    };
    let cancelled = app.shutdown.token_with_signals();
    let report = export::run(app.export_deps(), order, findings.clone(), cancelled).await?;
    findings.finish(&report, &sum(&report, lang));
    hint(&target, &report, lang);
    Ok(Ending::fine_if(report.is_complete()))
}

fn sum(report: &Report, lang: Language) -> String {
    if report.stopped {
        return String::new();
    }
    let key = if report.dry_run {
        words::WOULD_BE
    } else {
        words::SUM
    };
    let mut counts = json!(report);
    counts["bytes"] = json!(lang.bytes(report.bytes));
    let mut sum = summary(lang, key, &counts);
    for (count, key) in [(report.kept, words::KEPT), (report.carried, words::CARRIED)] {
        if count > 0 {
            sum = format!("{sum}\n{}", fill!(lang, key, count));
        }
    }
    sum
}

fn hint(target: &Target, report: &Report, lang: Language) {
    if report.stopped {
        let key = match target {
            Target::Folder(_) => words::STOPPED_FOLDER,
            Target::Tar(_) | Target::Zip(_) => words::STOPPED_ARCHIVE,
            Target::Stream | Target::ZipStream => words::STOPPED_STREAM,
        };
        complain!(lang, key, files = report.files, target = report.target);
    } else if report.omitted > 0 && !report.dry_run {
        complain!(lang, words::HOW_TO_RESTORE);
    }
}
