//! `deliveries list|dismiss|replay`: the raw webhooks that are kept, and what today's reader makes of them.

use serde_json::{Value, json};

use super::answer;
use super::context::Context;
use super::known;
use super::language::Language;
use super::since::Since;
use super::words::{Words, deliveries as words};
use super::{Ending, UsageError};
use midiateca_service::app::{AllowedStorage, App};
use midiateca_service::clock::{DAY, rfc3339};
use midiateca_service::db::Key;
use midiateca_service::deliveries::{self, DeliveryFilter, DeliverySummary};
use midiateca_service::ingest::{self, Replaced, Replay};
use midiateca_service::instances;
use midiateca_service::model::{DeliveryId, DeliveryReason};

const PAGE: u32 = 500;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Lists the raw deliveries that are kept, oldest first
    List {
        #[command(flatten)]
        which: Which,
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
            since: self.since.map(|since| since.at(app.clock.now())),
        }
    }

    fn is_everything(&self) -> bool {
        self.instance.is_none() && !self.set_aside && self.since.is_none()
    }
}

pub(crate) async fn run(context: Context, command: Command) -> anyhow::Result<Ending> {
    let app = match command {
        Command::List { .. } => context.open_to_look(AllowedStorage::Unused).await?,
        _ => {
            context
                .open_existing_allowing(AllowedStorage::Unused)
                .await?
        }
    };
    let mut ending = Ending::Fine;
    if let Command::List { which } | Command::Replay { which, .. } = &command {
        known::check(&context, &app, None, which.instance.as_deref()).await?;
    }
    match command {
        Command::List { which } => {
            for_each(&app, &which.filter(&app), async |entry| {
                show(&context, &entry);
                Ok(())
            })
            .await?;
        }
        Command::Dismiss { dry_run } => dismiss(&context, &app, dry_run).await?,
        Command::Replay {
            ids,
            which,
            dry_run,
        } => {
            if ids.is_empty() && which.is_everything() {
                let hint = context.lang.say(words::NAME_DELIVERIES);
                return Err(UsageError(hint.to_owned()).into());
            }
            for id in &ids {
                let id = DeliveryId(id.clone());
                match deliveries::find(&app.db, &id).await? {
                    Some(entry) => replay(&context, &app, &entry, dry_run).await?,
                    None => {
                        ending = Ending::FoundWrong;
                        tell(&context, &id, &Outcome::Unknown, &[]);
                    }
                }
            }
            if ids.is_empty() {
                for_each(&app, &which.filter(&app), async |entry| {
                    replay(&context, &app, &entry, dry_run).await
                })
                .await?;
            }
        }
    }
    app.db.close().await;
    Ok(ending)
}

async fn dismiss(context: &Context, app: &App, dry_run: bool) -> anyhow::Result<()> {
    let now = app.clock.now();
    let count = deliveries::set_aside_since(&app.db, now - DAY).await?;
    if !dry_run {
        app.db
            .write(Key::Nothing, async move |tx| {
                deliveries::dismiss(tx, now).await
            })
            .await?;
    }
    if context.json {
        answer::line(json!({"dismissed": count, "dry_run": dry_run}));
        return Ok(());
    }
    let said = match dry_run {
        true => words::WOULD_BE_DISMISSED,
        false => words::DISMISSED,
    };
    answer::line(context.lang.fill(said, &[("count", &count)]));
    Ok(())
}

async fn for_each(
    app: &App,
    filter: &DeliveryFilter,
    take: impl AsyncFn(DeliverySummary) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut after = String::new();
    loop {
        let page = deliveries::list(&app.db, filter, &after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after.clone_from(&last.id.0);
        for entry in page {
            take(entry).await?;
        }
    }
}

/// What became of one delivery.
enum Outcome {
    Unknown,
    InstanceRemoved,
    BodyGone,
    Unreadable { reason: DeliveryReason },
    WouldBeRead,
    NoMedia,
    Erased,
    Read,
}

impl Outcome {
    /// In JSON.
    fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::InstanceRemoved => "instance_removed",
            Self::BodyGone => "body_gone",
            Self::Unreadable { .. } => "unreadable",
            Self::WouldBeRead => "would_be_read",
            Self::NoMedia => "no_media",
            Self::Erased => "erased",
            Self::Read => "read",
        }
    }

    fn reason(&self) -> Option<DeliveryReason> {
        match self {
            Self::Unreadable { reason } => Some(*reason),
            _ => None,
        }
    }

    fn told(&self, lang: Language) -> String {
        let words = match self {
            Self::Unknown => words::UNKNOWN,
            Self::InstanceRemoved => words::INSTANCE_REMOVED,
            Self::BodyGone => words::BODY_GONE,
            Self::Unreadable { reason } => {
                let reason = lang.verdict(reason.as_str());
                return lang.fill(words::UNREADABLE, &[("reason", &reason)]);
            }
            Self::WouldBeRead => words::WOULD_BE_READ,
            Self::NoMedia => words::NO_MEDIA,
            Self::Erased => words::ERASED,
            Self::Read => words::READ,
        };
        lang.say(words).to_owned()
    }
}

