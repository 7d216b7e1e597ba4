//! `config init|show|check`.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::cli::context::{config_file, settings};
use crate::cli::{
    Ending, Global, Language, answer, words::cli, words::config as words, words::context as files,
};
use midiateca_service::config::{self, DEFAULT_FILE, DEFAULT_FILE_PORTUGUESE, Size, Source, Span};
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
    let mut rows = Vec::new();
    for (section, values) in in_force.as_object().into_iter().flatten() {
        for (key, value) in values.as_object().into_iter().flatten() {
            let (source, origin) = match settings.source(section, key) {
                Source::Default => ("default", None),
                Source::File(path) => ("file", Some(path.display().to_string())),
                Source::Variable(name) => ("environment", Some(name.clone())),
            };
            rows.push((format!("{section}.{key}"), value, source, origin));
        }
    }
    let usual = global.language().say(words::DEFAULT);
    answer::list(
        rows,
        None,
        |(name, value, source, origin)| json!({"key": name, "value": in_numbers(value), "source": source, "origin": origin}),
        |(name, value, _, origin)| {
            format!("{name} = {value}\t# {}", origin.as_deref().unwrap_or(usual))
        },
    );
    Ok(Ending::Fine)
}

/// Sizes as bytes and durations as milliseconds.
fn in_numbers(value: &Value) -> Value {
    match value {
        Value::String(text) => {
            let size = text.parse::<Size>().ok();
            let size = size.filter(|size| size.to_string() == *text);
            let span = text.parse::<Span>().ok();
            let span = span.filter(|span| span.to_string() == *text);
            let number = size.map(|size| json!(size.bytes()));
            let number = number.or(span.map(|span| json!(span.ms())));
            number.unwrap_or_else(|| value.clone())
        }
        Value::Array(values) => values.iter().map(in_numbers).collect(),
        Value::Object(fields) => {
            let fields = fields.iter();
            let fields = fields.map(|(name, value)| (name.clone(), in_numbers(value)));
            Value::Object(fields.collect())
        }
        other => other.clone(),
    }
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
    let lines = explained.iter().flat_map(|problem| {
        let hint = problem.hint.as_ref();
        let hint = hint.map(|hint| format!("  {}", fill!(lang, cli::HINT, hint)));
        std::iter::once(problem.message.clone()).chain(hint)
    });
    let text = match &file {
        _ if !explained.is_empty() => lines.collect::<Vec<_>>().join("\n"),
        Some(path) => fill!(lang, words::FILE_FINE, path = path.display()),
        None => lang.say(words::NO_FILE).to_owned(),
    };
    answer::report(json!({"file": file, "problems": explained}), text);
    if explained.is_empty() {
        return Ok(Ending::Fine);
    }
    Ok(Ending::WrongUsage)
}
