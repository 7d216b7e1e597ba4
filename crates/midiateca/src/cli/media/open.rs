//! `media open`: the path of a stored file; on a terminal, the desktop's program for it.

use std::io::IsTerminal as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::cli::{Context, Ending, Language, answer, complaint, ids, words::media as words};
use midiateca_service::app::App;
use midiateca_service::disk;
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
    let (id, lang) = (ids::media(context, app, &options.id).await?, context.lang);
    let media = media::find(&app.db, &id).await?;
    let storage = context.config.storage_folder(&context.data);
    let path = media.as_ref().and_then(|media| media.path());
    let path = path.map(|path| storage.join(path));
    let path = path.map(|path| std::path::absolute(&path).unwrap_or(path));
    if let Some(path) = media.as_ref().and_then(|media| media.path())
        && app.storage.is_remote()
    {
        let address = format!("{}/{path}", app.storage.place().display());
        answer::report(json!({"media": id.as_str(), "path": address}), &address);
        return Ok(Ending::Fine);
    }
    let mut document = json!({"media": id.as_str(), "path": path});
    let (problem, text) = match &path {
        Some(path) if is_file(path, lang)? => {
            answer::report(document, path.display());
            let is_print = options.print || answer::is_json() || !std::io::stdout().is_terminal();
            if !is_print && let Err(error) = open(path) {
                let why = complaint::why(&error, lang);
                complain!(lang, words::NO_OPENER, why);
            }
            return Ok(Ending::Fine);
        }
        Some(path) => {
            let text = fill!(lang, words::FILE_MISSING, path = path.display());
            ("missing", text)
        }
        None => ("not_stored", fill!(lang, words::NOT_STORED, id)),
    };
    if answer::is_json() {
        document["problem"] = json!(problem);
        answer::line(document);
    } else {
        eprintln!("{text}");
    }
    Ok(Ending::FoundWrong)
}

/// Whether it is there. A folder that cannot be read is an error.
fn is_file(path: &Path, lang: Language) -> anyhow::Result<bool> {
    let found = disk::unless_missing(path.metadata());
    let found = found.map_err(|error| complaint::unreadable(lang, path, error))?;
    Ok(found.is_some_and(|found| found.is_file()))
}

fn open(path: &Path) -> std::io::Result<()> {
    let opener = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer"
    } else {
        "xdg-open"
    };
    let mut opener = Command::new(opener);
    opener.arg(path).stdin(Stdio::null());
    opener.stdout(Stdio::null()).stderr(Stdio::null());
    opener.spawn().map(drop)
}
