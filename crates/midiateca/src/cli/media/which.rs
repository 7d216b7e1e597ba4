//! The options of several commands that select media.

use clap::builder::PossibleValuesParser;

use super::super::context::Context;
use super::super::language::{Language, plain};
use super::super::words::retry as words;
use super::super::{UsageError, ids, zone};
use midiateca_service::app::App;
use midiateca_service::clock::Millis;
use midiateca_service::config::Since;
use midiateca_service::media::Filter;
use midiateca_service::model::{MediaKind, MediaStatus, Reason};
use midiateca_service::ops::Selection;

#[derive(Debug, clap::Args)]
pub(crate) struct Which {
    /// Only those of this client
    #[arg(long, value_name = "N")]
    pub client: Option<i64>,
    /// Only those of this instance
    #[arg(long, value_name = "ID")]
    pub instance: Option<String>,
    /// Only this kind
    #[arg(long, value_parser = kinds())]
    kind: Option<String>,
    /// Only those of this chat
    #[arg(long, value_name = "ID")]
    chat: Option<String>,
    /// Only those received since then: a day such as 2026-11-24, a time such as 2026-11-24T12:00:00Z, or so long ago: 90m, 24h, 7d
    #[arg(long, value_name = "TIME")]
    since: Option<Since>,
    /// Only those received before then: a day (before it begins), a time, or so long ago
    #[arg(long, value_name = "TIME")]
    until: Option<Since>,
}

/// The names that `--kind` takes, so that help and completions list them.
pub(in crate::cli) fn kinds() -> PossibleValuesParser {
    PossibleValuesParser::new(MediaKind::ALL.map(|kind| kind.as_str()))
}

pub(in crate::cli) fn reason_named(
    lang: Language,
    name: Option<&str>,
) -> Result<Option<Reason>, UsageError> {
    let Some(name) = name else { return Ok(None) };
    match Reason::parse(name) {
        Some(known) => Ok(Some(known)),
        None => {
            let name = plain(name);
            Err(UsageError::new(
                lang,
                words::UNKNOWN_REASON,
                &[("name", &name)],
            ))
        }
    }
}

impl Which {
    /// Refuses an unknown client or instance, and completes the id of the instance.
    pub async fn resolve(&mut self, context: &Context, app: &App) -> anyhow::Result<()> {
        let instance = self.instance.as_deref();
        self.instance = ids::check(context, app, self.client, instance).await?;
        Ok(())
    }

    /// The media named by id, or those with the wanted statuses and this reason.
    pub async fn select(
        mut self,
        context: &Context,
        app: &App,
        media: Vec<String>,
        statuses: &[(MediaStatus, bool)],
        reason: Option<&str>,
    ) -> anyhow::Result<Selection> {
        self.resolve(context, app).await?;
        let statuses = statuses.iter().filter(|(_, wanted)| *wanted);
        let statuses = statuses.map(|(status, _)| *status).collect();
        Ok(Selection {
            media: ids::several_media(context, app, media).await?,
            statuses,
            filter: Filter {
                reason: reason_named(context.lang, reason)?,
                ..self.filter(app.clock.now())
            },
        })
    }

    pub fn filter(&self, now: Millis) -> Filter {
        Filter {
            client: self.client,
            instance: self.instance.clone(),
            kind: self.kind.as_deref().and_then(MediaKind::parse),
            chat: self.chat.clone(),
            since: self.since.map(|since| since.at(now, zone::zone())),
            until: self.until.map(|until| until.at(now, zone::zone())),
            ..Filter::default()
        }
    }
}
