//! The arguments of a run, and the errors in them: in English as clap writes them, in Portuguese from `help.ftl`.

use std::error::Error as _;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Error, FromArgMatches as _};
use serde_json::json;

use super::color::Color;
use super::unparsed::unparsed;
use crate::cli::{Language, Options, answer, complaint, help};
use midiateca_service::i18n::explain::{Explanation, UNEXPECTED};

pub(super) fn read(
    lang: Language,
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Options, Error> {
    let mut command = help::command(lang).color(Color::of_process().into());
    let matches = command.try_get_matches_from_mut(arguments)?;
    Options::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

pub(super) fn show(error: &Error, lang: Language) -> ExitCode {
    let is_json = unparsed("--json").is_some();
    match error.kind() {
        ErrorKind::DisplayHelp if is_json => {
            answer::line(json!({ "help": error.render().to_string() }));
        }
        ErrorKind::DisplayVersion if is_json => {
            answer::line(json!({ "version": error.render().to_string().trim_end() }));
        }
        _ if is_json => complaint::write(&explanation(error, lang), lang, true),
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // An error here could not be shown either.
            let _ = error.print();
        }
        _ => eprintln!("{}", rendered(error, lang)),
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn rendered(error: &Error, lang: Language) -> String {
    if lang == Language::English {
        return error.render().to_string().trim_end().to_owned();
    }
    let mut text = complaint::rendered(&explanation(error, lang), lang, false);
    if let Some(usage) = noted(error, ContextKind::Usage) {
        let usage = usage.trim_start_matches("Usage:");
        let heading = lang.help("word-usage").unwrap_or_default();
        text.push_str(&format!("\n\n{heading}{usage}"));
    }
    text
}

fn explanation(error: &Error, lang: Language) -> Explanation {
    let code = code(error);
    let (message, hint) = match lang {
        Language::English => english(error),
        Language::Portuguese => (portuguese(error, code), portuguese_hint(error)),
    };
    Explanation {
        code: code.to_owned(),
        message,
        hint: Some(hint),
    }
}

/// Message and hint of clap's text, whose parts are separated by empty lines.
fn english(error: &Error) -> (String, String) {
    let text = error.render().to_string();
    let words = |part: &str| part.split_whitespace().collect::<Vec<_>>().join(" ");
    let parts: Vec<_> = text.trim_end().split("\n\n").map(words).collect();
    let message = parts.first().map_or("", String::as_str);
    let message = message.trim_start_matches("error: ");
    // clap puts the values into the message.
    let (message, values) = match message.split_once(" [possible values: ") {
        Some((message, values)) => (message, Some(values.trim_end_matches(']'))),
        None => (message, None),
    };
    let values = values.map(|values| format!("possible values: {values}"));
    let tip = parts.iter().find_map(|part| part.strip_prefix("tip: "));
    let hints: Vec<_> = values.into_iter().chain(tip.map(str::to_owned)).collect();
    let last = parts.last().cloned().unwrap_or_default();
    let hint = if hints.is_empty() {
        last
    } else {
        hints.join("; ")
    };
    (message.to_owned(), hint)
}

fn noted(error: &Error, kind: ContextKind) -> Option<String> {
    let noted = match error.get(kind)? {
        ContextValue::None => return None,
        ContextValue::Strings(list) => list.join(", "),
        other => other.to_string(),
    };
    Some(noted).filter(|noted| !noted.is_empty())
}

fn code(error: &Error) -> &'static str {
    let is_repeated = || {
        let before = noted(error, ContextKind::PriorArg);
        before.is_none() || before == noted(error, ContextKind::InvalidArg)
    };
    match error.kind() {
        ErrorKind::UnknownArgument => "unknown_argument",
        ErrorKind::InvalidSubcommand => "unknown_command",
        ErrorKind::MissingSubcommand => "missing_command",
        ErrorKind::MissingRequiredArgument => "missing_argument",
        ErrorKind::InvalidValue if noted(error, ContextKind::InvalidValue).is_none() => {
            "missing_value"
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => "invalid_value",
        ErrorKind::TooManyValues => "unexpected_value",
        ErrorKind::ArgumentConflict if is_repeated() => "repeated_argument",
        ErrorKind::ArgumentConflict => "conflicting_arguments",
        ErrorKind::InvalidUtf8 => "not_utf8",
        // The list may grow with clap.
        _ => "usage",
    }
}

fn portuguese(error: &Error, code: &str) -> String {
    let text = |kind| noted(error, kind).unwrap_or_default();
    let [argument, value, command, others] = [
        text(ContextKind::InvalidArg),
        text(ContextKind::InvalidValue),
        text(ContextKind::InvalidSubcommand),
        text(ContextKind::PriorArg),
    ];
    let values = values!(argument, value, command, others);
    let lang = Language::Portuguese;
    let message = lang.fill_code("help-error", code, values, &[]);
    // The errors of clap's own parsers are in English.
    let known = error.source();
    let known = known.filter(|source| complaint::code(*source) != UNEXPECTED);
    match known {
        Some(source) => format!("{message}: {}", complaint::why(source, lang)),
        None => message,
    }
}

/// Commands without a Portuguese name, by the word that is typed for them: clap suggests what is spelled alike.
fn meant(word: &str) -> Option<&'static str> {
    Some(match word {
        "ajuda" => "help",
        "saude" | "saúde" | "diagnostico" | "diagnóstico" => "doctor",
        "estado" | "situacao" | "situação" => "status",
        "midia" | "mídia" | "midias" | "mídias" => "media",
        "entrega" | "entregas" => "deliveries",
        "cliente" | "clientes" => "client",
        "instancia" | "instância" | "instancias" | "instâncias" => "instance",
        "chave" | "chaves" => "key",
        "usuario" | "usuário" | "usuarios" | "usuários" => "user",
        "configuracao" | "configuração" | "configuracoes" | "configurações" => "config",
        "retencao" | "retenção" => "hold",
        _ => return None,
    })
}

fn portuguese_hint(error: &Error) -> String {
    let text = |code: &str, value: &str| {
        Language::Portuguese.fill_code("help-hint", code, &[("value", &value)], &[])
    };
    let unknown = noted(error, ContextKind::InvalidSubcommand);
    if let Some(meant) = unknown.as_deref().and_then(meant) {
        return text("similar", meant);
    }
    let mut hints = Vec::new();
    for (kind, code) in [
        (ContextKind::ValidValue, "values"),
        (ContextKind::ValidSubcommand, "commands"),
        (ContextKind::SuggestedArg, "similar"),
        (ContextKind::SuggestedSubcommand, "similar"),
        (ContextKind::SuggestedValue, "similar"),
    ] {
        let values = noted(error, kind).map(|values| match code {
            "similar" => values.replace(", ", "` ou `"),
            _ => values,
        });
        hints.extend(values.map(|values| text(code, &values)));
    }
    if let Some(ContextValue::StyledStrs(sentences)) = error.get(ContextKind::Suggested) {
        // clap's sentence is English; what it suggests is in quotes at its end.
        let sentences = sentences.iter().map(ToString::to_string);
        let suggested = sentences.filter_map(|text| text.rsplit('\'').nth(1).map(str::to_owned));
        hints.extend(suggested.filter_map(|name| match name.strip_prefix("-- ") {
            // It is a mistyped option rather than a value.
            Some(argument) if argument.starts_with("--") => None,
            Some(argument) => Some(text("as_value", argument)),
            None => Some(text("similar", &name)),
        }));
    }
    if hints.is_empty() {
        hints.push(text("help", ""));
    }
    hints.join("; ")
}
