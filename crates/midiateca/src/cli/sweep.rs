//! `sweep`: applies the retention rules, see [`retention`].

use crate::cli::{
    Context, Ending, Items, Language, complaint, plain, summary, words::cli, words::sweep as words,
};
use midiateca_service::app::AllowedStorage;
use midiateca_service::clock_check;
use midiateca_service::ops::health::adopt_clock;
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

pub(crate) async fn run(context: &Context, options: Options) -> anyhow::Result<Ending> {
    let app = context.open_existing(AllowedStorage::None).await?;
    if options.accept_clock {
        adopt_clock(&app.clock_check(), &context.actor).await?;
    } else if !options.dry_run {
        clock_check::confirm(&app.clock_check()).await?;
    }
    let (lang, settings) = (context.lang, &app.config.retention);
    let items = Items::new("items", move |item: &Item| line(item, lang));
    let order = retention::Options {
        dry_run: options.dry_run,
        with_orphans: true,
        actor: Some(context.actor.clone()),
    };
    let cancelled = app.shutdown.token_with_signals();
    let report = retention::run(app.file_deps(), settings, order, &items, &cancelled).await?;
    items.finish(&report, &sum(&report, lang));
    if settings.rules.is_empty() {
        complain!(lang, words::NO_RULES);
    }
    if report.files_on_hold + report.deliveries_on_hold > 0 {
        let (files, deliveries) = (report.files_on_hold, report.deliveries_on_hold);
        complain!(lang, words::ON_HOLD, files, deliveries);
    }
    if report.failed > 0
        && let Some(hint) = complaint::disk_hint(&context.data, &context.config, lang)
    {
        complain!(lang, cli::HINT, hint);
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
    complain!(lang, words::FAILED, file, why);
    String::new()
}

fn sum(report: &Report, lang: Language) -> String {
    let key = match report {
        Report { stopped: true, .. } => words::STOPPED,
        Report { dry_run: true, .. } => words::WOULD_GO,
        _ => words::WENT,
    };
    summary(lang, key, report)
}
