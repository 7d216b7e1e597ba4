//! `import multichat`: takes over what the original Django system kept.

mod told;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::context::Context;
use super::words::import as words;
use super::{Ending, UsageError, complaint};
use midiateca_service::app::{Allowed, App};
use midiateca_service::db::foreign;
use midiateca_service::ops::import::multichat::{self, Conflict, Order, Source, Taking};
use midiateca_service::shutdown;
use told::Told;

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
    if let Err(error) = foreign::look(&options.db) {
        return Err(explain(&context, error.into()));
    }
    // A dry run looks at a data folder that is there, and makes none.
    let app = match options.dry_run {
        true if !context.config.database_file(&context.data).is_file() => {
            return plan(&context, options).await;
        }
        _ => {
            let allowed = Allowed {
                files_of_others: true,
                ..Allowed::default()
            };
            context.open_allowing(allowed).await?
        }
    };
    take(&context, &app, options).await
}

/// The plan for a data folder that is yet to be made.
async fn plan(context: &Context, options: Options) -> anyhow::Result<Ending> {
    let folder = std::env::temp_dir().join(format!("midiateca-{}", uuid::Uuid::now_v7().simple()));
    let clock = midiateca_service::clock::Clock::system();
    let mut config = context.config.clone();
    // The rules that are in force, and places of its own.
    config.database.url.clear();
    config.storage.url.clear();
    config.secrets.key_file.clear();
    let app = App::open(&folder, config, clock).await?;
    let outcome = take(context, &app, options).await;
    // Nothing is in it but an empty database.
    let _ = std::fs::remove_dir_all(&folder);
    outcome
}

async fn take(context: &Context, app: &Arc<App>, options: Options) -> anyhow::Result<Ending> {
    let taking = match (options.dry_run, options.link) {
        (true, _) => Taking::DryRun,
        (false, true) => Taking::Link,
        (false, false) => Taking::Copy,
    };
    let source = Source {
        db: options.db,
        media: options.media,
    };
    let stop = Arc::new(AtomicBool::new(false));
    let (asked, flag) = (shutdown::stop_signal(), Arc::clone(&stop));
    app.shutdown.spawn(async move {
        asked.await;
        flag.store(true, Ordering::Relaxed);
    });
    let order = Order {
        source: &source,
        taking,
        stop: &stop,
    };
    let mut told = Told::new(context, taking, Arc::clone(&stop));
    let outcome = multichat::run(app, &order, |step| told.tell(&step)).await;
    let came_to_the_end = match outcome {
        Ok(came_to_the_end) => came_to_the_end,
        Err(error) => {
            told.clear();
            app.db.close().await;
            return Err(explain(context, error));
        }
    };
    told.end(came_to_the_end);
    app.db.close().await;
    Ok(match came_to_the_end && told.is_clean() {
        true => Ending::Fine,
        false => Ending::FoundWrong,
    })
}

/// What is wrong usage counts as that.
fn explain(context: &Context, error: multichat::Error) -> anyhow::Error {
    use multichat::Error;
    if let Error::Conflicts(conflicts) = &error {
        for conflict in conflicts {
            eprintln!("{}", sentence(context, conflict));
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