async fn replay(
    context: &Context,
    app: &App,
    entry: &DeliverySummary,
    dry_run: bool,
) -> anyhow::Result<()> {
    let known = instances::instance(&app.db, &entry.instance).await?;
    let Some(instance) = known else {
        tell(context, &entry.id, &Outcome::InstanceRemoved, &[]);
        return Ok(());
    };
    let Some(body) = deliveries::body(&app.db, &entry.id).await? else {
        tell(context, &entry.id, &Outcome::BodyGone, &[]);
        return Ok(());
    };
    let body = bytes::Bytes::from(body);
    let (outcome, media) = if dry_run {
        match ingest::look_again(&app.ingest, &instance, &body).await? {
            Err(reason) => (Outcome::Unreadable { reason }, Vec::new()),
            Ok(readings) => {
                let kinds = readings.iter().flat_map(|reading| &reading.media);
                let media = kinds.map(|found| json!({"kind": found.kind.as_str()}));
                (Outcome::WouldBeRead, media.collect())
            }
        }
    } else {
        match ingest::replay(&app.ingest, &instance, &entry.id, &body).await? {
            Replay::Unreadable { reason } => (Outcome::Unreadable { reason }, Vec::new()),
            Replay::Nothing => (Outcome::NoMedia, Vec::new()),
            Replay::Erased => (Outcome::Erased, Vec::new()),
            Replay::Media(media) => {
                let media = media.iter().map(|media| {
                    let put = &media.put;
                    let mut told = json!({"id": put.id.as_str(), "kind": media.kind.as_str(), "status": put.status.as_str(), "duplicate": put.duplicate});
                    if let Some(bytes) = media.bytes {
                        told["stored_bytes"] = json!(bytes.as_str());
                    }
                    told
                });
                (Outcome::Read, media.collect())
            }
        }
    };
    tell(context, &entry.id, &outcome, &media);
    Ok(())
}

fn show(context: &Context, entry: &DeliverySummary) {
    let received_at = rfc3339(entry.received_at);
    if context.json {
        answer::line(
            json!({"delivery": entry.id.as_str(), "instance": entry.instance.as_str(), "received_at": received_at, "verdict": entry.verdict, "reason": entry.reason, "size": entry.body_size}),
        );
    } else {
        answer::line(format_args!(
            "{}\t{received_at}\t{}\t{}\t{}\t{}",
            entry.id,
            entry.instance,
            context.lang.name(&entry.verdict),
            entry.body_size,
            entry
                .reason
                .map_or("", |reason| context.lang.verdict(reason.as_str()))
        ));
    }
}

fn tell(context: &Context, id: &DeliveryId, outcome: &Outcome, media: &[Value]) {
    if context.json {
        answer::line(
            json!({"delivery": id.as_str(), "outcome": outcome.code(), "reason": outcome.reason(), "media": media}),
        );
        return;
    }
    let told: Vec<_> = media
        .iter()
        .map(|media| {
            let words = ["kind", "status", "id"].map(|name| media[name].as_str().unwrap_or(""));
            let words = words.into_iter().filter(|word| !word.is_empty());
            let words: Vec<_> = words.map(|word| context.lang.name(word)).collect();
            let mut words = words.join(" ");
            if let Some(bytes) = media["stored_bytes"].as_str().and_then(state_of_bytes) {
                words = format!("{words} ({})", context.lang.say(bytes));
            }
            words
        })
        .collect();
    let outcome = outcome.told(context.lang);
    answer::line(format_args!("{id}\t{outcome}\t{}", told.join(", ")));
}

/// What is wrong with the stored file that stands for bytes of a delivery, if anything is.
fn state_of_bytes(name: &str) -> Option<Words> {
    let is = |state: Replaced| state.as_str() == name;
    match name {
        name if name == Replaced::Intact.as_str() => None,
        _ if is(Replaced::Corrupt) => Some(words::BYTES_CORRUPT),
        _ if is(Replaced::Removed) => Some(words::BYTES_REMOVED),
        _ if is(Replaced::Erased) => Some(words::BYTES_ERASED),
        _ => Some(words::BYTES_MISSING),
    }
}
