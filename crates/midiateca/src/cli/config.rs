//! `config init|show|check`.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use serde_json::json;

use super::answer;
use super::context::{config_file, settings};
use super::document::{Document, Out};
use super::language::Language;
use super::words::{cli, config as words, context as files};
use super::{Ending, Global, UsageError};
use midiateca_service::config::{self, DEFAULT_FILE, DEFAULT_FILE_PORTUGUESE, Source};
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
    let path = global
        .config
        .clone()
        .unwrap_or_else(|| global.data.join("midiateca.toml"));
    let text = |words, path: &Path| global.language().fill(words, &[("path", &path.display())]);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| text(files::CANNOT_MAKE, folder))?;
    }
    let file = OpenOptions::new().write(true).create_new(true).open(&path);
    let mut file = match file {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(UsageError::new(
                global.language(),
                files::STAYS,
                &[("path", &path.display())],
            )
            .into());
        }
        other => other.with_context(|| text(files::CANNOT_WRITE, &path))?,
    };
    let default = match global.language() {
        Language::English => DEFAULT_FILE,
        Language::Portuguese => DEFAULT_FILE_PORTUGUESE,
    };
    file.write_all(default.as_bytes())
        .with_context(|| text(files::CANNOT_WRITE, &path))?;
    if global.json {
        answer::line(json!({"path": path}));
    } else {
        answer::line(path.display());
    }
    Ok(Ending::Fine)
}

fn show(global: &Global) -> anyhow::Result<Ending> {
    let settings = settings(global)?;
    let in_force = serde_json::to_value(&settings.config)?;
    let list = Document::new("items", Out::Stdout);
    for (section, values) in in_force.as_object().into_iter().flatten() {
        for (key, value) in values.as_object().into_iter().flatten() {
            let (code, origin) = match settings.source(section, key) {
                Source::Default => ("default", None),
                Source::File(path) => ("file", Some(path.display().to_string())),
                Source::Variable(name) => ("environment", Some(name.clone())),
            };
            let name = format!("{section}.{key}");
            if global.json {
                list.item(&json!({"key": name, "value": value, "source": code, "origin": origin}));
            } else {
                let usual = global.language().say(words::DEFAULT);
                let origin = origin.as_deref().unwrap_or(usual);
                answer::line(format_args!("{name} = {value}\t# {origin}"));
            }
        }
    }
    if global.json {
        list.finish_list();
    }
    Ok(Ending::Fine)
}

fn check(global: &Global) -> anyhow::Result<Ending> {
    let (lang, file) = (global.language(), config_file(global));
    let mut problems = match &file {
        Some(path) => config::problems_of_file(path)?,
        None => Vec::new(),
    };
    // The environment overrides the file, so it is read only when the file is valid.
    if problems.is_empty() {
        match settings(global) {
            Ok(_) => {}
            Err(config::Error::Impossible(problem)) => problems.push(problem),
            Err(other) => return Err(other.into()),
        }
    }
    let explained: Vec<_> = problems.iter().map(|found| explain(found, lang)).collect();
    if global.json {
        answer::line(json!({"file": file, "problems": explained}));
    } else {
        for problem in &explained {
            answer::line(&problem.message);
            if let Some(hint) = &problem.hint {
                answer::line(format_args!(
                    "  {}",
                    lang.fill(cli::HINT, &[("hint", hint)])
                ));
            }
        }
        if explained.is_empty() {
            let shown = file.as_deref().map(|path| path.display().to_string());
            answer::line(match shown {
                Some(path) => lang.fill(words::FILE_FINE, &[("path", &path)]),
                None => lang.say(words::NO_FILE).to_owned(),
            });
        }
    }
    Ok(if explained.is_empty() {
        Ending::Fine
    } else {
        Ending::WrongUsage
    })
}
