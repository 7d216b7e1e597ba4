//! `config init|show|check`.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::cli::context::{config_file, settings};
use crate::cli::{
    Ending, Global, Items, Language, answer, words::cli, words::config as words,
    words::context as files,
};
use midiateca_service::config::{self, DEFAULT_FILE, DEFAULT_FILE_PORTUGUESE, FileProblem, Source};
use midiateca_service::i18n::explain;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Writes the commented default file to DIR/midiateca.toml, or to --config
    Init,
    /// Shows what is in force, and where each value comes from
    Show,
    /// Reads the settings, and lists the problems in them; exit 2 when there is one
    Check,
}

pub(crate) fn run(command: &Command, global: &Global) -> anyhow::Result<Ending> {
    match command {
        Command::Init => init(global),
        Command::Show => show(global),
        Command::Check => check(global),
    }
}

fn init(global: &Global) -> anyhow::Result<Ending> {
    let usual = || global.data.join("midiateca.toml");
    let path = global.config.clone().unwrap_or_else(usual);
    let lang = global.language();
    let text = |key, path: &Path| fill!(lang, key, path = path.display());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| text(files::CANNOT_MAKE, folder))?;
    }
    let default = match lang {
        Language::English => DEFAULT_FILE,
        Language::Portuguese => DEFAULT_FILE_PORTUGUESE,
    };
    let made = OpenOptions::new().write(true).create_new(true).open(&path);
    match made.and_then(|mut file| file.write_all(default.as_bytes())) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(usage!(lang, files::STAYS, path = path.display()).into());
        }
        written => written.with_context(|| text(files::CANNOT_WRITE, &path))?,
    }
    answer::report(json!({"path": path}), path.display());
    Ok(Ending::Fine)
}

fn show(global: &Global) -> anyhow::Result<Ending> {
    let settings = settings(global)?;
    let in_force = serde_json::to_value(&settings.config)?;
    let in_numbers = settings.config.in_numbers();
    let usual = global.language().say(words::DEFAULT);
    let mut rows = Vec::new();
    for (section, values) in in_force.as_object().into_iter().flatten() {
        for (key, text) in values.as_object().into_iter().flatten() {
            let (source, origin) = match settings.source(section, key) {
                Source::Default => ("default", None),
                Source::File(path) => ("file", Some(path.display().to_string())),
                Source::Variable(name) => ("environment", Some(name.clone())),
            };
            let (name, value) = (format!("{section}.{key}"), &in_numbers[section][key]);
            let line = format!("{name} = {text}\t# {}", origin.as_deref().unwrap_or(usual));
            let json = json!({"key": name, "value": value, "source": source, "origin": origin});
            rows.push((json, line));
        }
    }
    let json = |(json, _): &(Value, String)| json.to_string();
    let line = |(_, line): &(Value, String)| line.clone();
    Items::shown_as("items", json, line).page(&rows, None);
    Ok(Ending::Fine)
}

fn check(global: &Global) -> anyhow::Result<Ending> {
    let (lang, file) = (global.language(), config_file(global)?);
    let mut problems = match &file {
        Some(path) => config::problems_of_file(path)?,
        None => Vec::new(),
    };
    // The environment overrides the file, so it is read only when the file is valid.
    if problems.is_empty() {
        match settings(global).map_err(anyhow::Error::downcast) {
            Ok(_) => {}
            Err(Ok(config::Error::Impossible(problem))) => {
                let line = None;
                problems.push(FileProblem { line, problem });
            }
            Err(Ok(other)) => return Err(other.into()),
            Err(Err(other)) => return Err(other),
        }
    }
    let (mut documents, mut lines) = (Vec::new(), Vec::new());
    for problem in &problems {
        let explained = explain(problem, lang);
        let mut document = json!(problem);
        document["code"] = json!(explained.code);
        documents.push(document);
        lines.push(explained.message);
        let hint = explained.hint;
        lines.extend(hint.map(|hint| format!("  {}", fill!(lang, cli::HINT, hint))));
    }
    let text = match &file {
        _ if !problems.is_empty() => lines.join("\n"),
        Some(path) => fill!(lang, words::FILE_FINE, path = path.display()),
        None => lang.say(words::NO_FILE).to_owned(),
    };
    answer::report(json!({"file": file, "problems": documents}), text);
    if problems.is_empty() {
        return Ok(Ending::Fine);
    }
    Ok(Ending::WrongUsage)
}
