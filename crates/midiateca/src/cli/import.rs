//! `import multichat`: imports what the original Django system stored.

mod screen;

use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::{Context, Ending, TextKey};
use midiateca_service::app::{self, Allowed, AllowedStorage, App};
use midiateca_service::clock::Clock;
use midiateca_service::db::foreign;
use midiateca_service::ops::import::multichat::{self, Error, Mode};

const NO_FOLDER: TextKey = TextKey::new("import-no-folder", &[]);

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Imports the data of the original Django system: clients, instances, media and files; a second run adds nothing
    Multichat(Options),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Its SQLite database; it is only read
    #[arg(long, value_name = "FILE")]
    db: PathBuf,
    /// Its media_storage; it is only read
    #[arg(long, value_name = "DIR")]
    media: PathBuf,
    /// Give files a second name instead of copying them, where both are on one disk
    #[arg(long)]
    link: bool,
    /// Read everything, and show what would be imported
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run(context: &Context, command: Command) -> anyhow::Result<Ending> {
    let Command::Multichat(options) = command;
    if !options.media.is_dir() {
        let path = options.media.display();
        return Err(usage!(context.lang, NO_FOLDER, path).into());
    }
    foreign::check(&options.db).map_err(Error::from)?;
    let mode = match (options.dry_run, options.link) {
        (true, _) => Mode::DryRun,
        (false, true) => Mode::Link,
        (false, false) => Mode::Copy,
    };
    let (app, existing) = open(context, mode).await?;
    let (db, media) = (options.db, options.media);
    let options = multichat::Options {
        db,
        media,
        mode,
        actor: context.actor.clone(),
    };
    let items = screen::items(context, mode);
    let cancelled = app.shutdown.token_with_signals();
    let deps = app.import_deps(existing.as_deref());
    let imported = multichat::run(deps, &options, &items, &cancelled).await;
    if mode == Mode::DryRun {
        app.db.close().await;
        let _ = std::fs::remove_dir_all(&app.data);
    }
    let report = imported?;
    screen::finish(&items, &report, context.lang);
    Ok(Ending::fine_if(report.is_clean()))
}

/// The data folder. For a dry run an empty one, with the rules of the settings, and the existing one to read.
async fn open(context: &Context, mode: Mode) -> anyhow::Result<(Arc<App>, Option<Arc<App>>)> {
    if mode != Mode::DryRun {
        let allowed = Allowed {
            files_of_others: true,
            ..Allowed::default()
        };
        return Ok((context.open_or_create(allowed).await?, None));
    }
    let existing = match context.open_to_look(AllowedStorage::Unused).await {
        Err(app::Error::NoData { .. }) => None,
        opened => Some(opened?),
    };
    let folder = std::env::temp_dir().join(format!("midiateca-{}", uuid::Uuid::now_v7().simple()));
    let mut config = context.config.clone();
    config.database.url.clear();
    config.storage.url.clear();
    config.secrets.key_file.clear();
    Ok((App::open(&folder, config, Clock::system()).await?, existing))
}
