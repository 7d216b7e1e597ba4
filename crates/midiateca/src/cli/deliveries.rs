//! `deliveries list|show|dismiss|replay`: the stored raw webhooks, and processing them again.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::cli::{
    Context, Ending, Items, Language, answer, ids, plain, result, sheet::Sheet,
    words::deliveries as words, zone,
};
use midiateca_service::app::{AllowedStorage, App};
use midiateca_service::clock::rfc3339;
use midiateca_service::config::Since;
use midiateca_service::deliveries::{self, DeliveryFilter, DeliverySummary, masked};
use midiateca_service::i18n::results::left_out;
use midiateca_service::ingest::Replaced;
use midiateca_service::model::{Arrival, DeliveryReason, DeliveryVerdict, cut};
use midiateca_service::ops::dismiss;
use midiateca_service::ops::replay::{self, Deliveries, Replayed};

/// Deliveries in one query.
const PAGE: u32 = 500;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Lists the stored raw deliveries, oldest first
    List {
        #[command(flatten)]
        which: Which,
        /// At most this many [default: all]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        limit: Option<u32>,
        /// Begin after this delivery: the `next` of the page before
        #[arg(long, value_name = "ID")]
        cursor: Option<String>,
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
    /// Processes stored deliveries again: finds media that an earlier version did not recognise, and retries those that are not stored
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
            verdict: self.set_aside.then_some(DeliveryVerdict::SetAside),
            since: self
                .since
                .map(|since| since.at(app.clock.now(), zone::zone())),
            until: None,
        }
    }

    fn is_everything(&self) -> bool {
        self.instance.is_none() && !self.set_aside && self.since.is_none()
    }
}

pub(crate) async fn run(context: &Context, mut command: Command) -> anyhow::Result<Ending> {
    let app = match command {
        Command::List { .. } | Command::Show { .. } => {
            context.open_to_look(AllowedStorage::Unused).await?
        }
        _ => context.open_existing(AllowedStorage::Unused).await?,
    };
    if let Command::List { which, .. } | Command::Replay { which, .. } = &mut command {
        which.instance = ids::check_instance(context, &app, which.instance.as_deref()).await?;
    }
    match command {
        Command::List {
            which,
            limit,
            cursor,
        } => list(context, &app, &which.filter(&app), limit, cursor).await,
        Command::Show { id } => show(context, &app, &id).await,
        Command::Dismiss { dry_run } => dismiss(context, &app, dry_run).await,
        Command::Replay {
            ids,
            which,
            dry_run,
        } => {
            let deliveries = selected(context, &app, &ids, &which).await?;
            let order = replay::Options {
                deliveries,
                dry_run,
                actor: context.actor.clone(),
            };
            replay(context, &app, order).await
        }
    }
}

async fn selected(
    context: &Context,
    app: &App,
    texts: &[String],
    which: &Which,
) -> anyhow::Result<Deliveries> {
    if texts.is_empty() && which.is_everything() {
        return Err(usage!(context.lang, words::NAME_DELIVERIES).into());
    }
    if texts.is_empty() {
        return Ok(Deliveries::Selected(which.filter(app)));
    }
    let ids = ids::each(texts, async |text| ids::delivery(context, app, text).await);
    Ok(Deliveries::Ids(ids.await?))
}

async fn replay(context: &Context, app: &App, order: replay::Options) -> anyhow::Result<Ending> {
    let (lang, dry_run) = (context.lang, order.dry_run);
    let line = move |item: &replay::Item| line_of(item, dry_run, lang);
    let items = Arc::new(Items::new("items", line));
    let cancelled = app.shutdown.token_with_signals();
    let report = replay::run(&app.ingest, order, items.clone(), cancelled).await?;
    items.finish_list(&report);
    Ok(Ending::fine_if(report.not_found == 0 && !report.stopped))
}

async fn dismiss(context: &Context, app: &App, dry_run: bool) -> anyhow::Result<Ending> {
    let report = dismiss::deliveries(&app.db, &app.clock, &context.actor, dry_run).await?;
    let key = if dry_run {
        words::WOULD_BE_DISMISSED
    } else {
        words::DISMISSED
    };
    let text = fill!(context.lang, key, count = report.dismissed);
    answer::report(json!(report), text);
    Ok(Ending::Fine)
}

