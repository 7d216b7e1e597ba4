//! `media list|show`.

use serde_json::json;

use super::answer;
use super::context::Context;
use super::language::plain;
use super::since::Since;
use super::words::media as words;
use super::{Ending, UsageError};
use crate::catalog::{self, AttemptView, Filter, MediaView};
use crate::media::{MediaId, MediaKind, MediaStatus};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Lists media, the newest first
    List(List),
    /// Shows one media with every attempt to get it
    Show {
        /// Its id
        id: String,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Only those of this client
    #[arg(long, value_name = "N")]
    client: Option<i64>,
    /// Only those of this instance
    #[arg(long, value_name = "ID")]
    instance: Option<String>,
    /// Only this kind: image, video, audio, document, sticker
    #[arg(long)]
    kind: Option<String>,
    /// Only those that stand so: pending, downloading, stored, failed, expired, skipped
    #[arg(long)]
    status: Option<String>,
    /// Only those of this chat
    #[arg(long, value_name = "ID")]
    chat: Option<String>,
    /// Only those received since then: a time such as 2026-11-24T12:00:00Z, or so long ago: 90m, 24h, 7d
    #[arg(long, value_name = "TIME")]
    since: Option<Since>,
    /// How many at the most
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u32,
}

pub(crate) async fn run(context: Context, command: Command) -> anyhow::Result<Ending> {
    let app = context.open_existing().await?;
    match command {
        Command::List(options) => {
            let unknown =
                |words, name: &str| UsageError(context.lang.fill(words, &[("name", &plain(name))]));
            if let Some(kind) = &options.kind
                && MediaKind::parse(kind).is_none()
            {
                return Err(unknown(words::UNKNOWN_KIND, kind).into());
            }
            if let Some(status) = &options.status
                && MediaStatus::parse(status).is_none()
            {
                return Err(unknown(words::UNKNOWN_STATUS, status).into());
            }
            let filter = Filter {
                client: options.client,
                instance: options.instance,
                kind: options.kind,
                status: options.status,
                chat: options.chat,
                since: options.since.map(|since| since.at(app.clock.now())),
                reason: None,
            };
            for media in catalog::list(&app.db, &filter, options.limit).await? {
                line(&context, &media);
            }
        }
        Command::Show { id } => {
            let id = MediaId(id);
            let media = catalog::find(&app.db, &id).await?.ok_or_else(|| {
                let id = plain(id.as_str());
                UsageError(context.lang.fill(words::UNKNOWN, &[("id", &id)]))
            })?;
            let attempts = catalog::attempts(&app.db, &id).await?;
            show(&context, &media, &attempts)?;
        }
    }
    app.db.close().await;
    Ok(Ending::Fine)
}

fn line(context: &Context, media: &MediaView) {
    if context.json {
        return answer::line(json!(media));
    }
    let outcome = match (&media.path, &media.reason) {
        (Some(path), _) => format!("media_storage/{path}"),
        (None, Some(reason)) => context.lang.reason(reason).to_owned(),
        (None, None) => String::new(),
    };
    answer::line(format_args!(
        "{}\t{}\t{}\t{}\t{}\t{outcome}",
        media.id,
        media.received_at,
        plain(&media.instance),
        context.lang.name(&media.kind),
        context.lang.name(&media.status)
    ));
}

fn show(context: &Context, media: &MediaView, attempts: &[AttemptView]) -> anyhow::Result<()> {
    if context.json {
        answer::line(json!({"media": media, "attempts": attempts}));
        return Ok(());
    }
    let shown = serde_json::to_value(media)?;
    for (name, value) in shown.as_object().into_iter().flatten() {
        if let Some(value) = context.lang.value(name, value) {
            answer::line(format_args!("{:<16} {value}", context.lang.name(name)));
        }
    }
    if let Some(reason) = &media.reason {
        answer::line(format_args!("{:<16} {}", "", context.lang.reason(reason)));
    }
    for attempt in attempts {
        let outcome = attempt
            .reason
            .as_deref()
            .map_or("-", |reason| context.lang.reason(reason));
        let status = attempt
            .http_status
            .map_or_else(|| "-".to_owned(), |status| status.to_string());
        answer::line(format_args!(
            "{} {} {} {} HTTP {status} {} bytes {} ms: {outcome}",
            attempt.n,
            attempt.started_at,
            attempt.route,
            attempt.host.as_deref().unwrap_or("-"),
            attempt.size,
            attempt.duration_ms
        ));
    }
    Ok(())
}
