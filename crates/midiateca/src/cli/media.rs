//! `media list|show|open|dismiss|export`.

mod dismiss;
mod export;
mod open;
pub(super) mod which;

use clap::builder::PossibleValuesParser;
use serde_json::json;

use super::Ending;
use super::answer;
use super::context::Context;
use super::document::{Document, Out};
use super::ids;
use super::language::{self, plain};
use super::zone;
use midiateca_service::app::AllowedStorage;
use midiateca_service::media::{self, Filter, Media, RecordedAttempt};
use midiateca_service::model::MediaStatus;
use which::Which;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Lists media, the newest first
    List(List),
    /// Shows one media with every attempt to download it
    Show {
        /// Its id, or a unique prefix of it
        id: String,
    },
    /// Opens a stored file with the desktop's program for it, or prints its path when piped
    Open(open::Options),
    /// Acknowledges media that failed or expired: `check` no longer counts them
    #[command(visible_alias = "dispensar")]
    Dismiss(dismiss::Options),
    /// Copies stored media into a folder or an archive, with a manifest and their hashes
    Export(export::Options),
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    which: Which,
    /// Only media with this status
    #[arg(long, value_parser = statuses())]
    status: Option<String>,
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u32,
}

fn statuses() -> PossibleValuesParser {
    PossibleValuesParser::new(MediaStatus::ALL.map(|status| status.as_str()))
}

pub(crate) async fn run(context: Context, command: Command) -> anyhow::Result<Ending> {
    // Rows can be shown without the files.
    let storage = match command {
        Command::Export(_) => AllowedStorage::None,
        _ => AllowedStorage::Unused,
    };
    let app = match command {
        Command::Dismiss(_) => context.open_existing_allowing(storage).await?,
        _ => context.open_to_look(storage).await?,
    };
    let mut ending = Ending::Fine;
    match command {
        Command::Export(options) => ending = export::run(&context, &app, options).await?,
        Command::Dismiss(options) => ending = dismiss::run(&context, &app, options).await?,
        Command::Open(options) => ending = open::run(&context, &app, options).await?,
        Command::List(mut options) => {
            options.which.resolve(&context, &app).await?;
            let filter = Filter {
                status: options.status.as_deref().and_then(MediaStatus::parse),
                ..options.which.filter(app.clock.now())
            };
            let found = media::list(&app.db, &filter, options.limit).await?;
            list(&context, &found);
        }
        Command::Show { id } => {
            let id = ids::media(&context, &app, &id).await?;
            let media = media::find(&app.db, &id).await?;
            let media = media.ok_or_else(|| ids::unknown(&context, ids::MEDIA, &id))?;
            let attempts = media::attempts(&app.db, &id).await?;
            show(&context, &media, &attempts)?;
        }
    }
    app.db.close().await;
    Ok(ending)
}

fn list(context: &Context, found: &[Media]) {
    if !context.json {
        return found.iter().for_each(|media| line(context, media));
    }
    let list = Document::new("items", Out::Stdout);
    for media in found {
        list.item(media);
    }
    list.finish_list();
}

fn line(context: &Context, media: &Media) {
    let outcome = match (media.path(), media.reason) {
        (Some(path), _) => format!("media_storage/{path}"),
        (None, Some(reason)) => context.lang.reason(reason.as_str()).to_owned(),
        (None, None) => String::new(),
    };
    answer::line(format_args!(
        "{}\t{}\t{}\t{}\t{}\t{outcome}",
        media.id,
        zone::local(media.received_at),
        plain(media.instance.as_str()),
        context.lang.name(media.kind.as_str()),
        context.lang.name(media.status.as_str())
    ));
}

fn show(context: &Context, media: &Media, attempts: &[RecordedAttempt]) -> anyhow::Result<()> {
    if context.json {
        answer::line(json!({"media": media, "attempts": attempts}));
        return Ok(());
    }
    let shown = serde_json::to_value(media)?;
    for (name, value) in shown.as_object().into_iter().flatten() {
        if let Some(value) = language::value(context.lang, name, value) {
            answer::line(format_args!("{:<16} {value}", context.lang.name(name)));
        }
    }
    if let Some(reason) = media.reason {
        answer::line(format_args!(
            "{:<16} {}",
            "",
            context.lang.reason(reason.as_str())
        ));
    }
    for attempt in attempts {
        let outcome = attempt
            .reason
            .map_or("-", |reason| context.lang.reason(reason.as_str()));
        let status = attempt
            .http_status
            .map_or_else(|| "-".to_owned(), |status| status.to_string());
        answer::line(format_args!(
            "{} {} {} {} HTTP {status} {} bytes {} ms: {outcome}",
            attempt.n,
            zone::local(attempt.started_at),
            attempt.route.as_str(),
            attempt.host.as_deref().unwrap_or("-"),
            attempt.size,
            attempt.duration_ms
        ));
    }
    Ok(())
}
