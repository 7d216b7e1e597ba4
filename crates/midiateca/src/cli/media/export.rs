//! `media export`: see [`export`].

mod screen;

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::sync::Arc;

use super::super::context::Context;
use super::super::words::export as words;
use super::super::{Ending, UsageError};
use super::which::Which;
use midiateca_service::app::App;
use midiateca_service::ops::export::{self, Target};
use screen::Screen;

/// What can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Folder,
    Tar,
    Zip,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A folder, a file that ends in .tar or .zip, or - for a tar archive on stdout
    target: PathBuf,
    #[command(flatten)]
    which: Which,
    /// What to write, whatever the target's ending says
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Show what would be exported
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(
    context: &Context,
    app: &App,
    mut options: Options,
) -> anyhow::Result<Ending> {
    let format = options.format.map(|format| match format {
        Format::Folder => export::Format::Folder,
        Format::Tar => export::Format::Tar,
        Format::Zip => export::Format::Zip,
    });
    let target = Target::of(&options.target, format)?;
    options.which.resolve(context, app).await?;
    let filter = options.which.filter(app.clock.now());
    let is_stream = target == Target::Stream;
    if is_stream && io::stdout().is_terminal() {
        return Err(UsageError(context.lang.say(words::TERMINAL).to_owned()).into());
    }
    // The archive has stdout for itself.
    let is_on_stderr = is_stream && !options.dry_run;
    let screen = Arc::new(Screen::new(context.lang, context.json, is_on_stderr));
    let order = export::Options {
        filter,
        target: target.clone(),
        dry_run: options.dry_run,
        stream: Box::new(io::stdout()),
    };
    let cancelled = app.shutdown.token_with_signals();
    let report = export::run(app, order, screen.clone(), cancelled).await;
    screen.end();
    let report = report?;
    screen.finish(&target, &report);
    Ok(match report.is_complete() {
        true => Ending::Fine,
        false => Ending::FoundWrong,
    })
}
