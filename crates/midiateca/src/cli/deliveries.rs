//! `deliveries list|show|dismiss|replay`: the raw webhooks that are kept, and what today's reader makes of them.

mod show;

use std::sync::Arc;

use serde_json::{Value, json};

use super::answer;
use super::context::Context;
use super::document::{Document, Out};
use super::ids;
use super::items::Items;
use super::language::{Language, plain};
use super::words::deliveries as words;
use super::zone;
use super::{Ending, UsageError};
use midiateca_service::app::{AllowedStorage, App};
use midiateca_service::clock::rfc3339;
use midiateca_service::config::Since;
use midiateca_service::deliveries::{self, DeliveryFilter, DeliverySummary};
use midiateca_service::ingest::Replaced;
use midiateca_service::model::DeliveryReason;
use midiateca_service::ops::dismiss;
use midiateca_service::ops::replay::{self, Deliveries, Replayed};

const PAGE: u32 = 500;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Lists the raw deliveries that are kept, oldest first
    List {
        #[command(flatten)]
        which: Which,
    },
    /// Shows one delivery with its body, in which keys and tokens are masked
    Show {
        /// Its id, or a unique prefix of it
        id: String,
    },
    /// Acknowledges the deliveries that were set aside or refused until now: `check` no longer counts them
    #[command(visible_alias = "dispensar")]
    Dismiss {
        /// Show what would be done
        #[arg(long)]
        dry_run: bool,
    },
    /// Reads kept deliveries again: what an older reader missed is found, what is not stored is tried again
    Replay {
        /// Which deliveries, by id
        #[arg(value_name = "DELIVERY", conflicts_with_all = ["instance", "set_aside", "since"])]
        ids: Vec<String>,
        #[command(flatten)]
        which: Which,
        /// Show what would be found
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct Which {
    /// Only those of this instance
    #[arg(long, value_name = "ID")]
    instance: Option<String>,
    /// Only those that could not be read
    #[arg(long, alias = "quarantined")]
    set_aside: bool,
    /// Only those received since then: a day such as 2026-11-24, a time such as 2026-11-24T12:00:00Z, or so long ago: 90m, 24h, 7d
    #[arg(long, value_name = "TIME")]
    since: Option<Since>,
}

impl Which {
    fn filter(&self, app: &App) -> DeliveryFilter {
        DeliveryFilter {
            instance: self.instance.clone(),
            verdict: self.set_aside.then(|| deliveries::SET_ASIDE.to_owned()),
            since: self
                .since
                .map(|since| since.at(app.clock.now(), zone::zone())),
        }
    }

    fn is_everything(&self) -> bool {
        self.instance.is_none() && !self.set_aside && self.since.is_none()
    }
}

pub(crate) async fn run(context: Context, mut command: Command) -> anyhow::Result<Ending> {
    let app = match command {
        Command::List { .. } | Command::Show { .. } => {
            context.open_to_look(AllowedStorage::Unused).await?
        }
        _ => {
            context
                .open_existing_allowing(AllowedStorage::Unused)
                .await?
        }
    };
    let mut ending = Ending::Fine;
    if let Command::List { which } | Command::Replay { which, .. } = &mut command {
        which.instance = ids::check(&context, &app, None, which.instance.as_deref()).await?;
    }
    match command {
        Command::List { which } => {
            list(&context, &app, &which.filter(&app)).await?;
        }
        Command::Show { id } => show::run(&context, &app, &id).await?,
        Command::Dismiss { dry_run } => dismiss(&context, &app, dry_run).await?,
        Command::Replay {
            ids: named,
            which,
            dry_run,
        } => {
            if named.is_empty() && which.is_everything() {
                return Err(UsageError::new(context.lang, words::NAME_DELIVERIES, &[]).into());
            }
            let deliveries = if named.is_empty() {
                Deliveries::Selected(which.filter(&app))
            } else {
                Deliveries::Ids(ids::deliveries(&context, &app, named).await?)
            };
            let order = replay::Options {
                deliveries,
                dry_run,
            };
            ending = read_again(&context, &app, order).await?;
        }
    }
    app.db.close().await;
    Ok(ending)
}

async fn read_again(
    context: &Context,
    app: &App,
    order: replay::Options,
) -> anyhow::Result<Ending> {
    let (lang, dry_run) = (context.lang, order.dry_run);
    let items = Arc::new(Items::new(context.json, move |item: &replay::Item| {
        line_of(item, dry_run, lang)
    }));
    let cancelled = app.shutdown.token_with_signals();
    let report = replay::run(&app.ingest, order, items.clone(), cancelled).await?;
    items.finish(&report, None);
    Ok(Ending::fine_if(report.not_found == 0 && !report.stopped))
}

async fn dismiss(context: &Context, app: &App, dry_run: bool) -> anyhow::Result<()> {
    let report = dismiss::deliveries(&app.db, &app.clock, dry_run).await?;
    if context.json {
        answer::line(answer::json(&report));
        return Ok(());
    }
    let key = if dry_run {
        words::WOULD_BE_DISMISSED
    } else {
        words::DISMISSED
    };
    let count = report.dismissed;
    answer::line(context.lang.fill(key, &[("count", &count)]));
    Ok(())
}

async fn list(context: &Context, app: &App, filter: &DeliveryFilter) -> anyhow::Result<()> {
    let document = Document::new("items", Out::Stdout);
    let mut after = String::new();
    loop {
        let page = deliveries::list(&app.db, filter, &after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.id.0);
        for entry in &page {
            if context.json {
                document.item(&as_json(entry));
            } else {
                line(context, entry);
            }
        }
    }
    if context.json {
        document.finish_list();
    }
    Ok(())
}

fn as_json(entry: &DeliverySummary) -> Value {
    json!({"delivery": entry.id.as_str(), "instance": entry.instance.as_str(), "received_at": rfc3339(entry.received_at), "verdict": entry.verdict, "reason": entry.reason, "size": entry.body_size})
}

fn line(context: &Context, entry: &DeliverySummary) {
    let reason = entry.reason;
    answer::line(format_args!(
        "{}\t{}\t{}\t{}\t{}\t{}",
        entry.id,
        zone::local(entry.received_at),
        entry.instance,
        context.lang.name(&entry.verdict),
        entry.body_size,
        reason.map_or("", |reason| context.lang.verdict(reason.as_str()))
    ));
}

fn line_of(item: &replay::Item, dry_run: bool, lang: Language) -> String {
    let result = match item.result {
        Replayed::Read if dry_run => lang.say(words::WOULD_BE_READ).to_owned(),
        Replayed::Read => lang.say(words::READ).to_owned(),
        Replayed::NoMedia => lang.say(words::NO_MEDIA).to_owned(),
        Replayed::Erased => lang.say(words::ERASED).to_owned(),
        Replayed::Unreadable => {
            let reason = item.reason.map_or("", DeliveryReason::as_str);
            lang.fill(words::UNREADABLE, &[("reason", &lang.verdict(reason))])
        }
        Replayed::InstanceRemoved => lang.say(words::INSTANCE_REMOVED).to_owned(),
        Replayed::BodyDeleted => lang.say(words::BODY_DELETED).to_owned(),
        Replayed::NotFound => lang.say(words::NOT_FOUND).to_owned(),
    };
    let media: Vec<_> = item
        .media
        .iter()
        .map(|media| media_of(media, lang))
        .collect();
    format!(
        "{}\t{result}\t{}",
        plain(item.delivery.as_str()),
        media.join(", ")
    )
}

fn media_of(media: &replay::Media, lang: Language) -> String {
    let mut text = lang.name(media.kind.as_str()).to_owned();
    if let Some((status, id)) = media.status.zip(media.id.as_ref()) {
        text = format!("{text} {} {id}", lang.name(status.as_str()));
    }
    let bytes = match media.stored_bytes {
        None | Some(Replaced::Intact) => return text,
        Some(Replaced::Missing) => words::BYTES_MISSING,
        Some(Replaced::Corrupt) => words::BYTES_CORRUPT,
        Some(Replaced::Removed) => words::BYTES_REMOVED,
        Some(Replaced::Erased) => words::BYTES_ERASED,
    };
    format!("{text} ({})", lang.say(bytes))
}
