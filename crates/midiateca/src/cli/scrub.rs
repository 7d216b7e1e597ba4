//! `scrub`: whether the stored files are still the ones that were stored, see [`verify`].

mod screen;

use std::sync::Arc;

use super::Ending;
use super::context::Context;
use super::ids;
use super::since::Since;
use midiateca_service::app::AllowedStorage;
use midiateca_service::media::Filter;
use midiateca_service::ops::verify;
use screen::Screen;

const MEGABYTE: u64 = 1_000_000;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only files of this instance
    #[arg(long, value_name = "ID")]
    instance: Option<String>,
    /// Only files received since then: a day such as 2026-11-24, a time such as 2026-11-24T12:00:00Z, or so long ago: 90m, 24h, 7d
    #[arg(long, value_name = "TIME")]
    since: Option<Since>,
    /// Continue where the last run was stopped; newer files are left to the next whole run
    #[arg(long, conflicts_with = "since")]
    resume: bool,
    /// The most megabytes to read per second; 0 for no limit
    #[arg(long, value_name = "MB", default_value_t = 0)]
    rate: u64,
    /// Repair what can be repaired: a missing or corrupt file from another copy or by downloading it again; corrupt and
    /// orphaned files are moved to quarantine, nothing is deleted
    #[arg(long)]
    repair: bool,
    /// Repair even if more than half of the files, or all of one folder, are missing
    #[arg(long, requires = "repair")]
    even_if_most_are_missing: bool,
    /// Repair even if more than 20 files, and more than a tenth of all, are orphaned
    #[arg(long, requires = "repair")]
    even_if_many_are_orphaned: bool,
}

pub(crate) async fn run(context: Context, options: Options) -> anyhow::Result<Ending> {
    // Missing files may mean that the whole storage is.
    let allowed = match options.even_if_most_are_missing {
        true => AllowedStorage::Lost,
        false => AllowedStorage::None,
    };
    let app = match options.repair {
        true => context.open_existing_allowing(allowed).await?,
        false => context.open_to_look(allowed).await?,
    };
    let instance = ids::check(&context, &app, None, options.instance.as_deref()).await?;
    let now = app.clock.now();
    let order = verify::Options {
        filter: Filter {
            instance,
            since: options.since.map(|since| since.at(now)),
            ..Filter::default()
        },
        resume: options.resume,
        bytes_per_second: Some(options.rate.saturating_mul(MEGABYTE)),
        repair: options.repair.then_some(verify::RepairOptions {
            even_if_most_are_missing: options.even_if_most_are_missing,
            even_if_many_are_orphaned: options.even_if_many_are_orphaned,
        }),
    };
    let screen = Arc::new(Screen::new(context.lang, context.json));
    let cancelled = app.shutdown.token_with_signals();
    let report = verify::run(&app, order, screen.clone(), cancelled).await;
    app.db.close().await;
    screen.end();
    let report = report?;
    screen.finish(&report, options.resume);
    Ok(match report.is_clean() {
        true => Ending::Fine,
        false => Ending::FoundWrong,
    })
}
