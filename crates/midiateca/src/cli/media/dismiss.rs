//! `media dismiss`: acknowledges what failed or expired, see [`dismiss`].

use std::fmt::Display;
use std::sync::Arc;

use super::super::context::Context;
use super::super::items::Items;
use super::super::language::{Language, tame};
use super::super::words::{TextKey, dismiss as words};
use super::super::{Ending, UsageError};
use super::which::Which;
use midiateca_service::app::App;
use midiateca_service::model::MediaStatus;
use midiateca_service::ops::dismiss::{self, Dismissed, Item, Report};

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
        return Err(UsageError::new(context.lang, words::NAME_MEDIA, &[]).into());
    }
    let reason = options.reason.as_deref();
    let selection = options
        .which
        .select(context, app, options.media, &statuses, reason)
        .await?;
    let (lang, dry_run) = (context.lang, options.dry_run);
    let order = dismiss::Options { selection, dry_run };
    let items = Arc::new(Items::new(context.json, move |item: &Item| {
        let result = lang.say(text(item.result, dry_run));
        format!("{}\t{result}", tame(item.media.as_str()))
    }));
    let cancelled = app.shutdown.token_with_signals();
    let report = dismiss::run(&app.db, &app.clock, order, items.clone(), cancelled).await?;
    items.finish(&report, Some(sum(&report, lang)));
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

fn sum(report: &Report, lang: Language) -> String {
    let values: [(&str, &dyn Display); 3] = [
        ("dismissed", &report.dismissed),
        ("skipped", &report.skipped),
        ("not_found", &report.not_found),
    ];
    let key = if report.dry_run {
        words::WOULD_SUM
    } else {
        words::SUM
    };
    lang.fill(key, &values)
}
