//! `media open`: the path of a stored file; on a terminal, the desktop's program for it.

use std::io::IsTerminal as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use super::super::context::Context;
use super::super::words::media as words;
use super::super::{Ending, answer, ids};
use midiateca_service::app::App;
use midiateca_service::media;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Its id, or a unique prefix of it
    id: String,
    /// Print the path and start no program
    #[arg(long)]
    print: bool,
}

pub(super) async fn run(context: &Context, app: &App, options: Options) -> anyhow::Result<Ending> {
    let id = ids::media(context, app, &options.id).await?;
    let media = media::find(&app.db, &id).await?;
    let storage = context.config.storage_folder(&context.data);
    let path = media.as_ref().and_then(|media| media.path());
    let path = path.map(|path| storage.join(path));
    let path = path.map(|path| std::path::absolute(&path).unwrap_or(path));
    let found = path.as_ref().filter(|path| path.is_file());
    let problem = match (&path, found) {
        (_, Some(_)) => None,
        (None, _) => Some("not_stored"),
        (Some(_), None) => Some("missing"),
    };
    if context.json {
        let Some(problem) = problem else {
            answer::line(json!({"media": id.as_str(), "path": path}));
            return Ok(Ending::Fine);
        };
        answer::line(json!({"media": id.as_str(), "path": path, "problem": problem}));
        return Ok(Ending::FoundWrong);
    }
    let Some(path) = found else {
        let problem = match &path {
            None => context.lang.fill(words::NOT_STORED, &[("id", &id)]),
            Some(path) => {
                let path = path.display();
                context.lang.fill(words::FILE_MISSING, &[("path", &path)])
            }
        };
        eprintln!("{problem}");
        return Ok(Ending::FoundWrong);
    };
    answer::line(path.display());
    let is_print = options.print || !std::io::stdout().is_terminal();
    if !is_print && let Err(error) = open(path) {
        let why = super::super::complaint::why(&error, context.lang);
        eprintln!("{}", context.lang.fill(words::NO_OPENER, &[("why", &why)]));
    }
    Ok(Ending::Fine)
}

/// Starts the program and leaves it alone.
fn open(path: &Path) -> std::io::Result<()> {
    let mut opener = if cfg!(target_os = "macos") {
        Command::new("open")
    } else if cfg!(windows) {
        Command::new("explorer")
    } else {
        Command::new("xdg-open")
    };
    opener.arg(path);
    opener.stdin(Stdio::null());
    opener.stdout(Stdio::null()).stderr(Stdio::null());
    opener.spawn().map(drop)
}
