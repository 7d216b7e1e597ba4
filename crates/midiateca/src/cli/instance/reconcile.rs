//! `instance reconcile`: see [`reconcile`].

use std::sync::Arc;

use crate::cli::{Context, Ending, Items, TextKey, ids, plain, words::instance as words, zone};
use midiateca_service::app::App;
use midiateca_service::config::Since;
use midiateca_service::ops::reconcile::{self, Item};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Its id, or a unique prefix of it
    id: String,
    /// Messages sent since then: a duration, a day or an instant
    #[arg(long, value_name = "SINCE", default_value = "24h")]
    since: Since,
    /// Only show what would be received
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(context: &Context, app: &App, options: Options) -> anyhow::Result<Ending> {
    let lang = context.lang;
    let instance = ids::instance(context, app, &options.id).await?;
    let order = reconcile::Options {
        instance,
        since: options.since.at(app.clock.now(), zone::zone()),
        dry_run: options.dry_run,
        most_calls: reconcile::MOST_CALLS,
        resumed: None,
        actor: Some(context.actor.clone()),
    };
    let deps = reconcile::Deps {
        gateway: app.gateway_deps(),
        ingest: &app.ingest,
    };
    let dry_run = options.dry_run;
    let items = Arc::new(Items::new("items", move |item: &Item| {
        let result = lang.say(text(item.old, dry_run));
        format!("{}\t{result}", plain(&item.message_id))
    }));
    let cancelled = app.shutdown.token_with_signals();
    let report = reconcile::run(deps, order, items.clone(), cancelled).await?;
    let total = lang.fill(
        words::RECONCILE_TOTAL,
        &[("listed", &report.listed), ("missing", &report.missing)],
    );
    items.finish(&report, &total);
    Ok(Ending::fine_if(!report.stopped))
}

fn text(is_old: bool, dry_run: bool) -> TextKey {
    match (is_old, dry_run) {
        (false, false) => words::RECONCILE_QUEUED,
        (false, true) => words::RECONCILE_WOULD_BE_QUEUED,
        (true, false) => words::RECONCILE_OLD_QUEUED,
        (true, true) => words::RECONCILE_OLD_WOULD_BE_QUEUED,
    }
}
