//! The options of several commands that select media.

use clap::builder::PossibleValuesParser;

use crate::cli::{Context, TextKey, ids, plain, words::retry as words, zone};
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
    /// Only those received until then: a day (all of it), a time, or so long ago
    #[arg(long, value_name = "TIME")]
    until: Option<Since>,
}

/// The names that `--kind` takes, so that help and completions list them.
fn kinds() -> PossibleValuesParser {
    PossibleValuesParser::new(MediaKind::ALL.map(|kind| kind.as_str()))
}

impl Which {
    pub async fn resolve(&mut self, context: &Context, app: &App) -> anyhow::Result<()> {
        if let Some(client) = self.client {
            ids::check_client(context, app, client).await?;
        }
        self.instance = ids::check_instance(context, app, self.instance.as_deref()).await?;
        Ok(())
    }

    pub fn filter(&self, now: Millis) -> Filter {
        Filter {
            client: self.client,
            instance: self.instance.clone(),
            kind: self.kind.as_deref().and_then(MediaKind::parse),
            chat: self.chat.clone(),
            since: self.since.map(|since| since.at(now, zone::zone())),
            until: self.until.map(|until| until.end(now, zone::zone())),
            ..Filter::default()
        }
    }
}

/// Media to change: by id, or with one of the statuses that the command offers.
#[derive(Debug, clap::Args)]
pub(crate) struct Chosen {
    /// Which media, by id
    #[arg(value_name = "MEDIA", conflicts_with_all = ["Which", "reason"])]
    media: Vec<String>,
    #[command(flatten)]
    which: Which,
    /// Only media with this reason, by its code, such as cdn_expired; `check` and `media show` show the codes
    #[arg(long)]
    reason: Option<String>,
    /// Show what would be done
    #[arg(long)]
    pub dry_run: bool,
}

impl Chosen {
    /// `nothing` is the error where neither media nor a status is named.
    pub async fn select(
        mut self,
        context: &Context,
        app: &App,
        statuses: &[(MediaStatus, bool)],
        nothing: TextKey,
    ) -> anyhow::Result<Selection> {
        let statuses = statuses.iter().filter(|(_, is_wanted)| *is_wanted);
        let statuses: Vec<_> = statuses.map(|(status, _)| *status).collect();
        if self.media.is_empty() && statuses.is_empty() {
            return Err(usage!(context.lang, nothing).into());
        }
        self.which.resolve(context, app).await?;
        let media = ids::each(&self.media, async |text| {
            ids::media(context, app, text).await
        });
        let media = media.await?;
        let unknown = |name| usage!(context.lang, words::UNKNOWN_REASON, name = plain(name));
        let reason = self.reason.as_deref();
        let reason = reason.map(|name| Reason::parse(name).ok_or_else(|| unknown(name)));
        let filter = Filter {
            reason: reason.transpose()?,
            ..self.which.filter(app.clock.now())
        };
        Ok(Selection {
            media,
            statuses,
            filter,
        })
    }
}
