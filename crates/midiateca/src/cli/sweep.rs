//! `sweep`: applies the retention rules, see [`retention`].

use std::fmt::Display;

use super::Ending;
use super::context::Context;
use super::items::Items;
use super::language::{Language, plain};
use super::words::{cli, sweep as words};
use super::{answer, complaint};
use midiateca_service::clock_check;
use midiateca_service::ops::retention::{self, Item, Report};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Show what would go
    #[arg(long)]
    dry_run: bool,
    /// Trust the machine's clock as it is now, although it has jumped
    #[arg(long)]
    accept_clock: bool,
}

pub(crate) async fn run(context: Context, options: Options) -> anyhow::Result<Ending> {
    let app = context.open_existing().await?;
    if options.accept_clock {
        clock_check::adopt(&app.clock_check()).await?;
    } else if !options.dry_run {
        clock_check::confirm(&app.clock_check()).await?;
    }
    let (lang, settings) = (context.lang, &app.config.retention);
    let items = Items::new(context.json, move |item: &Item| line(item, lang));
    let order = retention::Options {
        dry_run: options.dry_run,
    };
    let cancelled = app.shutdown.token_with_signals();
    let report = retention::run(app.file_deps(), settings, order, &items, &cancelled).await?;
    items.finish(&report, Some(sum(&report, lang)));
    if settings.rules.is_empty() {
        answer::complain(lang.say(words::NO_RULES));
    }
    app.db.close().await;
    if report.failed > 0
        && let Some(hint) = complaint::disk_hint(&context.data, &context.config, lang)
    {
        answer::complain(lang.fill(cli::HINT, &[("hint", &hint)]));
    }
    Ok(Ending::fine_if(report.failed == 0 && !report.stopped))
}

/// A file that could not be deleted goes to stderr.
fn line(item: &Item, lang: Language) -> String {
    let file = format!("media_storage/{}", plain(&item.path));
    let Some(error) = &item.error else {
        return format!("{}\t{}\t{file}\t{}", item.rule, item.media, item.size);
    };
    let why = complaint::why(&**error, lang);
    let values: [(&str, &dyn Display); 2] = [("file", &file), ("why", &why)];
    answer::complain(lang.fill(words::FAILED, &values));
    String::new()
}

fn sum(report: &Report, lang: Language) -> String {
    let values: [(&str, &dyn Display); 5] = [
        ("files", &report.files),
        ("bytes", &report.bytes),
        ("deliveries", &report.deliveries),
        ("events", &report.events),
        ("attempts", &report.attempts),
    ];
    let key = match report {
        Report { stopped: true, .. } => words::STOPPED,
        Report { dry_run: true, .. } => words::WOULD_GO,
        _ => words::WENT,
    };
    lang.fill(key, &values)
}