async fn list(
    context: &Context,
    app: &App,
    filter: &DeliveryFilter,
    limit: Option<u32>,
    cursor: Option<String>,
) -> anyhow::Result<Ending> {
    let mut after = match cursor {
        // It may have been deleted since.
        Some(whole_id) if uuid::Uuid::try_parse(&whole_id).is_ok() => whole_id,
        Some(cursor) => ids::delivery(context, app, &cursor).await?.0,
        None => String::new(),
    };
    let lang = context.lang;
    let json = |entry: &DeliverySummary| as_json(entry).to_string();
    let list = Items::shown_as("items", json, move |entry| line(entry, lang));
    let mut left = limit.unwrap_or(u32::MAX);
    loop {
        let page = left.min(PAGE);
        let mut rows = deliveries::list(&app.db, filter, &after, page.saturating_add(1)).await?;
        let next = cut(&mut rows, page).map(|last| last.id.0.clone());
        left -= page;
        match next {
            Some(next) if left > 0 => {
                rows.iter().for_each(|entry| list.item(entry));
                after = next;
            }
            next => {
                list.page(&rows, next);
                return Ok(Ending::Fine);
            }
        }
    }
}

/// Keys and tokens in the body are masked.
async fn show(context: &Context, app: &App, id: &str) -> anyhow::Result<Ending> {
    let id = ids::delivery(context, app, id).await?;
    // It was there a moment ago; retention may just have deleted it.
    let Some(entry) = deliveries::find(&app.db, &id).await? else {
        return Err(ids::unknown(context, ids::DELIVERY, &id).into());
    };
    let body = deliveries::body(&app.db, &id).await?;
    let body = body.as_deref().and_then(masked);
    let lang = context.lang;
    let mut sheet = Sheet::new(lang);
    sheet.line(words::ID, &entry.id);
    sheet.line(words::INSTANCE, &entry.instance);
    sheet.line(words::RECEIVED, zone::local(entry.received_at));
    sheet.line(words::VERDICT, lang.name(entry.verdict.as_str()));
    if entry.reason.is_some() {
        sheet.line(words::REASON, reason(&entry, lang));
    }
    match entry.arrival {
        Arrival::Webhook => {}
        Arrival::Listed => sheet.said(words::ARRIVAL, words::LISTED),
        Arrival::ListedOld => sheet.said(words::ARRIVAL, words::LISTED_OLD),
    }
    if !entry.left_out.is_nothing() {
        sheet.line(words::LEFT_OUT, left_out(entry.left_out, lang));
    }
    sheet.line(words::SIZE, entry.body_size);
    let shown = match &body {
        Some(body) => format!("{body:#}"),
        None => lang.say(words::NOT_SHOWN).to_owned(),
    };
    let text = format!("{sheet}\n{shown}");
    let mut document = as_json(&entry);
    document["body"] = json!(body);
    answer::report(document, text);
    Ok(Ending::Fine)
}

fn as_json(entry: &DeliverySummary) -> Value {
    json!({"delivery": entry.id.as_str(), "instance": entry.instance.as_str(), "received_at": rfc3339(entry.received_at), "verdict": entry.verdict, "reason": entry.reason, "size": entry.body_size, "arrival": entry.arrival, "left_out": entry.left_out})
}

fn reason(entry: &DeliverySummary, lang: Language) -> &str {
    let reason = entry.reason;
    reason.map_or("", |reason| lang.verdict(reason.as_str()))
}

fn line(entry: &DeliverySummary, lang: Language) -> String {
    format!(
        "{}\t{}\t{}\t{}\t{}\t{}",
        entry.id,
        zone::local(entry.received_at),
        entry.instance,
        lang.name(entry.verdict.as_str()),
        entry.body_size,
        if entry.left_out.is_nothing() {
            reason(entry, lang).to_owned()
        } else {
            left_out(entry.left_out, lang)
        }
    )
}

fn line_of(item: &replay::Item, dry_run: bool, lang: Language) -> String {
    let reason = lang.verdict(item.reason.map_or("", DeliveryReason::as_str));
    let text = match item.result {
        Replayed::Read if dry_run => result(lang, "replay", "would_be_read", &[]),
        replayed => result(lang, "replay", replayed, values!(reason)),
    };
    let media: Vec<_> = item.media.iter().map(|it| media_of(it, lang)).collect();
    let delivery = plain(item.delivery.as_str());
    format!("{delivery}\t{text}\t{}", media.join(", "))
}

fn media_of(media: &replay::Media, lang: Language) -> String {
    let mut text = lang.name(media.kind.as_str()).to_owned();
    if let Some((status, id)) = media.status.zip(media.id.as_ref()) {
        text = format!("{text} {} {id}", lang.name(status.as_str()));
    }
    match media.stored_bytes {
        None | Some(Replaced::Intact) => text,
        Some(replaced) => format!("{text} ({})", result(lang, "replaced", replaced, &[])),
    }
}
