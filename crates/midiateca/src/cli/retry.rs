//! `retry`: queues media again, see [`retry`].

use crate::cli::{Context, Ending, Items, TextKey, Which, plain, words::retry as words};
use midiateca_service::app::AllowedStorage;
use midiateca_service::model::MediaStatus;
use midiateca_service::ops::retry::{self, Item, Retried};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Which media, by id
    #[arg(
        value_name = "MEDIA",
        conflicts_with_all = ["failed", "expired", "skipped", "dismissed", "waiting", "instance", "client", "kind", "chat", "reason", "since", "until"]
    )]
    media: Vec<String>,
    /// All that failed
    #[arg(long)]
    failed: bool,
    /// All that expired
    #[arg(long)]
    expired: bool,
    /// All that were skipped by a rule of [keep]; what retention removed, only with --reason retention
    #[allow(
        rustdoc::broken_intra_doc_links,
        reason = "a section of the settings in a text of the help, not a link"
    )]
    #[arg(long)]
    skipped: bool,
    /// All that wait for their next attempt, at once
    #[arg(long)]
    waiting: bool,
    /// All that were dismissed
    #[arg(long)]
    dismissed: bool,
    #[command(flatten)]
    which: Which,
    /// Only media with this reason, such as cdn_expired; `check` and `media list` show it
    #[arg(long)]
    reason: Option<String>,
    /// Show what would be done
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run(context: &Context, options: Options) -> anyhow::Result<Ending> {
    let statuses = [
        (MediaStatus::Failed, options.failed),
        (MediaStatus::Expired, options.expired),
        (MediaStatus::Skipped, options.skipped),
        (MediaStatus::Dismissed, options.dismissed),
        (MediaStatus::Pending, options.waiting),
    ];
    if options.media.is_empty() && statuses.iter().all(|(_, wanted)| !wanted) {
        return Err(usage!(context.lang, words::NAME_MEDIA).into());
    }
    let app = context.open_existing(AllowedStorage::None).await?;
    let reason = options.reason.as_deref();
    let selection = options
        .which
        .select(context, &app, options.media, &statuses, reason)
        .await?;
    let (lang, dry_run) = (context.lang, options.dry_run);
    let order = retry::Options { selection, dry_run };
    let items = Items::new(move |item: &Item| {
        let result = lang.say(text(item.result, dry_run));
        format!("{}\t{result}", plain(item.media.as_str()))
    });
    let cancelled = app.shutdown.token_with_signals();
    let (db, storage, clock) = (&app.db, &app.storage, &app.clock);
    let report = retry::run(db, storage, clock, order, items.clone(), cancelled).await?;
    let is_nothing = !report.stopped && report.queued + report.skipped + report.not_found == 0;
    let nothing = lang.say(words::NOTHING);
    items.finish(&report, if is_nothing { nothing } else { "" });
    Ok(Ending::fine_if(report.not_found == 0 && !report.stopped))
}

fn text(result: Retried, dry_run: bool) -> TextKey {
    match result {
        Retried::Queued | Retried::QueuedFileMissing if dry_run => words::WOULD_BE_QUEUED,
        Retried::Queued => words::QUEUED,
        Retried::QueuedFileMissing => words::QUEUED_FILE_MISSING,
        Retried::AlreadyStored => words::ALREADY_STORED,
        Retried::Downloading => words::DOWNLOADING,
        Retried::Erased => words::ERASED,
        Retried::Skipped => words::SKIPPED,
        Retried::NotFound => words::NOT_FOUND,
    }
}
