//! `config init|show`.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::answer;
use super::context::{VARIABLES, config_file, config_in_force, environment};
use super::language::Language;
use super::words::{config as words, context as files};
use super::{Ending, Global, UsageError};
use midiateca_service::config::{Config, DEFAULT_FILE, DEFAULT_FILE_PORTUGUESE};

/// Where a value comes from that nobody set.
const DEFAULT: &str = "default";

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
    let in_force = serde_json::to_value(config_in_force(global)?)?;
    let file = config_file(global);
    let from_file = file
        .as_ref()
        .map(|path| Config::read(path))
        .transpose()?
        .map(serde_json::to_value)
        .transpose()?;
    let usual = serde_json::to_value(Config::default())?;
    let sections = in_force.as_object().into_iter().flatten();
    for (section, values) in sections {
        for (key, value) in values.as_object().into_iter().flatten() {
            let variable = VARIABLES
                .iter()
                .filter(|(_, at, name, _)| at == section && name == key)
                .find_map(|(variable, ..)| environment(variable).map(|_| *variable));
            let at = |whole: &Value| whole[section][key].clone();
            let changed_by_file = from_file
                .as_ref()
                .is_some_and(|file| at(file) != at(&usual));
            let source = match (variable, changed_by_file) {
                (Some(variable), _) => variable.to_owned(),
                (None, true) => file
                    .as_ref()
                    .map(|path| path.display().to_string())
                    .unwrap_or_default(),
                (None, false) => DEFAULT.to_owned(),
            };
            if global.json {
                answer::line(format_args!(
                    "{}",
                    json!({"key": format!("{section}.{key}"), "value": value, "source": source})
                ));
            } else {
                let source = match source.as_str() {
                    DEFAULT => global.language().say(words::DEFAULT),
                    source => source,
                };
                answer::line(format_args!("{section}.{key} = {value}\t# {source}"));
            }
        }
    }
    Ok(Ending::Fine)
}
