//! `media dismiss`: acknowledges what failed or expired, see [`dismiss`].

use std::sync::Arc;

use super::which::Chosen;
use crate::cli::{Context, Ending, Items, result, summary, tame, words::dismiss as words};
use midiateca_service::app::App;
use midiateca_service::model::MediaStatus;
use midiateca_service::ops::dismiss::{self, Dismissed, Item};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// All that failed
    #[arg(long, conflicts_with = "media")]
    failed: bool,
    /// All that expired
    #[arg(long, conflicts_with = "media")]
    expired: bool,
    #[command(flatten)]
    chosen: Chosen,
}

pub(super) async fn run(context: &Context, app: &App, options: Options) -> anyhow::Result<Ending> {
    let statuses = [
        (MediaStatus::Failed, options.failed),
        (MediaStatus::Expired, options.expired),
    ];
    let (lang, chosen) = (context.lang, options.chosen);
    let dry_run = chosen.dry_run;
    let selection = chosen.select(context, app, &statuses, words::NAME_MEDIA);
    let selection = selection.await?;
    let order = dismiss::Options {
        selection,
        dry_run,
        actor: context.actor.clone(),
    };
    let items = Arc::new(Items::new("items", move |item: &Item| {
        let text = match item.result {
            Dismissed::Dismissed if dry_run => result(lang, "dismiss", "would_be_dismissed", &[]),
            dismissed => result(lang, "dismiss", dismissed, &[]),
        };
        format!("{}\t{text}", tame(item.media.as_str()))
    }));
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
