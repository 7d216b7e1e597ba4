//! `media dismiss`: acknowledges what failed or expired, so that `check` counts only what is new since.

use std::fmt::Display;

use serde_json::{Value, json};

use super::super::context::Context;
use super::super::language::tame;
use super::super::words::{Words, dismiss as words};
use super::super::{Ending, UsageError, answer, known};
use super::which::{Which, reason_named};
use midiateca_service::app::App;
use midiateca_service::db::Key;
use midiateca_service::events::{self, News};
use midiateca_service::media::{self, Filter, Media};
use midiateca_service::model::{MediaId, MediaStatus};
use midiateca_service::{db, queue};

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
    /// Only those that stand so for this reason, such as cdn_expired, as `check` and `media list` tell it
    #[arg(long)]
    reason: Option<String>,
    /// Show what would be done
    #[arg(long)]
    dry_run: bool,
}

/// The result for one media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Dismissed,
    WouldBeDismissed,
    /// It neither failed nor expired.
    LeftAlone,
    NotFound,
}

impl Action {
    fn code(self) -> &'static str {
        match self {
            Self::Dismissed => "dismissed",
            Self::WouldBeDismissed => "would_be_dismissed",
            Self::LeftAlone => "left_alone",
            Self::NotFound => "not_found",
        }
    }

    fn text(self) -> Words {
        match self {
            Self::Dismissed => words::DISMISSED,
            Self::WouldBeDismissed => words::WOULD_BE_DISMISSED,
            Self::LeftAlone => words::LEFT_ALONE,
            Self::NotFound => words::NOT_FOUND,
        }
    }
}

pub(super) async fn run(context: &Context, app: &App, options: Options) -> anyhow::Result<Ending> {
    let statuses = [
        (MediaStatus::Failed, options.failed),
        (MediaStatus::Expired, options.expired),
    ];
    if options.media.is_empty() && !statuses.iter().any(|(_, wanted)| *wanted) {
        return Err(UsageError(context.lang.say(words::NAME_MEDIA).to_owned()).into());
    }
    let which = &options.which;
    known::check(context, app, which.client, which.instance.as_deref()).await?;
    let mut chosen: Vec<MediaId> = options.media.iter().cloned().map(MediaId).collect();
    for (status, _) in statuses.iter().filter(|(_, wanted)| *wanted) {
        let filter = Filter {
            status: Some(*status),
            reason: reason_named(context.lang, options.reason.as_deref())?,
            ..which.filter(app.clock.now())
        };
        let found = media::list(&app.db, &filter, u32::MAX).await?;
        chosen.extend(found.into_iter().map(|media| media.id));
    }
    let mut actions = Vec::with_capacity(chosen.len());
    for id in chosen {
        let action = one(app, &id, options.dry_run).await?;
        if !context.json {
            let said = context.lang.say(action.text());
            answer::line(format_args!("{}\t{said}", tame(id.as_str())));
        }
        actions.push((id, action));
    }
    Ok(report(context, &actions, options.dry_run))
}

/// Dismisses one media, and records it as an event.
async fn one(app: &App, id: &MediaId, dry_run: bool) -> Result<Action, db::Error> {
    let Some(found) = media::find(&app.db, id).await? else {
        return Ok(Action::NotFound);
    };
    let is_given_up = matches!(found.status, MediaStatus::Failed | MediaStatus::Expired);
    if !is_given_up {
        return Ok(Action::LeftAlone);
    }
    if dry_run {
        return Ok(Action::WouldBeDismissed);
    }
    let (id, now) = (id.clone(), app.clock.now());
    let dismissed = app.db.write(Key::media(id.as_str()), async move |tx| {
        let is_dismissed = queue::dismiss(tx, &id).await?;
        if is_dismissed {
            events::append(tx, now, news(&found));
        }
        Ok(is_dismissed)
    });
    Ok(match dismissed.await? {
        true => Action::Dismissed,
        false => Action::LeftAlone,
    })
}

fn news(media: &Media) -> News<'_> {
    News {
        kind: "media.dismissed",
        client: media.client,
        instance: media.instance.as_str(),
        media: Some(media.id.as_str()),
        data: json!({"kind": media.kind.as_str(), "reason": media.reason}),
    }
}

fn report(context: &Context, actions: &[(MediaId, Action)], dry_run: bool) -> Ending {
    let count = |of: Action| actions.iter().filter(|(_, action)| *action == of).count();
    let dismissed = match dry_run {
        true => count(Action::WouldBeDismissed),
        false => count(Action::Dismissed),
    };
    let (left_alone, not_found) = (count(Action::LeftAlone), count(Action::NotFound));
    if context.json {
        let items: Vec<Value> = actions
            .iter()
            .map(|(id, action)| json!({"media": id.as_str(), "outcome": action.code()}))
            .collect();
        answer::line(
            json!({"items": items, "dry_run": dry_run, "dismissed": dismissed, "left_alone": left_alone, "not_found": not_found}),
        );
    } else {
        let values: [(&str, &dyn Display); 3] = [
            ("dismissed", &dismissed),
            ("left", &left_alone),
            ("unknown", &not_found),
        ];
        let sum = match dry_run {
            true => words::WOULD_SUM,
            false => words::SUM,
        };
        answer::line(context.lang.fill(sum, &values));
    }
    match not_found {
        0 => Ending::Fine,
        _ => Ending::FoundWrong,
    }
}
