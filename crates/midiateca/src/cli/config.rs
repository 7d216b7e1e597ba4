//! `config init|show`.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use serde_json::json;

use super::answer;
use super::context::settings;
use super::language::Language;
use super::words::{config as words, context as files};
use super::{Ending, Global, UsageError};
use midiateca_service::config::{DEFAULT_FILE, DEFAULT_FILE_PORTUGUESE, Source};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Writes the commented default file to DIR/midiateca.toml, or to --config
    Init,
    /// Shows what is in force, and where each value comes from
    Show,
}

pub(crate) fn run(command: &Command, global: &Global) -> anyhow::Result<Ending> {
    match command {
        Command::Init => init(global),
        Command::Show => show(global),
    }
}

fn init(global: &Global) -> anyhow::Result<Ending> {
    let path = global
        .config
        .clone()
        .unwrap_or_else(|| global.data.join("midiateca.toml"));
    let told = |words, path: &Path| global.language().fill(words, &[("path", &path.display())]);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| told(files::CANNOT_MAKE, folder))?;
    }
    let file = OpenOptions::new().write(true).create_new(true).open(&path);
    let mut file = match file {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(UsageError(told(files::STAYS, &path)).into());
        }
        other => other.with_context(|| told(files::CANNOT_WRITE, &path))?,
    };
    let text = match global.language() {
        Language::English => DEFAULT_FILE,
        Language::Portuguese => DEFAULT_FILE_PORTUGUESE,
    };
    file.write_all(text.as_bytes())
        .with_context(|| told(files::CANNOT_WRITE, &path))?;
    match global.json {
        true => answer::line(json!({"path": path})),
        false => answer::line(path.display()),
    }
    Ok(Ending::Fine)
}

fn show(global: &Global) -> anyhow::Result<Ending> {
    let settings = settings(global)?;
    let in_force = serde_json::to_value(&settings.config)?;
    let mut items = Vec::new();
    for (section, values) in in_force.as_object().into_iter().flatten() {
        for (key, value) in values.as_object().into_iter().flatten() {
            let (code, origin) = match settings.source(section, key) {
                Source::Default => ("default", None),
                Source::File(path) => ("file", Some(path.display().to_string())),
                Source::Variable(name) => ("environment", Some(name.clone())),
            };
            let name = format!("{section}.{key}");
            if global.json {
                items.push(json!({"key": name, "value": value, "source": code, "origin": origin}));
            } else {
                let usual = global.language().say(words::DEFAULT);
                let origin = origin.as_deref().unwrap_or(usual);
                answer::line(format_args!("{name} = {value}\t# {origin}"));
            }
        }
    }
    if global.json {
        answer::list(items);
    }
    Ok(Ending::Fine)
}
