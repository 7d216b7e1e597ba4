//! `backup`: a copy of everything in a folder, while the service runs. Said on stdout: what is wrong with files, and the
//! sum; on stderr: what is to be kept in mind about the backup.

use std::fmt::Display;
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::context::Context;
use super::language::plain;
use super::words::backup as words;
use super::{Ending, UsageError, answer, complaint};
use midiateca_service::clock::Clock;
use midiateca_service::ops::backup::{
    self, Error, Figures, Manifest, Order, Outcome, Source, Step, Wrong,
};
use midiateca_service::shutdown::{self, Shutdown};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The folder of the backup: a new or empty one, or one from before, which is brought up to date
    #[arg(value_name = "TARGET")]
    target: PathBuf,
    /// Copy the key too, which opens the gateway tokens
    #[arg(long)]
    with_key: bool,
    /// Take files out of the backup that the database no longer names, such as those of a person who was erased
    #[arg(long)]
    prune: bool,
    /// Read the files that are in the backup already, and replace those that are no longer right
    #[arg(long)]
    verify: bool,
}

pub(crate) async fn run(context: Context, options: Options) -> anyhow::Result<Ending> {
    let context = Arc::new(context);
    let stop_signal = shutdown::stop_signal();
    let source = source(&context)?;
    let target = options.target.display().to_string();
    let bar = bar();
    let so_far = Arc::new(AtomicU64::new(0));
    let before = match backup::is_whole(&options.target) {
        true => Before::Stays,
        false => Before::None,
    };
    let order = order(&context, options, source, &bar, &so_far);
    let running = backup::run(&order);
    tokio::pin!(running);
    let outcome = tokio::select! {
        outcome = &mut running => outcome,
        () = stop_signal => {
            order.shutdown.begin();
            running.await
        }
    };
    bar.finish_and_clear();
    let so_far = so_far.load(Ordering::Relaxed);
    if outcome.is_err() && so_far > 0 {
        eprintln!(
            "{}",
            context.lang.fill(words::SO_FAR, &[("count", &so_far)])
        );
    }
    match outcome.map_err(|error| refusal(&context, error, before, &target))? {
        Outcome::Stopped(figures) => {
            stopped(&context, &figures, before);
            Ok(Ending::FoundWrong)
        }
        Outcome::Done(manifest) => {
            report(&context, &manifest, &target);
            remind(&context, &manifest, &order);
            Ok(match manifest.files.missing + manifest.files.altered {
                0 => Ending::Fine,
                _ => Ending::FoundWrong,
            })
        }
    }
}

fn source(context: &Context) -> anyhow::Result<Source> {
    let (config, data) = (&context.config, &context.data);
    let database = config.database_file(data);
    context.must_exist(&database)?;
    Ok(Source {
        storage: config.storage_folder(data),
        key_file: config.key_file(data),
        settings: context.config_file.clone(),
        busy_timeout: config.database.busy_timeout.duration(),
        data: data.clone(),
        database,
    })
}

fn order(
    context: &Arc<Context>,
    options: Options,
    source: Source,
    bar: &ProgressBar,
    so_far: &Arc<AtomicU64>,
) -> Order {
    let (bar, context, so_far) = (bar.clone(), Arc::clone(context), Arc::clone(so_far));
    Order {
        source,
        target: options.target,
        verify: options.verify,
        prune: options.prune,
        with_key: options.with_key,
        clock: Clock::system(),
        shutdown: Shutdown::default(),
        tell: Arc::new(move |step| match step {
            // The bar counts in bytes throughout; a page is 4 KiB.
            Step::Database { pages, of } => {
                bar.set_length(of * 4_096);
                bar.set_position(pages * 4_096);
            }
            Step::Files { files, bytes, of } => {
                so_far.store(files, Ordering::Relaxed);
                bar.set_length(of);
                bar.set_position(bytes);
            }
            Step::Wrong(wrong) => bar.suspend(|| {
                if context.json {
                    return answer::line(json!(wrong));
                }
                let said = context.lang.say(match (wrong.wrong, wrong.kept) {
                    (Wrong::Missing, false) => words::MISSING,
                    (Wrong::Altered, false) => words::ALTERED,
                    (Wrong::Missing, true) => words::MISSING_KEPT,
                    (Wrong::Altered, true) => words::ALTERED_KEPT,
                });
                answer::line(format_args!(
                    "{said}\t{}\t{}",
                    plain(&wrong.file),
                    wrong.media
                ));
            }),
        }),
    }
}

