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
use super::language::plain;
use super::{Ending, UsageError};
use crate::app::{self, App};
use crate::catalog::{self, AttemptView, MediaView};
use crate::intake::{self, Receipt, tally};
use crate::media::{InstanceId, MediaId, Reason};
use crate::queue::{self, Lease};
use crate::registry::{self, Instance};
use crate::worker;

/// The largest file that is read as a delivery.
const MOST_BYTES: u64 = 64 << 20;
const LOOK_EVERY: Duration = Duration::from_millis(100);

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The delivery as the gateway would post it; - reads stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Whose it is, when the delivery does not say [default: its instanceId]
    #[arg(long, value_name = "ID")]
    instance: Option<String>,
}

pub(crate) async fn run(context: Context, options: Options) -> anyhow::Result<Ending> {
    let app = context.open_existing().await?;
    let body = bytes::Bytes::from(read(&options.file)?);
    let instance = instance_of(&app, &body, options.instance).await?;
    step(
        &context,
        "received",
        "recebida",
        &[
            ("bytes", json!(body.len())),
            ("instance", json!(instance.id.as_str())),
            ("client", json!(instance.client)),
        ],
    );
    let ending = match intake::receive(&app, &instance, &body).await? {
        Receipt::Accepted { delivery, media } => {
            step(
                &context,
                "committed",
                "confirmada",
                &[
                    ("delivery", json!(delivery.as_str())),
                    ("media", json!(media.len())),
                ],
            );
            let mut ending = Ending::Fine;
            for (kind, put) in media {
                step(
                    &context,
                    "detected",
                    "detectada",
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
            step(
                &context,
                "ignored",
                "ignorada",
                &[("reason", json!(reason))],
            );
            Ending::Fine
        }
        Receipt::Quarantined { reason } => {
            step(
                &context,
                "quarantined",
                "em quarentena",
                &[("reason", json!(reason))],
            );
            Ending::FoundWrong
        }
        Receipt::WrongInstance { named } => {
            step(
                &context,
                "refused",
                "recusada",
                &[("names_instance", json!(named))],
            );
            Ending::FoundWrong
        }
    };
    tally::write_down(&app).await?;
    app.db.close().await;
    Ok(ending)
}

fn read(file: &std::path::Path) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    if file.as_os_str() == "-" {
        std::io::stdin()
            .take(MOST_BYTES + 1)
            .read_to_end(&mut body)
            .context("cannot read stdin")?;
    } else {
        let opened =
            std::fs::File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
        opened
            .take(MOST_BYTES + 1)
            .read_to_end(&mut body)
            .with_context(|| format!("cannot read {}", file.display()))?;
    }
    if body.len() as u64 > MOST_BYTES {
        return Err(UsageError(format!(
            "a delivery of more than {MOST_BYTES} bytes is not taken"
        ))
        .into());
    }
    Ok(body)
}

/// The instance that was named, or that the delivery names, or the only one there is.
async fn instance_of(app: &App, body: &[u8], named: Option<String>) -> anyhow::Result<Instance> {
    let mut known = registry::instances(&app.db).await?;
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
        return only.ok_or_else(|| {
            UsageError("the delivery names no instance: name one with --instance ID".to_owned())
                .into()
        });
    };
    let found = known
        .into_iter()
        .find(|instance| instance.id == InstanceId(id.clone()));
    found.ok_or_else(|| {
        UsageError(format!(
            "no instance {} is known; see `midiateca instance list`",
            plain(&id)
        ))
        .into()
    })
}

/// Fetches one media here, or watches the running server do it.
async fn follow(
    context: &Context,
    app: &App,
    instance: &Instance,
    id: &MediaId,
) -> anyhow::Result<Ending> {
    let before = find(app, id).await?;
    let known = before.attempts;
    let media = match App::alone(&app.data) {
        _ if before.status == "stored" => before,
        Ok(_alone) => {
            let lease = Lease {
                owner: app.owner.clone(),
                until: app.clock.now()
                    + i64::try_from(app.config.worker.lease_ms).unwrap_or(i64::MAX),
            };
            let media = id.clone();
            if let Some(job) = app
                .db
                .write(async move |tx| queue::claim_one(tx, &media, &lease).await)
                .await?
            {
                worker::round(app, &job, instance).await;
            }
            find(app, id).await?
        }
        Err(app::Error::Taken { .. }) => watch(app, id, known).await?,
        Err(error) => return Err(error.into()),
    };
    let attempts = catalog::attempts(&app.db, id).await?;
    for attempt in attempts.iter().filter(|attempt| attempt.n > known) {
        tell_attempt(context, attempt);
    }
    Ok(tell_outcome(context, &media))
}

