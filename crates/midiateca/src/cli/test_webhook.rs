//! `test-webhook`: one delivery through the pipeline, told step by step.
//!
//! Beside a running server the delivery is committed here and fetched there; alone, all happens here.

use std::io::Read as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::answer;
use super::context::Context;
use super::language::{self, Language, plain};
use super::words::{Words, context as files, test_webhook as words};
use super::{Ending, UsageError, sample};
use midiateca_service::app::App;
use midiateca_service::clock::rfc3339;
use midiateca_service::coordination;
use midiateca_service::db::Key;
use midiateca_service::deliveries::Body;
use midiateca_service::ingest::{self, Receipt, tally};
use midiateca_service::instances::{self, Instance};
use midiateca_service::media::{self, Media, RecordedAttempt};
use midiateca_service::model::{InstanceId, MediaId, MediaStatus, Reason, Verification};
use midiateca_service::queue::{self, Lease};
use midiateca_service::worker;

/// The largest file that is read as a delivery.
const MOST_BYTES: u64 = 128 << 20;
const LOOK_EVERY: Duration = Duration::from_millis(100);

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
    step(
        &context,
        words::RECEIVED,
        &[
            ("bytes", json!(body.len())),
            ("instance", json!(instance.id.as_str())),
            ("client", json!(instance.client)),
        ],
    );
    let body = Body::from_bytes(&app.bodies, app.clock.now(), &body)
        .await
        .with_context(|| context.lang.say(words::CANNOT_KEEP))?;
    let body = ingest::opened(&app.ingest, instance.gateway, body).await?;
    let ending = match ingest::receive(&app.ingest, &instance, body).await? {
        Receipt::Accepted { delivery, media } => {
            step(
                &context,
                words::COMMITTED,
                &[
                    ("delivery", json!(delivery.as_str())),
                    ("media", json!(media.len())),
                ],
            );
            let mut ending = Ending::Fine;
            for (kind, put) in media {
                step(
                    &context,
                    words::DETECTED,
                    &[
                        ("kind", json!(kind.as_str())),
                        ("id", json!(put.id.as_str())),
                        ("duplicate", json!(put.duplicate)),
                    ],
                );
                if follow(&context, &app, &instance, &put.id).await? == Ending::FoundWrong {
                    ending = Ending::FoundWrong;
                }
            }
            ending
        }
        Receipt::Ignored { reason } => {
            step(&context, words::IGNORED, &[("reason", json!(reason))]);
            Ending::Fine
        }
        Receipt::SetAside { reason, place } => {
            step(
                &context,
                words::SET_ASIDE,
                &[
                    ("reason", json!(reason)),
                    ("line", json!(place.map(|(line, _)| line))),
                    ("column", json!(place.map(|(_, column)| column))),
                ],
            );
            Ending::FoundWrong
        }
        Receipt::WrongInstance { named } => {
            step(
                &context,
                words::REFUSED,
                &[("names_instance", json!(named))],
            );
            Ending::FoundWrong
        }
    };
    tally::write_down(&app.db, &app.tally).await?;
    app.db.close().await;
    Ok(ending)
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

/// Fetches one media here, or watches the running server do it.
async fn follow(
    context: &Context,
    app: &App,
    instance: &Instance,
    id: &MediaId,
) -> anyhow::Result<Ending> {
    let before = find(context, app, id).await?;
    let known = before.attempts;
    let media = match app.coordination.server().await {
        _ if before.status == MediaStatus::Stored => before,
        Ok(server) => {
            let lease = Lease {
                owner: server.owner().to_owned(),
                until: app.clock.now() + app.config.worker.lease.ms(),
            };
            let media = id.clone();
            if let Some(job) = app
                .db
                .write(Key::media(id.as_str()), async move |tx| {
                    queue::claim_one(tx, &media, &lease).await
                })
                .await?
            {
                worker::round(&app.worker(), &job, instance).await;
            }
            find(context, app, id).await?
        }
        Err(coordination::Error::Served { .. }) => watch(context, app, id, known).await?,
        Err(error) => return Err(error.into()),
    };
    let attempts = media::attempts(&app.db, id).await?;
    for attempt in attempts.iter().filter(|attempt| attempt.n > known) {
        tell_attempt(context, attempt);
    }
    Ok(tell_outcome(context, &media))
}

