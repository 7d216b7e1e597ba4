//! `test-webhook`: one delivery through the whole pipeline, see [`test_delivery`].

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use serde_json::Value;

use crate::cli::complaint::unreadable;
use crate::cli::{
    Context, Ending, Items, Language, UsageError, ids, language, plain, result,
    words::context as files, words::test_webhook as words,
};
use midiateca_service::app::AllowedStorage;
use midiateca_service::instances::{self, Instance};
use midiateca_service::model::InstanceId;
use midiateca_service::ops::test_delivery::{self, Step, Unaddressed};

/// More instances are not named in an error.
const MOST_CANDIDATES: usize = 10;
const MOST_BYTES: u64 = 128 << 20;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The delivery as the gateway would post it; - reads stdin
    #[arg(value_name = "FILE", required_unless_present = "sample")]
    file: Option<PathBuf>,
    /// Send a sample: a picture that the delivery itself brings, so that neither gateway nor CDN is asked
    #[arg(long, conflicts_with = "file")]
    sample: bool,
    /// The instance, if the delivery does not name it [default: the one that it names, or the only one of its gateway]
    #[arg(long, value_name = "ID")]
    instance: Option<String>,
}

pub(crate) async fn run(context: &Context, options: Options) -> anyhow::Result<Ending> {
    let lang = context.lang;
    let app = context.open_existing(AllowedStorage::None).await?;
    let given = options.file.as_deref().map(|file| read(file, lang));
    let given = given.transpose()?;
    let instance = match &options.instance {
        Some(id) => ids::instance(context, &app, id).await?,
        None => {
            let known = instances::instances(&app.db).await?;
            instance_of(context, given.as_deref(), known)?
        }
    };
    let body = match given {
        Some(body) => body,
        None => test_delivery::sample(&instance).ok_or_else(|| {
            let (gateway, id) = (instance.gateway.as_str(), plain(instance.id.as_str()));
            usage!(lang, words::NO_SAMPLE, gateway, id)
        })?,
    };
    let line = move |step: &Step| line_of(step, lang);
    let steps = Arc::new(Items::new("steps", line));
    let order = test_delivery::Options { instance, body };
    let cancelled = app.shutdown.token_with_signals();
    let deps = test_delivery::Deps {
        ingest: &app.ingest,
        worker: &app.worker(),
        coordination: &app.coordination,
    };
    let report = test_delivery::run(deps, order, steps.clone(), cancelled).await?;
    steps.finish(&report, "");
    Ok(Ending::fine_if(report.is_fine()))
}

/// The one that the delivery names; without a delivery one for a sample.
fn instance_of(
    context: &Context,
    body: Option<&[u8]>,
    known: Vec<Instance>,
) -> Result<Instance, UsageError> {
    let Some(body) = body else {
        let chosen = test_delivery::instance_for_sample(known);
        return chosen.ok_or_else(|| usage!(context.lang, words::NO_INSTANCE));
    };
    let found = test_delivery::addressee(body, known);
    found.map_err(|error| unaddressed(context, error))
}

fn unaddressed(context: &Context, error: Unaddressed) -> UsageError {
    let lang = context.lang;
    let listed = |candidates: &[InstanceId]| {
        ids::listed(candidates.iter().map(InstanceId::as_str), MOST_CANDIDATES)
    };
    match error {
        Unaddressed::Unknown(id) => ids::unknown(context, ids::INSTANCE, id),
        Unaddressed::NoInstance => usage!(lang, words::NO_INSTANCE),
        Unaddressed::NoGateway { candidates } => {
            let candidates = listed(&candidates);
            usage!(lang, words::NAMES_NO_INSTANCE, candidates = candidates)
        }
        Unaddressed::Several { shape, candidates } => {
            let (shape, candidates) = (shape.as_str(), listed(&candidates));
            usage!(
                lang,
                words::SEVERAL,
                gateway = shape,
                candidates = candidates
            )
        }
        Unaddressed::NoneOfGateway { shape, candidates } => {
            let (shape, candidates) = (shape.as_str(), listed(&candidates));
            usage!(
                lang,
                words::NONE_OF_GATEWAY,
                gateway = shape,
                candidates = candidates
            )
        }
    }
}

fn read(file: &Path, lang: Language) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    if file.as_os_str() == "-" {
        let read = std::io::stdin().take(MOST_BYTES + 1).read_to_end(&mut body);
        read.with_context(|| lang.say(files::CANNOT_READ_STDIN))?;
    } else {
        let opened = std::fs::File::open(file);
        let read = opened.and_then(|it| it.take(MOST_BYTES + 1).read_to_end(&mut body));
        read.map_err(|error| unreadable(lang, file, error))?;
    }
    if body.len() as u64 > MOST_BYTES {
        return Err(usage!(lang, words::TOO_LARGE, limit = MOST_BYTES).into());
    }
    Ok(body)
}

fn line_of(step: &Step, lang: Language) -> String {
    let document = serde_json::to_value(step).unwrap_or_default();
    let fields = document.as_object().into_iter().flatten();
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
    let name = result(lang, "step", &document["step"], &[]);
    format!("{name:<13} {}", text.join(" "))
}

fn reason_of(step: &Step, reason: &str, lang: Language) -> String {
    match step {
        Step::Ignored { .. } | Step::SetAside { .. } => plain(lang.verdict(reason)),
        _ => plain(lang.reason(reason)),
    }
}
