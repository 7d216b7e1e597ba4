//! `monitor`: what happens, from the events in the database, next to any server. A full screen on a terminal; one line per
//! event when piped, or when asked for lines.

mod draw;
mod lines;
mod screen;
mod state;
mod terminal;
#[cfg(test)]
mod tests;

use std::io::IsTerminal as _;

use crate::cli::{Context, Ending, answer};
#[cfg(feature = "demo")]
pub(super) use lines::line;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Begin after this event instead of now, one line an event; 0 shows everything
    #[arg(long, value_name = "SEQ")]
    after: Option<i64>,
    /// One line an event; end when there is nothing more to show
    #[arg(long)]
    once: bool,
    /// One line an event, on a terminal as well
    #[arg(long)]
    lines: bool,
}

impl Options {
    /// Whether the full screen is shown, so that nothing else may be written to the terminal.
    pub(crate) fn takes_the_screen(&self, json: bool) -> bool {
        let asks_for_lines = json || self.lines || self.once || self.after.is_some();
        !asks_for_lines && std::io::stdout().is_terminal() && !is_dumb()
    }
}

fn is_dumb() -> bool {
    let name = std::env::var("TERM").unwrap_or_default();
    cfg!(unix) && matches!(name.as_str(), "" | "dumb" | "unknown")
}

pub(crate) async fn run(context: &Context, options: Options) -> anyhow::Result<Ending> {
    if options.takes_the_screen(answer::is_json()) {
        screen::run(context).await
    } else {
        lines::run(context, options.after, options.once).await
    }
}
