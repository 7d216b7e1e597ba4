//! `retry`: puts media back in the queue, from the start of the ladder.

use std::io::IsTerminal as _;

use indicatif::ProgressBar;
use serde_json::json;

use super::answer;
use super::context::Context;
use super::known;
use super::language::plain;
use super::media::which::{Which, reason_named};
use super::words::{Words, retry as words};
use super::{Ending, UsageError};
use midiateca_service::app::App;
use midiateca_service::db;
use midiateca_service::db::Key;
use midiateca_service::media::{self, Filter};
use midiateca_service::model::{MediaId, MediaStatus, Reason};
use midiateca_service::queue;

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
    /// Only those that stand so for this reason, such as cdn_expired, as `check` and `media list` tell it
    #[arg(long)]
    reason: Option<String>,
    /// Show what would be done
    #[arg(long)]
    dry_run: bool,
}

impl Options {
    /// The media of that status that are meant.
    fn filter(
        &self,
        context: &Context,
        status: MediaStatus,
        app: &App,
    ) -> Result<Filter, UsageError> {
        Ok(Filter {
            status: Some(status),
            reason: reason_named(context.lang, self.reason.as_deref())?,
            ..self.which.filter(app.clock.now())
        })
    }
}

pub(crate) async fn run(context: Context, options: Options) -> anyhow::Result<Ending> {
    let statuses = [
        (MediaStatus::Failed, options.failed),
        (MediaStatus::Expired, options.expired),
        (MediaStatus::Skipped, options.skipped),
        (MediaStatus::Dismissed, options.dismissed),
        (MediaStatus::Pending, options.waiting),
    ];
    if options.media.is_empty() && !statuses.iter().any(|(_, wanted)| *wanted) {
        return Err(UsageError(context.lang.say(words::NAME_MEDIA).to_owned()).into());
    }
    let app = context.open_existing().await?;
    let which = &options.which;
    known::check(&context, &app, which.client, which.instance.as_deref()).await?;
    let mut chosen = options.media.clone();
    for (status, wanted) in statuses {
        if wanted {
            let filter = options.filter(&context, status, &app)?;
            let found = media::list(&app.db, &filter, u32::MAX).await?;
            // What a rule removed would be fetched only for the next sweep to remove it again.
            let is_meant = |media: &media::Media| {
                filter.reason.is_some() || media.reason != Some(Reason::Retention)
            };
            chosen.extend(found.into_iter().filter(is_meant).map(|media| media.id.0));
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
        let (name, words) = outcome.words();
        bar.suspend(|| match context.json {
            true => answer::line(json!({"media": id, "outcome": name})),
            false => answer::line(format_args!("{}\t{}", plain(&id), context.lang.say(words))),
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
    /// It is stored, being fetched, or erased.
    LeftAlone,
    Unknown,
}

impl Outcome {
    fn words(self) -> (&'static str, Words) {
        match self {
            Self::Queued => ("queued", words::QUEUED),
            Self::QueuedForLost => ("queued, for its file was lost", words::QUEUED_FOR_LOST),
            Self::WouldBeQueued => ("would be queued", words::WOULD_BE_QUEUED),
            Self::LeftAlone => ("left alone", words::LEFT_ALONE),
            Self::Unknown => ("unknown", words::UNKNOWN),
        }
    }
}

/// Puts one media back in the queue, if it may be.
pub(super) async fn one(app: &App, id: &MediaId, dry_run: bool) -> Result<Outcome, db::Error> {
    let (media, now) = (id.clone(), app.clock.now());
    let Some(found) = media::find(&app.db, id).await? else {
        return Ok(Outcome::Unknown);
    };
    let is_stored = found.status == MediaStatus::Stored;
    let is_erased = found.is_erased();
    if found.status == MediaStatus::Downloading || is_erased || is_stored && is_there(app, &found) {
        return Ok(Outcome::LeftAlone);
    }
    if dry_run {
        return Ok(Outcome::WouldBeQueued);
    }
    let requeued = app.db.write(Key::media(media.as_str()), async move |tx| {
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
fn is_there(app: &App, media: &media::Media) -> bool {
    let found = media.path().and_then(|path| app.vault.size_bytes(path));
    found == media.size
}
