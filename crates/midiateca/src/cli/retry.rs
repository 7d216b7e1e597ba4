//! `retry`: puts media back in the queue, from the start of the ladder.

use std::io::IsTerminal as _;

use indicatif::ProgressBar;
use serde_json::json;

use super::answer;
use super::context::Context;
use super::{Ending, UsageError};
use crate::app::App;
use crate::catalog::{self, Filter};
use crate::db;
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
        let outcome = one(&app, &MediaId(id.clone()), options.dry_run).await?;
        if outcome == Outcome::Unknown {
            ending = Ending::FoundWrong;
        }
        let outcome = outcome.told();
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

/// What became of one media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Queued,
    /// It is stored, but its file is not there.
    QueuedForLost,
    WouldBeQueued,
    /// It is stored or being fetched.
    LeftAlone,
    Unknown,
}

impl Outcome {
    fn told(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::QueuedForLost => "queued, for its file was lost",
            Self::WouldBeQueued => "would be queued",
            Self::LeftAlone => "left alone",
            Self::Unknown => "unknown",
        }
    }
}

/// Puts one media back in the queue, if it may be.
pub(super) async fn one(app: &App, id: &MediaId, dry_run: bool) -> Result<Outcome, db::Error> {
    let (media, now) = (id.clone(), app.clock.now());
    let Some(found) = catalog::find(&app.db, id).await? else {
        return Ok(Outcome::Unknown);
    };
    let is_stored = found.status == "stored";
    if found.status == "downloading" || is_stored && is_there(app, &found) {
        return Ok(Outcome::LeftAlone);
    }
    if dry_run {
        return Ok(Outcome::WouldBeQueued);
    }
    let requeued = app.db.write(async move |tx| {
        if is_stored {
            queue::requeue_lost(tx, &media, now).await
        } else {
            queue::requeue(tx, &media, now).await
        }
    });
    Ok(match (requeued.await?, is_stored) {
        (true, false) => Outcome::Queued,
        (true, true) => Outcome::QueuedForLost,
        (false, _) => Outcome::LeftAlone,
    })
}

/// Whether a stored media's file is where it should be, as long as it should be.
fn is_there(app: &App, media: &catalog::MediaView) -> bool {
    let found = media
        .path
        .as_deref()
        .and_then(|path| app.vault.size_bytes(path));
    found.and_then(|found| i64::try_from(found).ok()) == media.size
}
