//! `media dismiss`: acknowledges what failed or expired, see [`dismiss`].

use crate::cli::{Context, Ending, Items, TextKey, Which, summary, tame, words::dismiss as words};
use midiateca_service::app::App;
use midiateca_service::model::MediaStatus;
use midiateca_service::ops::dismiss::{self, Dismissed, Item};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Which media, by id
    #[arg(
        value_name = "MEDIA",
        conflicts_with_all = ["failed", "expired", "instance", "client", "kind", "chat", "reason", "since", "until"]
    )]
    media: Vec<String>,
    /// All that failed
    #[arg(long)]
    failed: bool,
    /// All that expired
    #[arg(long)]
    expired: bool,
    #[command(flatten)]
    which: Which,
    /// Only media with this reason, such as cdn_expired; `check` and `media list` show it
    #[arg(long)]
    reason: Option<String>,
    /// Show what would be done
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(context: &Context, app: &App, options: Options) -> anyhow::Result<Ending> {
    let statuses = [
        (MediaStatus::Failed, options.failed),
        (MediaStatus::Expired, options.expired),
    ];
    if options.media.is_empty() && statuses.iter().all(|(_, wanted)| !wanted) {
        return Err(usage!(context.lang, words::NAME_MEDIA).into());
    }
    let reason = options.reason.as_deref();
    let selection = options
        .which
        .select(context, app, options.media, &statuses, reason)
        .await?;
    let (lang, dry_run) = (context.lang, options.dry_run);
    let order = dismiss::Options { selection, dry_run };
    let items = Items::new(move |item: &Item| {
        let result = lang.say(text(item.result, dry_run));
        format!("{}\t{result}", tame(item.media.as_str()))
    });
    let cancelled = app.shutdown.token_with_signals();
    let report = dismiss::run(&app.db, &app.clock, order, items.clone(), cancelled).await?;
    let key = if dry_run {
        words::WOULD_SUM
    } else {
        words::SUM
    };
    items.finish(&report, &summary(lang, key, &report));
    Ok(Ending::fine_if(report.not_found == 0 && !report.stopped))
}

fn text(result: Dismissed, dry_run: bool) -> TextKey {
    match result {
        Dismissed::Dismissed if dry_run => words::WOULD_BE_DISMISSED,
        Dismissed::Dismissed => words::DISMISSED,
        Dismissed::Skipped => words::SKIPPED,
        Dismissed::NotFound => words::NOT_FOUND,
    }
}
