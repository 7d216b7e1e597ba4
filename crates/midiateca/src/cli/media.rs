//! `media list|show|open|dismiss|export`.

mod dismiss;
mod export;
mod open;
pub(super) mod which;

use clap::builder::PossibleValuesParser;
use serde_json::json;

use crate::cli::{
    Context, Ending, Items, Language, answer, ids, language, plain, sheet::Sheet, zone,
};
use midiateca_service::app::{AllowedStorage, App};
use midiateca_service::media::{self, Cursor, Filter, Media, RecordedAttempt};
use midiateca_service::model::{MediaStatus, cut};
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
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Begin after this media: the `next` of the page before
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
}

fn statuses() -> PossibleValuesParser {
    PossibleValuesParser::new(MediaStatus::ALL.map(|status| status.as_str()))
}

pub(crate) async fn run(context: &Context, command: Command) -> anyhow::Result<Ending> {
    // Rows can be shown without the files.
    let app = match command {
        Command::Export(_) => context.open_to_look(AllowedStorage::None).await?,
        Command::Dismiss(_) => context.open_existing(AllowedStorage::Unused).await?,
        _ => context.open_to_look(AllowedStorage::Unused).await?,
    };
    match command {
        Command::Export(options) => export::run(context, &app, options).await,
        Command::Dismiss(options) => dismiss::run(context, &app, options).await,
        Command::Open(options) => open::run(context, &app, options).await,
        Command::List(options) => list(context, &app, options).await,
        Command::Show { id } => show(context, &app, &id).await,
    }
}

async fn list(context: &Context, app: &App, mut options: List) -> anyhow::Result<Ending> {
    options.which.resolve(context, app).await?;
    let filter = Filter {
        status: options.status.as_deref().and_then(MediaStatus::parse),
        ..options.which.filter(app.clock.now())
    };
    let read = |text: &String| {
        let unknown = || ids::unknown(context, ids::MEDIA, text);
        Cursor::parse(text).ok_or_else(unknown)
    };
    let after = options.cursor.as_ref().map(read).transpose()?;
    let one_more = options.limit.saturating_add(1);
    let mut rows = media::list_after(&app.db, &filter, after, one_more).await?;
    let next = cut(&mut rows, options.limit).map(|last| Cursor::of(last).to_string());
    let lang = context.lang;
    Items::new("items", move |media| line(media, lang)).page(&rows, next);
    Ok(Ending::Fine)
}

fn line(media: &Media, lang: Language) -> String {
    let outcome = match (media.path(), media.reason) {
        (Some(path), _) => format!("media_storage/{path}"),
        (None, Some(reason)) => lang.reason(reason.as_str()).to_owned(),
        (None, None) => String::new(),
    };
    format!(
        "{}\t{}\t{}\t{}\t{}\t{outcome}",
        media.id,
        zone::local(media.received_at),
        plain(media.instance.as_str()),
        lang.name(media.kind.as_str()),
        lang.name(media.status.as_str())
    )
}

async fn show(context: &Context, app: &App, id: &str) -> anyhow::Result<Ending> {
    let lang = context.lang;
    let id = ids::media(context, app, id).await?;
    let media = media::find(&app.db, &id).await?;
    let media = media.ok_or_else(|| ids::unknown(context, ids::MEDIA, &id))?;
    let attempts = media::attempts(&app.db, &id).await?;
    let mut sheet = Sheet::new(lang);
    for (name, value) in json!(media).as_object().into_iter().flatten() {
        if let Some(value) = language::value(lang, name, value) {
            sheet.labelled(lang.name(name), value);
        }
    }
    if let Some(reason) = media.reason {
        sheet.labelled("", lang.reason(reason.as_str()));
    }
    let facts = attempts.iter().map(|attempt| {
        let outcome = attempt.reason.map_or("-", |it| lang.reason(it.as_str()));
        let facts = attempt_facts(attempt, lang);
        format!("{} {facts}: {outcome}", attempt.n)
    });
    let facts: Vec<_> = facts.collect();
    let document = json!({"media": media, "attempts": attempts});
    answer::report(document, format!("{sheet}{}", facts.join("\n")));
    Ok(Ending::Fine)
}

/// Time, route, host, status, size and duration of an attempt.
pub(super) fn attempt_facts(attempt: &RecordedAttempt, lang: Language) -> String {
    let status = attempt.http_status.map(|status| status.to_string());
    format!(
        "{} {} {} HTTP {} {} {} ms",
        zone::local(attempt.started_at),
        attempt.route.as_str(),
        plain(attempt.host.as_deref().unwrap_or("-")),
        status.as_deref().unwrap_or("-"),
        lang.bytes(attempt.size),
        attempt.duration_ms
    )
}
