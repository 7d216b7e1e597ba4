//! `retry`: queues media again, see [`retry`].

use std::sync::Arc;

use crate::cli::media::which::Chosen;
use crate::cli::{Context, Ending, Items, Language, plain, result, words::retry as words};
use midiateca_service::app::AllowedStorage;
use midiateca_service::model::MediaStatus;
use midiateca_service::ops::retry::{self, Item, Retried};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// All that failed
    #[arg(long, conflicts_with = "media")]
    failed: bool,
    /// All that expired
    #[arg(long, conflicts_with = "media")]
    expired: bool,
    /// All that were skipped by a rule of [keep]; what retention removed, only with --reason retention
    #[allow(
        rustdoc::broken_intra_doc_links,
        reason = "a section of the settings in a text of the help, not a link"
    )]
    #[arg(long, conflicts_with = "media")]
    skipped: bool,
    /// All that wait for their next attempt, at once
    #[arg(long, conflicts_with = "media")]
    waiting: bool,
    /// All that were dismissed
    #[arg(long, conflicts_with = "media")]
    dismissed: bool,
    #[command(flatten)]
    chosen: Chosen,
}

pub(crate) async fn run(context: &Context, options: Options) -> anyhow::Result<Ending> {
    let statuses = [
        (MediaStatus::Failed, options.failed),
        (MediaStatus::Expired, options.expired),
        (MediaStatus::Skipped, options.skipped),
        (MediaStatus::Dismissed, options.dismissed),
        (MediaStatus::Pending, options.waiting),
    ];
    let app = context.open_existing(AllowedStorage::None).await?;
    let (lang, chosen) = (context.lang, options.chosen);
    let dry_run = chosen.dry_run;
    let selection = chosen.select(context, &app, &statuses, words::NAME_MEDIA);
    let selection = selection.await?;
    let order = retry::Options {
        selection,
        dry_run,
        actor: context.actor.clone(),
    };
    let items = Arc::new(Items::new("items", move |item: &Item| {
        format!(
            "{}\t{}",
            plain(item.media.as_str()),
            text(item, dry_run, lang)
        )
    }));
    let cancelled = app.shutdown.token_with_signals();
    let (db, storage, clock) = (&app.db, &app.storage, &app.clock);
    let report = retry::run(db, storage, clock, order, items.clone(), cancelled).await?;
    let is_nothing = !report.stopped && report.queued + report.skipped + report.not_found == 0;
    let nothing = lang.say(words::NOTHING);
    items.finish(&report, if is_nothing { nothing } else { "" });
    Ok(Ending::fine_if(report.not_found == 0 && !report.stopped))
}

fn text(item: &Item, dry_run: bool, lang: Language) -> String {
    match item.result {
        Retried::Queued | Retried::QueuedFileMissing if dry_run => {
            result(lang, "retry", "would_be_queued", &[])
        }
        retried => result(lang, "retry", retried, &[]),
    }
}
