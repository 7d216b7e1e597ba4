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
use super::{Ending, UsageError, sample};
use midiateca_service::app::App;
use midiateca_service::instances::{self, Instance};
use midiateca_service::model::InstanceId;
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
    /// Whose it is, when the delivery does not say [default: its instanceId]
    #[arg(long, value_name = "ID")]
    instance: Option<String>,
}

pub(crate) async fn run(context: Context, options: Options) -> anyhow::Result<Ending> {
    let app = context.open_existing().await?;
    let (body, instance) = match &options.file {
        Some(file) => {
            let body = read(file, context.lang)?;
            let instance = instance_of(&app, &body, options.instance, context.lang).await?;
            (body, instance)
        }
        None => sample_for(&app, options.instance, context.lang).await?,
    };
    let lang = context.lang;
    let steps = Arc::new(Items::of("steps", context.json, move |step: &Step| {
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
    Ok(match report.is_fine() {
        true => Ending::Fine,
        false => Ending::FoundWrong,
    })
}

/// For the instance that was named, or the first one.
async fn sample_for(
    app: &App,
    named: Option<String>,
    lang: Language,
) -> anyhow::Result<(Vec<u8>, Instance)> {
    let known = instances::instances(&app.db).await?;
    let found = match &named {
        Some(id) => known.into_iter().find(|known| known.id.as_str() == id),
        None => known.into_iter().next(),
    };
    let instance = found.ok_or_else(|| match &named {
        Some(id) => UsageError(lang.fill(words::UNKNOWN_INSTANCE, &[("id", &plain(id))])),
        None => UsageError(lang.say(words::NO_INSTANCE).to_owned()),
    })?;
    let body = sample::delivery(instance.id.as_str(), &sample::fresh_message_id());
    Ok((body.to_string().into_bytes(), instance))
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
        let too_large = lang.fill(words::TOO_LARGE, &[("limit", &MOST_BYTES)]);
        return Err(UsageError(too_large).into());
    }
    Ok(body)
}

/// The instance that was named, or that the delivery names, or the only one there is.
async fn instance_of(
    app: &App,
    body: &[u8],
    named: Option<String>,
    lang: Language,
) -> anyhow::Result<Instance> {
    let mut known = instances::instances(&app.db).await?;
    let told = || {
        let told: Value = serde_json::from_slice(body).ok()?;
        let fields = told.as_object()?;
        let (_, id) = fields
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("instanceId"))?;
        id.as_str().map(str::to_owned)
    };
    let Some(id) = named.or_else(told) else {
        let only = if known.len() == 1 { known.pop() } else { None };
        return only
            .ok_or_else(|| UsageError(lang.say(words::NAMES_NO_INSTANCE).to_owned()).into());
    };
    let found = known
        .into_iter()
        .find(|instance| instance.id == InstanceId(id.clone()));
    found.ok_or_else(|| {
        UsageError(lang.fill(words::UNKNOWN_INSTANCE, &[("id", &plain(&id))])).into()
    })
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