async fn find(app: &App, id: &MediaId) -> anyhow::Result<MediaView> {
    catalog::find(&app.db, id)
        .await?
        .context("the media that was just committed is gone")
}

/// Waits until the server has ended a round.
async fn watch(app: &App, id: &MediaId, attempts_before: i64) -> anyhow::Result<MediaView> {
    loop {
        let media = find(app, id).await?;
        let under_way = media.status == "downloading"
            || (media.status == "pending" && media.attempts == attempts_before);
        if !under_way {
            return Ok(media);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Whether an attempt that failed so had got a link before.
fn had_link(reason: Option<&str>) -> bool {
    use Reason as R;
    let Some(reason) = reason.and_then(Reason::parse) else {
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

fn tell_attempt(context: &Context, attempt: &AttemptView) {
    step(
        context,
        "route tried",
        "rota tentada",
        &[
            ("n", json!(attempt.n)),
            ("route", json!(attempt.route)),
            ("duration_ms", json!(attempt.duration_ms)),
        ],
    );
    let mut facts = vec![
        ("obtained", json!(had_link(attempt.reason.as_deref()))),
        ("host", json!(attempt.host)),
        ("http_status", json!(attempt.http_status)),
    ];
    if let Some(reason) = attempt
        .reason
        .as_deref()
        .filter(|reason| !had_link(Some(reason)))
    {
        facts.push(("reason", json!(context.lang.reason(reason))));
        return step(context, "link", "link", &facts);
    }
    step(context, "link", "link", &facts);
    let mut facts = vec![("count", json!(attempt.size))];
    if let Some(reason) = &attempt.reason {
        facts.push(("reason", json!(context.lang.reason(reason))));
    }
    step(context, "bytes", "bytes", &facts);
}

fn tell_outcome(context: &Context, media: &MediaView) -> Ending {
    if media.status == "stored" {
        step(
            context,
            "verified",
            "comprovada",
            &[
                ("how", json!(media.verified)),
                ("sha256", json!(media.sha256)),
                ("size", json!(media.size)),
                ("mime", json!(media.mime)),
            ],
        );
        let path = media
            .path
            .as_deref()
            .map(|path| format!("media_storage/{path}"));
        step(context, "path", "caminho", &[("path", json!(path))]);
        step(
            context,
            "row",
            "registro",
            &[("id", json!(media.id)), ("status", json!(media.status))],
        );
        return Ending::Fine;
    }
    let why = media
        .reason
        .as_deref()
        .map(|reason| context.lang.reason(reason));
    step(
        context,
        "not stored",
        "não gravada",
        &[
            ("id", json!(media.id)),
            ("status", json!(media.status)),
            ("reason", json!(media.reason)),
            ("why", json!(why)),
            ("next_attempt_at", json!(media.next_attempt_at)),
        ],
    );
    Ending::FoundWrong
}

/// One step in one line on stdout. Facts that are not known are left out.
fn step(context: &Context, name: &'static str, portuguese: &'static str, facts: &[(&str, Value)]) {
    let facts: Vec<_> = facts.iter().filter(|(_, value)| !value.is_null()).collect();
    if context.json {
        let mut line = json!({"step": name});
        for (fact, value) in facts {
            line[*fact] = value.clone();
        }
        answer::line(&line);
        return;
    }
    let text: Vec<_> = facts
        .iter()
        .map(|(fact, value)| {
            format!(
                "{fact}={}",
                value.as_str().map_or_else(|| value.to_string(), plain)
            )
        })
        .collect();
    answer::line(format_args!(
        "{:<12} {}",
        context.lang.pick(name, portuguese),
        text.join(" ")
    ));
}
