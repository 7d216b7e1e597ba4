//! `config init|show|check`.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use anyhow::Context as _;
use serde_json::json;

use crate::cli::context::{config_file, settings, variables};
use crate::cli::{
    Ending, Global, Items, Language, answer, words::cli, words::config as words,
    words::context as files,
};
use midiateca_service::config::{self, DEFAULT_FILE, DEFAULT_FILE_PORTUGUESE, SettingInForce};
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
    let settings = settings(global)?.in_force();
    let usual = global.language().say(words::DEFAULT);
    let line = move |it: &SettingInForce| {
        let origin = it.origin.as_deref().unwrap_or(usual);
        format!("{} = {}\t# {origin}", it.key, it.text)
    };
    Items::new("items", line).page(&settings, None);
    Ok(Ending::Fine)
}

fn check(global: &Global) -> anyhow::Result<Ending> {
    let (lang, file) = (global.language(), config_file(global)?);
    let problems = config::check(file.as_deref(), variables())?;
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
