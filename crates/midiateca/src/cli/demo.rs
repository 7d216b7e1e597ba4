//! `demo`: a whole day in ten seconds. A pretend gateway and the real service on loopback, webhooks of every
//! kind, every step as it happens on stderr, the report on stdout.

mod day;
mod story;

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::json;
use wa_sim::Sim;

use super::answer;
use super::check;
use super::context::Context;
use super::language::{Language, plain};
use super::words::demo as words;
use super::{Ending, UsageError, monitor};
use day::Day;
use midiateca_service::app::App;
use midiateca_service::clock::Clock;
use midiateca_service::coordination::Coordination;
use midiateca_service::media::{self, Media};
use midiateca_service::model::{MediaKind, MediaStatus, Reason, Verdict, Verification};
use midiateca_service::ops::status;
use midiateca_service::server::Service;
use midiateca_service::{events, ingest, shutdown};

/// Its data folder, unless another one is named.
pub(super) const FOLDER: &str = "./demo-data";
/// Says that a folder was made by the demo and may be thrown away by it.
const MARKER: &str = ".midiateca-demo";
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(50);

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// End after the report instead of staying up
    #[arg(long)]
    exit: bool,
    /// Address and port of the door [default: a free port of the loopback]
    #[arg(long, value_name = "ADDRESS", value_parser = midiateca_service::config::listen_address)]
    listen: Option<String>,
}

pub(crate) async fn run(context: Context, options: Options) -> anyhow::Result<Ending> {
    let folder = context.data.clone();
    let lang = context.lang;
    prepare(&folder, lang).await?;
    let sim = Sim::start()
        .await
        .with_context(|| lang.say(words::NO_GATEWAY))?;
    let app = App::open(&folder, context.config.clone(), Clock::system()).await?;
    let stage = day::set(&app, &sim, lang).await?;
    let service = Service::start(
        Arc::clone(&app),
        &[options.listen.as_deref().unwrap_or("127.0.0.1:0")],
    )
    .await?;
    let say = |words, values: &[(&str, &dyn Display)]| eprintln!("{}", lang.fill(words, values));
    let webhook = format!("http://{}", service.address());
    say(words::STARTING, &[]);
    say(words::GATEWAY, &[("address", &sim.api_base())]);
    say(words::WEBHOOK, &[("address", &webhook)]);
    say(words::DATA, &[("path", &folder.display())]);
    let day = Day::begin(&app, &sim, stage, service.address(), lang);
    story::tell(&day).await?;
    until_settled(&context, &app).await?;
    // The report counts what came.
    ingest::tally::write_down(&app.db, &app.tally).await?;
    let media = in_order(&app).await?;
    let wrong = missing(&day, &media, lang);
    report(&context, &app, &media).await?;
    for wrong in &wrong {
        say(words::WRONG, &[("what", wrong)]);
    }
    if !options.exit {
        let stop = shutdown::stop_signal();
        day.invite(&folder)?;
        stop.await;
    }
    service.stop().await;
    Ok(if wrong.is_empty() {
        Ending::Fine
    } else {
        Ending::FoundWrong
    })
}

/// Makes the folder empty, if it is the demo's own.
async fn prepare(folder: &Path, lang: Language) -> anyhow::Result<()> {
    let told = |words| lang.fill(words, &[("path", &folder.display())]);
    let marker = folder.join(MARKER);
    let in_use = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if in_use && !marker.is_file() {
        return Err(UsageError(told(words::NOT_OURS)).into());
    }
    if in_use {
        // Held until the old run's files are gone, so that a demo that still runs keeps its own.
        let _lease = Coordination::of(folder).server().await?;
        std::fs::remove_dir_all(folder).with_context(|| told(words::CANNOT_EMPTY))?;
    }
    midiateca_service::disk::create_folder(folder)
        .and_then(|()| std::fs::write(marker, lang.say(words::MARK).to_owned() + "\n"))
        .with_context(|| told(words::CANNOT_USE))
}

/// Tells every event as it comes, until nothing waits any more.
async fn until_settled(context: &Context, app: &App) -> anyhow::Result<()> {
    let started = tokio::time::Instant::now();
    let mut seq = 0;
    loop {
        let media = in_order(app).await?;
        let waits = media.iter().any(is_under_way);
        for event in events::after(&app.db, seq, 1_000).await? {
            seq = event.seq;
            eprintln!("  {}", monitor::line(context, &event));
        }
        if !waits || started.elapsed() > PATIENCE {
            return Ok(());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Whether a media is still to be stored within the day. One whose server refuses it is tried again for an hour.
fn is_under_way(media: &Media) -> bool {
    match media.status {
        MediaStatus::Downloading => true,
        MediaStatus::Pending => media.reason.map(Reason::verdict) != Some(Verdict::Confirm),
        _ => false,
    }
}

/// In the order in which they came.
async fn in_order(app: &App) -> anyhow::Result<Vec<Media>> {
    let mut media = media::list(&app.db, &media::Filter::default(), 1_000).await?;
    media.reverse();
    Ok(media)
}

/// What should have happened and did not.
fn missing(day: &Day, media: &[Media], lang: Language) -> Vec<String> {
    let mut wrong = Vec::new();
    let stored: Vec<_> = media
        .iter()
        .filter(|media| media.status == MediaStatus::Stored)
        .collect();
    for kind in MediaKind::ALL {
        if !stored.iter().any(|media| media.kind == kind) {
            let kind = lang.name(kind.as_str());
            wrong.push(lang.fill(words::NONE_STORED, &[("kind", &kind)]));
        }
    }
    let mut expect = |happened: bool, what| {
        if !happened {
            wrong.push(lang.say(what).to_owned());
        }
    };
    let documented = media.first().is_some_and(|first| {
        first.size == Some(5_067) && first.path().is_some_and(|path| path.ends_with(".ogg"))
    });
    expect(documented, words::DOCUMENTED_NOT_FIRST);
    expect(day.duplicates() == 1, words::REPEAT_NOT_KNOWN);
    expect(
        stored.iter().any(|media| media.attempts > 1),
        words::NOTHING_HEALED,
    );
    expect(
        media
            .iter()
            .any(|media| media.status == MediaStatus::Failed && media.reason.is_some()),
        words::NOTHING_EXPLAINED,
    );
    wrong
}

async fn report(context: &Context, app: &App, media: &[Media]) -> anyhow::Result<()> {
    let report = status::check(app.status_deps()).await?;
    if context.json {
        answer::line(json!({"media": media, "check": report}));
        return Ok(());
    }
    for media in media {
        answer::line(line(context, media));
    }
    answer::line("");
    check::print(context, &report);
    Ok(())
}

fn line(context: &Context, media: &Media) -> String {
    let lang = context.lang;
    let outcome = match (media.path(), media.reason) {
        (Some(path), _) => lang.fill(
            words::STORED,
            &[
                ("size", &media.size.unwrap_or(0)),
                (
                    "verified",
                    &lang.name(media.verified.map_or("-", Verification::as_str)),
                ),
                ("attempts", &media.attempts),
                ("file", &format_args!("media_storage/{path}")),
            ],
        ),
        (None, Some(reason)) => lang.reason(reason.as_str()).to_owned(),
        (None, None) => String::new(),
    };
    format!(
        "{:<33} {:<9} {:<7} {}",
        plain(&media.message_id),
        lang.name(media.kind.as_str()),
        lang.name(media.status.as_str()),
        outcome
    )
}
