//! `demo`: a simulated gateway and the real service on loopback, deliveries of every kind, every event on stderr, the
//! report on stdout.

mod day;
mod story;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::json;
use wa_sim::Sim;

use crate::cli::{Context, Ending, Language, answer, check, monitor, plain, words::demo as texts};
use day::Day;
use midiateca_service::app::{Allowed, App};
use midiateca_service::config::Span;
use midiateca_service::coordination::Coordination;
use midiateca_service::media::{self, Media};
use midiateca_service::model::{MediaKind, MediaStatus, Proof, Reason, Verdict};
use midiateca_service::ops::{status, users};
use midiateca_service::server::Service;
use midiateca_service::{events, ingest, shutdown};

pub(super) const FOLDER: &str = "./demo-data";
/// A folder with this file was made by the demo, which may delete it.
const MARKER: &str = ".midiateca-demo";
const PATIENCE: Duration = Duration::from_secs(30);
const POLL_INTERVAL: Duration = Duration::from_millis(50);

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// End after the report instead of staying up
    #[arg(long)]
    exit: bool,
    /// Address and port of the HTTP server [default: a free port of the loopback]
    #[arg(long, value_name = "ADDRESS", value_parser = midiateca_service::config::listen_address)]
    listen: Option<String>,
    /// Time between the media that arrive while it stays up; 0s for none
    #[arg(long, value_name = "DURATION", default_value = "20s")]
    every: Span,
}

pub(crate) async fn run(context: &Context, options: Options) -> anyhow::Result<Ending> {
    let (folder, lang) = (context.data.as_path(), context.lang);
    prepare(folder, lang).await?;
    let sim = Sim::start().await;
    let sim = sim.with_context(|| lang.say(texts::NO_GATEWAY))?;
    let app = context.open(Allowed::default()).await?;
    let mut day = Day::begin(&app, &sim, lang).await?;
    let listen = options.listen.as_deref().unwrap_or("127.0.0.1:0");
    let service = Service::start(Arc::clone(&app), &[listen]).await?;
    let webhook = format!("http://{}", service.address());
    let (gateway, data) = (sim.api_base(), folder.display());
    complain!(lang, texts::STARTING, gateway, webhook, data);
    day.open(&webhook);
    story::run(&mut day).await?;
    until_settled(&app, lang).await?;
    // The report has the counts of deliveries.
    ingest::tally::write_down(&app.db, &app.tally).await?;
    let media = in_order(&app).await?;
    report(&app, &media, lang).await?;
    let missing = missing(&day, &media, lang);
    for what in &missing {
        complain!(lang, texts::WRONG, what);
    }
    if !options.exit {
        let stop = shutdown::stop_signal();
        day.invite(folder)?;
        let token = users::make_setup_link(app.user_deps(), &context.actor, None).await?;
        let address = app.setup_address_at(service.address(), &token);
        complain!(lang, texts::DASHBOARD, address);
        tokio::select! {
            () = stop => {}
            ended = story::go_on(&day, options.every.duration()) => ended?,
        }
    }
    service.stop().await;
    Ok(Ending::fine_if(missing.is_empty()))
}

async fn prepare(folder: &Path, lang: Language) -> anyhow::Result<()> {
    let failed = |key| fill!(lang, key, path = folder.display());
    let marker = folder.join(MARKER);
    let in_use = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if in_use && !marker.is_file() {
        return Err(usage!(lang, texts::NOT_OURS, path = folder.display()).into());
    }
    if in_use {
        // A demo that still runs keeps its folder.
        let _lease = Coordination::new(folder).server().await?;
        std::fs::remove_dir_all(folder).with_context(|| failed(texts::CANNOT_EMPTY))?;
    }
    midiateca_service::disk::create_folder(folder)
        .and_then(|()| std::fs::write(marker, lang.say(texts::MARK).to_owned() + "\n"))
        .with_context(|| failed(texts::CANNOT_USE))
}

async fn until_settled(app: &App, lang: Language) -> anyhow::Result<()> {
    let started = tokio::time::Instant::now();
    let mut seq = 0;
    loop {
        let waits = in_order(app).await?.iter().any(is_under_way);
        for event in events::after(&app.db, seq, 1_000).await? {
            seq = event.seq;
            eprintln!("  {}", monitor::line(&event, lang));
        }
        if !waits || started.elapsed() > PATIENCE {
            return Ok(());
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

/// A media whose server refuses it is retried for an hour, which is too long for the demo.
fn is_under_way(media: &Media) -> bool {
    match media.status {
        MediaStatus::Downloading => true,
        MediaStatus::Pending => media.reason.map(Reason::verdict) != Some(Verdict::Confirm),
        _ => false,
    }
}

/// All media, the oldest first.
async fn in_order(app: &App) -> anyhow::Result<Vec<Media>> {
    let mut media = media::list(&app.db, &media::Filter::default(), 1_000).await?;
    media.reverse();
    Ok(media)
}

fn missing(day: &Day, media: &[Media], lang: Language) -> Vec<String> {
    let stored = media.iter().filter(|it| it.status == MediaStatus::Stored);
    let stored: Vec<_> = stored.collect();
    let is_missing = |kind: &MediaKind| stored.iter().all(|it| it.kind != *kind);
    let kinds = MediaKind::ALL.into_iter().filter(is_missing);
    let kinds = kinds.map(|kind| fill!(lang, texts::NONE_STORED, kind = lang.name(kind.as_str())));
    let first = media.first();
    let is_documented = first.is_some_and(|first| {
        first.size == Some(5_067) && first.path().is_some_and(|path| path.ends_with(".ogg"))
    });
    let is_retried = stored.iter().any(|it| it.attempts > 1);
    let mut failed = media.iter().filter(|it| it.status == MediaStatus::Failed);
    let expected = [
        (is_documented, texts::DOCUMENTED_NOT_FIRST),
        (day.duplicates == 1, texts::REPEAT_NOT_KNOWN),
        (is_retried, texts::NO_RETRY_SUCCEEDED),
        (
            failed.any(|it| it.reason.is_some()),
            texts::NOTHING_EXPLAINED,
        ),
    ];
    let unmet = expected.into_iter().filter(|(happened, _)| !happened);
    let unmet = unmet.map(|(_, key)| lang.say(key).to_owned());
    kinds.chain(unmet).collect()
}

async fn report(app: &App, media: &[Media], lang: Language) -> anyhow::Result<()> {
    let report = status::check(app.status_deps()).await?;
    let lines: Vec<_> = media.iter().map(|media| line(media, lang)).collect();
    let text = format!("{}\n\n{}", lines.join("\n"), check::text(&report, lang));
    let document = json!({"media": media, "check": report});
    answer::report_with_needs(document, text, &report.needs_attention, lang);
    Ok(())
}

fn line(media: &Media, lang: Language) -> String {
    let result = match (media.path(), media.reason) {
        (Some(path), _) => {
            let (size, attempts) = (media.size.unwrap_or(0), media.attempts);
            let verified = lang.name(media.proof().map_or("-", Proof::as_str));
            let file = format!("media_storage/{path}");
            fill!(lang, texts::STORED, size, verified, attempts, file)
        }
        (None, Some(reason)) => lang.reason(reason.as_str()).to_owned(),
        (None, None) => String::new(),
    };
    let (id, kind) = (plain(&media.message_id), lang.name(media.kind.as_str()));
    let status = lang.name(media.status.as_str());
    format!("{id:<33} {kind:<9} {status:<7} {result}")
}
