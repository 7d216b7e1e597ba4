//! `import multichat`: imports what the original Django system stored.

mod screen;

use std::path::PathBuf;
use std::sync::Arc;

use super::context::Context;
use super::words::import as words;
use super::{Ending, UsageError, complaint};
use midiateca_service::app::{Allowed, App};
use midiateca_service::clock::Clock;
use midiateca_service::db::foreign;
use midiateca_service::ops::import::multichat::{self, Conflict, Error, Mode};
use screen::Screen;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Takes over the original Django system: clients, instances, media and files; twice adds nothing
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
    /// Read everything, and show what would be taken
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run(context: Context, command: Command) -> anyhow::Result<Ending> {
    let Command::Multichat(options) = command;
    if !options.media.is_dir() {
        let path = options.media.display();
        let refused = context.lang.fill(words::NO_FOLDER, &[("path", &path)]);
        return Err(UsageError(refused).into());
    }
    foreign::look(&options.db).map_err(|error| explain(&context, error.into()))?;
    let mode = match (options.dry_run, options.link) {
        (true, _) => Mode::DryRun,
        (false, true) => Mode::Link,
        (false, false) => Mode::Copy,
    };
    // A plan creates no data folder.
    let is_scratch = options.dry_run && !context.config.database_file(&context.data).is_file();
    let app = match is_scratch {
        true => scratch(&context).await?,
        false => {
            let allowed = Allowed {
                files_of_others: true,
                ..Allowed::default()
            };
            context.open_allowing(allowed).await?
        }
    };
    let options = multichat::Options {
        db: options.db,
        media: options.media,
        mode,
    };
    let screen = Screen::new(&context, mode);
    let cancelled = app.shutdown.token_with_signals();
    let imported = multichat::run(&app, &options, &screen, &cancelled).await;
    app.db.close().await;
    if is_scratch {
        let _ = std::fs::remove_dir_all(&app.data);
    }
    screen.clear();
    let report = imported.map_err(|error| explain(&context, error))?;
    screen.finish(&report);
    Ok(match report.is_clean() {
        true => Ending::Fine,
        false => Ending::FoundWrong,
    })
}

/// An empty data folder of its own, with the rules of the settings.
async fn scratch(context: &Context) -> anyhow::Result<Arc<App>> {
    let folder = std::env::temp_dir().join(format!("midiateca-{}", uuid::Uuid::now_v7().simple()));
    let mut config = context.config.clone();
    config.database.url.clear();
    config.storage.url.clear();
    config.secrets.key_file.clear();
    Ok(App::open(&folder, config, Clock::system()).await?)
}

/// A source that cannot be imported counts as wrong usage.
fn explain(context: &Context, error: Error) -> anyhow::Error {
    if let Error::Conflicts(conflicts) = &error {
        for conflict in conflicts {
            super::answer::complain(sentence(context, conflict));
        }
    }
    match error {
        Error::Conflicts(_)
        | Error::OtherDatabase { .. }
        | Error::OwnStorage { .. }
        | Error::Foreign(foreign::Error::NotADatabase { .. }) => {
            UsageError(complaint::why(&error, context.lang)).into()
        }
        other => other.into(),
    }
}

fn sentence(context: &Context, conflict: &Conflict) -> String {
    match conflict {
        Conflict::Client { id, theirs, ours } => context.lang.fill(
            words::CONFLICT_CLIENT,
            &[("id", id), ("theirs", theirs), ("ours", ours)],
        ),
        Conflict::Instance { id, theirs, ours } => context.lang.fill(
            words::CONFLICT_INSTANCE,
            &[("id", id), ("theirs", theirs), ("ours", ours)],
        ),
    }
}