async fn find(context: &Context, app: &App, id: &MediaId) -> anyhow::Result<Media> {
    media::find(&app.db, id)
        .await?
        .with_context(|| context.lang.say(words::MEDIA_GONE))
}

/// Waits until the server has ended a round.
async fn watch(
    context: &Context,
    app: &App,
    id: &MediaId,
    attempts_before: i64,
) -> anyhow::Result<Media> {
    loop {
        let media = find(context, app, id).await?;
        let under_way = media.status == MediaStatus::Downloading
            || (media.status == MediaStatus::Pending && media.attempts == attempts_before);
        if !under_way {
            return Ok(media);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Whether an attempt that failed so had got a link before.
fn had_link(reason: Option<Reason>) -> bool {
    use Reason as R;
    let Some(reason) = reason else {
        return true;
    };
    !matches!(
        reason,
        R::GatewayUnreachable
            | R::GatewayTimeout
            | R::GatewayTokenRefused
            | R::GatewayUnknownInstance
            | R::GatewayThrottled
            | R::GatewayFailed
            | R::GatewayUnavailable
            | R::GatewayBadAnswer
            | R::TokenMissing
            | R::KeysMissing
            | R::BadMediaKey
            | R::Interrupted
    )
}

fn tell_attempt(context: &Context, attempt: &RecordedAttempt) {
    step(
        context,
        words::ROUTE_TRIED,
        &[
            ("n", json!(attempt.n)),
            ("route", json!(attempt.route)),
            ("duration_ms", json!(attempt.duration_ms)),
        ],
    );
    let mut facts = vec![
        ("obtained", json!(had_link(attempt.reason))),
        ("host", json!(attempt.host)),
        ("http_status", json!(attempt.http_status)),
    ];
    if let Some(reason) = attempt.reason.filter(|reason| !had_link(Some(*reason))) {
        facts.push(("reason", json!(context.lang.reason(reason.as_str()))));
        return step(context, words::LINK, &facts);
    }
    step(context, words::LINK, &facts);
    let mut facts = vec![("count", json!(attempt.size))];
    if let Some(reason) = attempt.reason {
        facts.push(("reason", json!(context.lang.reason(reason.as_str()))));
    }
    step(context, words::BYTES, &facts);
}

fn tell_outcome(context: &Context, media: &Media) -> Ending {
    if media.status == MediaStatus::Stored {
        step(
            context,
            words::VERIFIED,
            &[
                ("how", json!(media.verified.map(Verification::as_str))),
                (
                    "sha256",
                    json!(media.sha256.map(|sha256| media::hex(&sha256))),
                ),
                ("size", json!(media.size)),
                ("mime", json!(media.mime)),
            ],
        );
        let path = media.path().map(|path| format!("media_storage/{path}"));
        step(context, words::PATH, &[("path", json!(path))]);
        step(
            context,
            words::ROW,
            &[
                ("id", json!(media.id.as_str())),
                ("status", json!(media.status)),
            ],
        );
        return Ending::Fine;
    }
    let why = media
        .reason
        .map(|reason| context.lang.reason(reason.as_str()));
    step(
        context,
        words::NOT_STORED,
        &[
            ("id", json!(media.id.as_str())),
            ("status", json!(media.status)),
            ("reason", json!(media.reason)),
            ("why", json!(why)),
            ("next_attempt_at", json!(media.next_attempt_at.map(rfc3339))),
        ],
    );
    Ending::FoundWrong
}

/// One step in one line on stdout; in JSON it has its English name. Facts that are not known are left out.
fn step(context: &Context, name: Words, facts: &[(&str, Value)]) {
    if context.json {
        let mut line = json!({"step": Language::English.say(name)});
        for (fact, value) in facts.iter().filter(|(_, value)| !value.is_null()) {
            line[*fact] = value.clone();
        }
        answer::line(&line);
        return;
    }
    let lang = context.lang;
    let text = facts.iter().filter_map(|(fact, value)| {
        let value = match (*fact, value) {
            ("reason", Value::String(reason)) => plain(lang.verdict(reason)),
            (fact, value) => language::value(lang, fact, value)?,
        };
        Some(format!("{}={value}", lang.name(fact)))
    });
    let text: Vec<_> = text.collect();
    answer::line(format_args!("{:<13} {}", lang.say(name), text.join(" ")));
}
