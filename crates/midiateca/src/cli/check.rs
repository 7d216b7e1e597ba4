//! `check`: the status report, as a table for people and as JSON, and whether something needs a person.

mod needs;
mod table;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::Ending;
use super::answer;
use super::context::Context;
use super::instance;
use super::language::Language;
use super::refusals;
use midiateca_service::app::{AllowedStorage, App};
use midiateca_service::clock::{DAY, HOUR, rfc3339};
use midiateca_service::db;
use midiateca_service::deliveries;
use midiateca_service::instances;
use midiateca_service::media::{self, Count, Filter, Held};
use midiateca_service::model::{MediaKind, Reason};
use midiateca_service::storage::layout;
use midiateca_service::worker;

const PAGE: u32 = 10_000;
/// Named one by one; beyond it only their number is told.
const MOST_NAMED: usize = 20;

/// Everything the report tells.
#[derive(Serialize)]
pub(super) struct Report {
    data: String,
    instances: Vec<Value>,
    folders: Vec<Folder>,
    by_kind: Vec<Count>,
    by_status: Vec<Count>,
    files: Files,
    last_hour: BTreeMap<String, i64>,
    /// Stored among all that came to an end; nothing when none did.
    success_rate: Option<f64>,
    reasons: Vec<Failing>,
    /// Deliveries of the last day that are set aside, and were not dismissed.
    quarantined_today: i64,
    /// Deliveries that were answered 401, 404, 413 or 415, added up.
    refusals: Vec<Value>,
    oldest_waiting: Option<String>,
    next_deadline: Option<String>,
    /// Whether the disk is below the mark at which downloads stop.
    waits_for_room: bool,
    /// Whether the machine's clock goes on from its last trusted reading; while not, nothing is deleted or expires.
    clock_trusted: bool,
    /// What a person should look at, a sentence each.
    needs_attention: Vec<String>,
}

#[derive(Serialize)]
struct Folder {
    path: String,
    exists: bool,
    files: u64,
    size: u64,
}

/// What the rows promise, looked for on the disk.
#[derive(Default, Serialize)]
struct Files {
    present: u64,
    missing: u64,
    wrong_size: u64,
    examples: Vec<String>,
}

#[derive(Serialize)]
struct Failing {
    reason: String,
    sentence: String,
    count: i64,
    recoverable: bool,
}

pub(crate) async fn run(context: Context) -> anyhow::Result<Ending> {
    // A storage that is not the right one is a part of the report.
    let app = context.open_to_look(AllowedStorage::Unused).await?;
    let report = Report::of(&app, context.lang).await?;
    report.print(&context);
    app.db.close().await;
    Ok(if report.needs_attention.is_empty() {
        Ending::Fine
    } else {
        Ending::FoundWrong
    })
}

impl Report {
    /// Looks at the database and at the disk; changes nothing.
    pub async fn of(app: &App, lang: Language) -> Result<Self, db::Error> {
        let now = app.clock.now();
        let instances = instances::instances(&app.db).await?;
        let by_status = media::by_status(&app.db, 0).await?;
        let (oldest, next) = media::waiting(&app.db).await?;
        let stopped = worker::stopped_for_room(app).await?;
        let refused = instances::refusals(&app.db).await?;
        let mut report = Self {
            refusals: refused.iter().map(refusals::view).collect(),
            data: app.data.display().to_string(),
            folders: instances
                .iter()
                .flat_map(|instance| MediaKind::ALL.map(|kind| (instance, kind)))
                .map(|(instance, kind)| {
                    Folder::look(app, &layout::folder(instance.client, &instance.id, kind))
                })
                .collect(),
            by_kind: media::by_kind(&app.db, 0).await?,
            files: Files::look(app).await?,
            last_hour: media::by_status(&app.db, now - HOUR)
                .await?
                .into_iter()
                .map(|count| (count.name, count.count))
                .collect(),
            success_rate: success_rate(&by_status),
            reasons: media::by_reason(&app.db)
                .await?
                .into_iter()
                .map(|count| Failing::of(count, lang))
                .collect(),
            quarantined_today: deliveries::set_aside_since(&app.db, now - DAY).await?,
            oldest_waiting: oldest.map(rfc3339),
            next_deadline: next.map(rfc3339),
            waits_for_room: stopped.is_some(),
            clock_trusted: app.clock.is_trusted(),
            instances: instances.iter().map(instance::view).collect(),
            needs_attention: Vec::new(),
            by_status,
        };
        report.needs_attention = needs::of(app, &report, lang, oldest, stopped).await?;
        let dismissed = deliveries::dismissed_at(&app.db).await?;
        let lately = refused.iter().filter(|(_, count)| {
            count.is_recent(now) && dismissed.is_none_or(|at| count.last_at > at)
        });
        let lately = lately.map(|refused| refusals::sentence(refused, lang));
        report.needs_attention.extend(lately);
        Ok(report)
    }

    /// The report on stdout, in the form that was asked for.
    pub fn print(&self, context: &Context) {
        if context.json {
            answer::line(serde_json::json!(self));
        } else {
            answer::text(table::of(self, context.lang));
        }
    }

    fn count_of(&self, status: &str) -> i64 {
        self.by_status
            .iter()
            .find(|count| count.name == status)
            .map_or(0, |count| count.count)
    }
}

fn success_rate(by_status: &[Count]) -> Option<f64> {
    let of = |status: &str| {
        by_status
            .iter()
            .find(|count| count.name == status)
            .map_or(0, |count| count.count)
    };
    let (stored, ended) = (
        of("stored"),
        of("stored") + of("failed") + of("expired") + of("dismissed"),
    );
    #[expect(clippy::cast_precision_loss, reason = "a percentage for people")]
    (ended > 0).then(|| stored as f64 / ended as f64)
}

impl Failing {
    fn of(count: Count, lang: Language) -> Self {
        Self {
            sentence: lang.reason(&count.name).to_owned(),
            recoverable: Reason::parse(&count.name).is_some_and(Reason::may_heal),
            reason: count.name,
            count: count.count,
        }
    }
}

impl Folder {
    fn look(app: &App, folder: &str) -> Self {
        let entries = std::fs::read_dir(app.vault.root().join(folder)).ok();
        let exists = entries.is_some();
        let sizes: Vec<u64> = entries
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| entry.metadata().ok())
            .filter(std::fs::Metadata::is_file)
            .map(|found| found.len())
            .collect();
        Self {
            path: format!("media_storage/{folder}"),
            exists,
            files: sizes.len() as u64,
            size: sizes.iter().sum(),
        }
    }
}

impl Files {
    async fn look(app: &App) -> Result<Self, db::Error> {
        let mut files = Self::default();
        let mut after = String::new();
        loop {
            let page = media::held(&app.db, &Filter::default(), &after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(files);
            };
            after.clone_from(&last.id.0);
            for Held {
                path, size_bytes, ..
            } in page
            {
                match app.vault.size_bytes(&path) {
                    Some(found) if found == size_bytes => {
                        files.present += 1;
                        continue;
                    }
                    Some(_) => files.wrong_size += 1,
                    None => files.missing += 1,
                }
                if files.examples.len() < MOST_NAMED {
                    files.examples.push(format!("media_storage/{path}"));
                }
            }
        }
    }
}
