//! `test-webhook`: one delivery through the whole pipeline, see [`test_delivery`].

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use serde_json::Value;

use super::context::Context;
use super::items::Items;
use super::language::{self, Language, plain};
use super::words::{TextKey, context as files, test_webhook as words};
use super::{Ending, UsageError, ids};
use midiateca_service::app::App;
use midiateca_service::instances::{self, Instance};
use midiateca_service::ops::test_delivery::{self, Step};

/// The largest file that is read as a delivery.
const MOST_BYTES: u64 = 128 << 20;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The delivery as the gateway would post it; - reads stdin
    #[arg(value_name = "FILE", required_unless_present = "sample")]
    file: Option<PathBuf>,
    /// Send a sample: a picture that the delivery itself brings, so that neither gateway nor CDN is asked
    #[arg(long, conflicts_with = "file")]
    sample: bool,
    /// The instance, if the delivery does not name it [default: its instanceId]
    #[arg(long, value_name = "ID")]
    instance: Option<String>,
}

pub(crate) async fn run(context: Context, options: Options) -> anyhow::Result<Ending> {
    let app = context.open_existing().await?;
    let (body, instance) = match &options.file {
        Some(file) => {
            let body = read(file, context.lang)?;
            let instance = instance_of(&context, &app, &body, options.instance).await?;
            (body, instance)
        }
        None => sample_for(&context, &app, options.instance).await?,
    };
    let lang = context.lang;
    let steps = Arc::new(Items::named("steps", context.json, move |step: &Step| {
        line_of(step, lang)
    }));
    let order = test_delivery::Options { instance, body };
    let cancelled = app.shutdown.token_with_signals();
    let deps = test_delivery::Deps {
        ingest: &app.ingest,
        worker: &app.worker(),
        coordination: &app.coordination,
    };
    let report = test_delivery::run(deps, order, steps.clone(), cancelled).await?;
    steps.finish(&report, None);
    app.db.close().await;
    Ok(Ending::fine_if(report.is_fine()))
}

/// For the instance that was named, or the first one.
async fn sample_for(
    context: &Context,
    app: &App,
    named: Option<String>,
) -> anyhow::Result<(Vec<u8>, Instance)> {
    let instance = match &named {
        Some(id) => ids::instance(context, app, id).await?,
        None => {
            let first = instances::instances(&app.db).await?.into_iter().next();
            first.ok_or_else(|| UsageError::new(context.lang, words::NO_INSTANCE, &[]))?
        }
    };
    let body = test_delivery::sample(&instance.id);
    Ok((body, instance))
}

fn read(file: &std::path::Path, lang: Language) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    if file.as_os_str() == "-" {
        std::io::stdin()
            .take(MOST_BYTES + 1)
            .read_to_end(&mut body)
            .with_context(|| lang.say(files::CANNOT_READ_STDIN))?;
    } else {
        std::fs::File::open(file)
            .and_then(|opened| opened.take(MOST_BYTES + 1).read_to_end(&mut body))
            .with_context(|| lang.fill(files::CANNOT_READ, &[("path", &file.display())]))?;
    }
    if body.len() as u64 > MOST_BYTES {
        return Err(UsageError::new(lang, words::TOO_LARGE, &[("limit", &MOST_BYTES)]).into());
    }
    Ok(body)
}

/// The instance that was named, or that the delivery names, or the only one there is.
async fn instance_of(
    context: &Context,
    app: &App,
    body: &[u8],
    named: Option<String>,
) -> anyhow::Result<Instance> {
    if let Some(text) = named {
        return ids::instance(context, app, &text).await;
    }
    let mut known = instances::instances(&app.db).await?;
    let Some(id) = test_delivery::instance_id(body) else {
        let only = if known.len() == 1 { known.pop() } else { None };
        let error = || UsageError::new(context.lang, words::NAMES_NO_INSTANCE, &[]);
        return Ok(only.ok_or_else(error)?);
    };
    let found = known.into_iter().find(|known| known.id.as_str() == id);
    Ok(found.ok_or_else(|| ids::unknown(context, ids::INSTANCE, id))?)
}

/// Its name and the fields that are known.
fn line_of(step: &Step, lang: Language) -> String {
    let fields = serde_json::to_value(step).unwrap_or_default();
    let fields = fields.as_object().into_iter().flatten();
    let fields = fields.filter(|(name, _)| *name != "step");
    let text = fields.filter_map(|(name, value)| {
        let value = match (name.as_str(), value) {
            ("reason", Value::String(reason)) => reason_of(step, reason, lang),
            ("path", Value::String(path)) => format!("media_storage/{path}"),
            (name, value) => language::value(lang, name, value)?,
        };
        Some(format!("{}={value}", lang.name(name)))
    });
    let text: Vec<_> = text.collect();
    format!("{:<13} {}", lang.say(name_of(step)), text.join(" "))
}

fn reason_of(step: &Step, reason: &str, lang: Language) -> String {
    match step {
        Step::Ignored { .. } | Step::SetAside { .. } => plain(lang.verdict(reason)),
        _ => plain(lang.reason(reason)),
    }
}

fn name_of(step: &Step) -> TextKey {
    match step {
        Step::Received { .. } => words::RECEIVED,
        Step::Committed { .. } => words::COMMITTED,
        Step::Detected { .. } => words::DETECTED,
        Step::Ignored { .. } => words::IGNORED,
        Step::SetAside { .. } => words::SET_ASIDE,
        Step::Refused { .. } => words::REFUSED,
        Step::RouteTried { .. } => words::ROUTE_TRIED,
        Step::Link { .. } => words::LINK,
        Step::Bytes { .. } => words::BYTES,
        Step::Verified { .. } => words::VERIFIED,
        Step::Path { .. } => words::PATH,
        Step::Row { .. } => words::ROW,
        Step::NotStored { .. } => words::NOT_STORED,
    }
}
