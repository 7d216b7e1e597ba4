//! The arguments of a run, and the errors in them: in English as clap writes them, in Portuguese and as JSON from `usage.ftl`.

use std::error::Error as _;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Error, FromArgMatches as _};
use serde_json::json;

use super::color::Color;
use super::unparsed::unparsed;
use crate::cli::{Language, Options, answer, complaint, help};
use midiateca_service::i18n::explain::{Explanation, UNEXPECTED};

/// More commands are not named in a hint.
const MOST_COMMANDS: usize = 3;

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
    Explanation {
        code: code.to_owned(),
        message: message(error, code, lang),
        hint: Some(hint(error, lang)),
    }
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

fn message(error: &Error, code: &str, lang: Language) -> String {
    let text = |kind| noted(error, kind).unwrap_or_default();
    let [argument, value, command, others] = [
        text(ContextKind::InvalidArg),
        text(ContextKind::InvalidValue),
        text(ContextKind::InvalidSubcommand),
        text(ContextKind::PriorArg),
    ];
    let values = values!(argument, value, command, others);
    let message = lang.fill_code("usage-error", code, values, &[]);
    // The errors of clap's own parsers are in English.
    let is_shown = |source: &&(dyn std::error::Error + 'static)| {
        lang == Language::English || complaint::code(*source) != UNEXPECTED
    };
    match error.source().filter(is_shown) {
        Some(source) if complaint::code(source) == UNEXPECTED => format!("{message}: {source}"),
        Some(source) => format!("{message}: {}", complaint::why(source, lang)),
        None => message,
    }
}

fn hint(error: &Error, lang: Language) -> String {
    let text =
        |code: &str, value: &str| lang.fill_code("usage-hint", code, &[("value", &value)], &[]);
    let mut hints = Vec::new();
    for (kind, code) in [
        (ContextKind::ValidValue, "values"),
        (ContextKind::ValidSubcommand, "commands"),
        (ContextKind::SuggestedArg, "similar"),
        (ContextKind::SuggestedSubcommand, "similar"),
        (ContextKind::SuggestedValue, "similar"),
    ] {
        hints.extend(noted(error, kind).map(|values| text(code, &values)));
    }
    let argument = noted(error, ContextKind::InvalidArg).unwrap_or_default();
    if let Some(ContextValue::StyledStrs(sentences)) = error.get(ContextKind::Suggested) {
        // clap suggests to pass it as a value, or a command that has it.
        let as_value = format!("-- {argument}");
        let is_value = |it: &clap::builder::StyledStr| it.to_string().contains(&as_value);
        if sentences.iter().any(is_value) {
            hints.push(text("as_value", &argument));
        } else {
            let commands = commands_with(&help::command(lang), argument.trim_start_matches('-'));
            let commands = commands.iter().map(|path| format!("{path} {argument}"));
            hints.extend(commands.take(MOST_COMMANDS).map(|it| text("similar", &it)));
        }
    }
    if hints.is_empty() {
        hints.push(text("help", ""));
    }
    hints.join("; ")
}

/// The commands below this one that have an option of this name.
fn commands_with(command: &Command, option: &str) -> Vec<String> {
    let mut found = Vec::new();
    for below in command.get_subcommands() {
        let mut options = below.get_arguments().filter(|it| !it.is_global_set());
        if options.any(|it| it.get_long() == Some(option)) {
            found.push(below.get_name().to_owned());
        }
        let deeper = commands_with(below, option);
        found.extend(
            deeper
                .iter()
                .map(|path| format!("{} {path}", below.get_name())),
        );
    }
    found
}
