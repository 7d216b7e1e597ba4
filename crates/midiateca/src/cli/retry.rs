//! `retry`: puts media back in the queue, from the start of the ladder.

use std::io::IsTerminal as _;

use indicatif::ProgressBar;
use serde_json::json;

use super::answer;
use super::context::Context;
use super::{Ending, UsageError};
use crate::app::App;
use crate::catalog::{self, Filter};
use crate::media::MediaId;
use crate::queue;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Which media, by id
    #[arg(value_name = "MEDIA")]
    media: Vec<String>,
    /// All that failed
    #[arg(long)]
    failed: bool,
    /// All that expired
    #[arg(long)]
    expired: bool,
    /// All that were skipped by a rule of [keep]
    #[arg(long)]
    skipped: bool,
    /// Only those of this instance
    #[arg(long, value_name = "ID")]
    instance: Option<String>,
    /// Show what would be done
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run(context: Context, options: Options) -> anyhow::Result<Ending> {
    if options.media.is_empty() && !options.failed && !options.expired && !options.skipped {
        let hint = "name media, or use --failed, --expired or --skipped";
        return Err(UsageError(hint.to_owned()).into());
    }
    let app = context.open_existing().await?;
    let mut chosen = options.media.clone();
    for (status, wanted) in [
        ("failed", options.failed),
        ("expired", options.expired),
        ("skipped", options.skipped),
    ] {
        if wanted {
            let filter = Filter {
                status: Some(status.to_owned()),
                instance: options.instance.clone(),
                ..Filter::default()
            };
            let found = catalog::list(&app.db, &filter, u32::MAX).await?;
            chosen.extend(found.into_iter().map(|media| media.id));
        }
    }
    let bar = if std::io::stderr().is_terminal() {
        ProgressBar::new(chosen.len() as u64)
    } else {
        ProgressBar::hidden()
    };
    let mut ending = Ending::Fine;
    for id in chosen {
        let (media, now) = (MediaId(id.clone()), app.clock.now());
        let outcome = match catalog::find(&app.db, &media).await? {
            None => "unknown",
            Some(found) if found.status == "downloading" => "left alone",
            Some(found) if found.status == "stored" && is_there(&app, &found) => "left alone",
            Some(_) if options.dry_run => "would be queued",
            Some(found) if found.status == "stored" => match app
                .db
                .write(async move |tx| queue::requeue_lost(tx, &media, now).await)
                .await?
            {
                true => "queued, for its file was lost",
                false => "left alone",
            },
            Some(_) => match app
                .db
                .write(async move |tx| queue::requeue(tx, &media, now).await)
                .await?
            {
                true => "queued",
                false => "left alone",
            },
        };
        if outcome == "unknown" {
            ending = Ending::FoundWrong;
        }
        bar.suspend(|| {
            if context.json {
                answer::line(format_args!("{}", json!({"media": id, "outcome": outcome})))
            } else {
                answer::line(format_args!("{id}\t{outcome}"))
            }
        });
        bar.inc(1);
    }
    bar.finish_and_clear();
    app.db.close().await;
    Ok(ending)
}

/// Whether a stored media's file is where it should be, as long as it should be.
fn is_there(app: &App, media: &catalog::MediaView) -> bool {
    let found = media
        .path
        .as_deref()
        .and_then(|path| app.vault.size_bytes(path));
    found.and_then(|found| i64::try_from(found).ok()) == media.size
}