fn bar() -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Whether the folder held a whole backup when it began, which stays usable whatever happens.
#[derive(Clone, Copy)]
enum Before {
    Stays,
    None,
}

/// Why there is no new backup; what is wrong usage counts as that.
fn refusal(context: &Context, error: Error, before: Before, target: &str) -> anyhow::Error {
    let outcome = context.lang.say(match before {
        Before::Stays => words::NOT_RENEWED,
        Before::None => words::NOT_WRITTEN,
    });
    match error {
        Error::Within { .. }
        | Error::Foreign { .. }
        | Error::NotAFolder { .. }
        | Error::OtherDatabase { .. } => UsageError(complaint::why(&error, context.lang)).into(),
        Error::Io { source, .. } if is_full(&source) => {
            let said = context.lang.fill(words::FULL, &[("path", &target)]);
            anyhow::Error::new(source).context(said).context(outcome)
        }
        Error::Io { .. } | Error::Db(_) | Error::NoRoom { .. } | Error::Damaged { .. } => {
            anyhow::Error::new(error).context(outcome)
        }
        Error::Absent { .. }
        | Error::Opening(_)
        | Error::Taken { .. }
        | Error::NoKey { .. }
        | Error::WrongKey { .. } => error.into(),
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

fn report(context: &Context, manifest: &Manifest, target: &str) {
    if context.json {
        return answer::line(json!({"backup": target, "manifest": manifest}));
    }
    let files = &manifest.files;
    let values: [(&str, &dyn Display); 9] = [
        ("target", &target),
        ("count", &files.count),
        ("bytes", &files.bytes),
        ("copied", &files.copied),
        ("linked", &files.linked),
        ("kept", &files.kept),
        ("gone", &files.gone),
        ("missing", &files.missing),
        ("altered", &files.altered),
    ];
    answer::line(context.lang.fill(words::SUM, &values));
}

fn stopped(context: &Context, figures: &Figures, before: Before) {
    if context.json {
        return answer::line(json!({"stopped": true, "files": figures}));
    }
    let values: [(&str, &dyn Display); 2] =
        [("count", &figures.count), ("copied", &figures.copied)];
    let said = match before {
        Before::Stays => words::STOPPED_BEFORE,
        Before::None => words::STOPPED,
    };
    answer::line(context.lang.fill(said, &values));
}

/// What is to be kept in mind about this backup.
fn remind(context: &Context, manifest: &Manifest, order: &Order) {
    let say = |words, values: &[(&str, &dyn Display)]| {
        eprintln!("{}", context.lang.fill(words, values));
    };
    let key_file = &order.source.key_file;
    let key = match (manifest.holds_key, order.target.join("secret.key").exists()) {
        (true, _) => words::KEY_HERE,
        (false, _) if !key_file.exists() => words::KEY_ABSENT,
        (false, true) => words::KEY_OTHER,
        (false, false) => words::KEY_ELSEWHERE,
    };
    say(key, &[("key", &key_file.display())]);
    let files = &manifest.files;
    if files.pruned > 0 {
        say(words::PRUNED, &[("count", &files.pruned)]);
    } else if files.surplus > 0 {
        say(words::SURPLUS, &[("count", &files.surplus)]);
    }
    if let Some(name) = manifest
        .settings
        .as_deref()
        .filter(|name| *name != "midiateca.toml")
    {
        say(words::SETTINGS_ELSEWHERE, &[("name", &name)]);
    }
}
