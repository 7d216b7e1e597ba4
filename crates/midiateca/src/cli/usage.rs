//! The arguments: read, or told why they were not understood.

use std::error::Error as _;
use std::ffi::OsString;
use std::fmt::Display;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Error, FromArgMatches as _};

use super::color::Color;
use super::language::Language;
use super::words::{TextKey, cli, usage as words};
use super::{Options, complaint, help};
use midiateca_service::i18n::Explanation;

/// Reads the arguments of a run, the program's name first.
pub(super) fn read(
    lang: Language,
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Options, Error> {
    let mut command = help::command(lang).color(Color::of_process().into());
    let matches = command.try_get_matches_from_mut(arguments)?;
    Options::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// Shows the help that was asked for, or what was not understood; and how the program ends.
pub(super) fn tell(error: &Error, lang: Language) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // An error here could not be shown either.
            let _ = error.print();
        }
        _ if asks_for_json(std::env::args_os()) => {
            complaint::write(&explanation(error, lang), lang, true);
        }
        _ => eprintln!("{}", whole(error, lang)),
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// Whether `--json` is among arguments that cannot be parsed.
fn asks_for_json(arguments: impl IntoIterator<Item = OsString>) -> bool {
    let mut options = arguments
        .into_iter()
        .take_while(|argument| argument != "--");
    options.any(|argument| argument == "--json")
}

fn explanation(error: &Error, lang: Language) -> Explanation {
    let hints: Vec<_> = hints(error, lang)
        .iter()
        .map(|hint| hint.trim().to_owned())
        .collect();
    let hint = match hints.is_empty() {
        true => lang.say(words::SEE_HELP).to_owned(),
        false => hints.join("; "),
    };
    let (key, message) = what(error, lang);
    Explanation {
        code: key.code(),
        message,
        hint: Some(hint),
    }
}

/// What is wrong, what may have been meant, how it is used, and where to read on.
fn whole(error: &Error, lang: Language) -> String {
    let mut text = lang.fill(cli::ERROR, &[("message", &what(error, lang).1)]);
    for more in hints(error, lang) {
        text.push('\n');
        text.push_str(&more);
    }
    if let Some(usage) = error.get(ContextKind::Usage) {
        let usage = usage.to_string();
        let usage = usage
            .strip_prefix(Language::English.say(words::USAGE))
            .unwrap_or(&usage);
        text.push_str(&format!("\n\n{}{usage}", lang.say(words::USAGE)));
    }
    text + "\n\n" + lang.say(words::SEE_HELP)
}

/// One value of what clap noted, as text; of several the first is the one that matters.
fn noted(error: &Error, kind: ContextKind) -> Option<String> {
    let noted = match error.get(kind)? {
        ContextValue::None => return None,
        ContextValue::Strings(list) => list.join(", "),
        other => other.to_string(),
    };
    Some(noted)
}

fn what(error: &Error, lang: Language) -> (TextKey, String) {
    let text = |kind| noted(error, kind).unwrap_or_default();
    let argument = text(ContextKind::InvalidArg);
    let value = text(ContextKind::InvalidValue);
    let command = text(ContextKind::InvalidSubcommand);
    let others = text(ContextKind::PriorArg);
    let actual = text(ContextKind::ActualNumValues);
    let exactly = text(ContextKind::ExpectedNumValues);
    let expected = match exactly.as_str() {
        "" => text(ContextKind::MinValues),
        _ => exactly,
    };
    let why = match error.source() {
        Some(source) => complaint::why(source, lang),
        None => error.kind().to_string(),
    };
    let values: [(&str, &dyn Display); 8] = [
        ("argument", &argument),
        ("arguments", &argument),
        ("value", &value),
        ("command", &command),
        ("others", &others),
        ("expected", &expected),
        ("actual", &actual),
        ("why", &why),
    ];
    let is_twice = others.is_empty() || others == argument;
    let key = sentence(error, value.is_empty(), is_twice);
    (key, lang.fill(key, &values))
}

fn sentence(error: &Error, is_without_value: bool, is_twice: bool) -> TextKey {
    match error.kind() {
        ErrorKind::UnknownArgument => words::UNKNOWN_ARGUMENT,
        ErrorKind::InvalidSubcommand => words::UNKNOWN_COMMAND,
        ErrorKind::MissingSubcommand => words::NO_COMMAND,
        ErrorKind::MissingRequiredArgument => words::MISSING,
        ErrorKind::InvalidValue if is_without_value => words::NO_VALUE,
        ErrorKind::InvalidValue => words::INVALID_VALUE,
        ErrorKind::ValueValidation => words::INVALID_BECAUSE,
        ErrorKind::TooManyValues => words::TOO_MANY_VALUES,
        ErrorKind::TooFewValues => words::TOO_FEW_VALUES,
        ErrorKind::WrongNumberOfValues => words::WRONG_COUNT,
        ErrorKind::NoEquals => words::NO_EQUALS,
        ErrorKind::ArgumentConflict if is_twice => words::TWICE,
        ErrorKind::ArgumentConflict => words::CONFLICT,
        ErrorKind::InvalidUtf8 => words::NOT_UTF8,
        // The list may grow with clap.
        _ => words::WRONG,
    }
}

/// What may have been meant, a line each.
fn hints(error: &Error, lang: Language) -> Vec<String> {
    let mut hints = Vec::new();
    for (kind, words) in [
        (ContextKind::ValidValue, words::POSSIBLE_VALUES),
        (ContextKind::ValidSubcommand, words::POSSIBLE_COMMANDS),
    ] {
        if let Some(values) = noted(error, kind).filter(|values| !values.is_empty()) {
            hints.push(lang.fill(words, &[("values", &values)]));
        }
    }
    let similar = [
        ContextKind::SuggestedArg,
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedValue,
    ];
    for names in similar.iter().filter_map(|kind| noted(error, *kind)) {
        hints.push(lang.fill(words::SIMILAR, &[("names", &names)]));
    }
    if let Some(ContextValue::StyledStrs(sentences)) = error.get(ContextKind::Suggested) {
        // clap's sentence is English; what it would have written stands last in it, in quotes.
        let sentences = sentences.iter().map(ToString::to_string);
        for names in sentences.filter_map(|text| text.rsplit('\'').nth(1).map(str::to_owned)) {
            hints.push(match names.strip_prefix("-- ") {
                Some(argument) => lang.fill(words::AS_VALUE, &[("argument", &argument)]),
                None => lang.fill(words::SIMILAR, &[("names", &names)]),
            });
        }
    }
    hints
}

#[cfg(test)]
mod tests;
