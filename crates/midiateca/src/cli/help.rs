//! Help in Portuguese. English is what clap makes of the doc comments; each of those texts is looked up in the
//! catalogue. What clap says of its own accord ("Usage:", "[default: …]") is said here in its place.

use clap::builder::{PossibleValue, StyledStr};
use clap::{Arg, Command, CommandFactory as _};

use super::language::Language;
use super::words::{help, usage as words};

/// The command line's grammar, with its help in that language.
pub(super) fn command(lang: Language) -> Command {
    told(with_demo_folder(super::Options::command()), lang)
}

/// The same for pages that others read: what this environment holds is not in it.
pub(super) fn for_pages(lang: Language) -> Command {
    told(
        without_environment(with_demo_folder(super::Options::command())),
        lang,
    )
}

/// The demo has a data folder of its own unless another one is named.
#[cfg(feature = "demo")]
fn with_demo_folder(command: Command) -> Command {
    let data = command.get_arguments().find(|arg| arg.get_id() == "data");
    let Some(data) = data.cloned() else {
        return command;
    };
    let data = data.default_value(super::demo::FOLDER);
    command.mut_subcommand("demo", |demo| demo.arg(data))
}

#[cfg(not(feature = "demo"))]
fn with_demo_folder(command: Command) -> Command {
    command
}

fn without_environment(command: Command) -> Command {
    command
        .mut_args(|argument| argument.hide_env_values(true))
        .mut_subcommands(without_environment)
}

fn told(command: Command, lang: Language) -> Command {
    match lang {
        Language::English => command,
        Language::Portuguese => in_portuguese(command),
    }
}

/// The whole tree is built first, for only then do clap's own commands and flags stand in it.
fn in_portuguese(command: Command) -> Command {
    let mut command = positionals_first(command);
    command.build();
    translated(command)
}

/// What stands for a value. It is told before the tree is built, for usage and errors take it from there.
fn value_names(argument: Arg) -> Arg {
    let Some(names) = argument.get_value_names() else {
        return argument;
    };
    let names: Vec<_> = names.iter().map(|name| value_name(name)).collect();
    argument.value_names(names)
}

/// What stands for a value in help, usage and errors.
const VALUES: &[super::words::Words] = &[
    words::ADDRESS,
    words::DELIVERY,
    words::DIR,
    words::FILE,
    words::ENCRYPTED_FILE,
    words::FORMAT,
    words::KIND,
    words::LANG,
    words::LIST,
    words::LOG_FORMAT,
    words::MEDIA,
    words::NAME,
    words::OUT,
    words::REASON,
    words::STATUS,
    words::TARGET,
    words::TIME,
    words::VARIABLE,
    words::WHEN,
];

fn value_name(name: &str) -> String {
    let known = VALUES
        .iter()
        .find(|words| Language::English.say(**words) == name);
    known.map_or(name, |words| said(*words)).to_owned()
}

/// Headings come in the order of the arguments below them.
fn positionals_first(command: Command) -> Command {
    let command = command.mut_args(value_names);
    let options = command.get_arguments().filter(|arg| !arg.is_positional());
    let options: Vec<_> = options.map(|arg| arg.get_id().clone()).collect();
    let command = options
        .iter()
        .fold(command, |command, id| command.mut_arg(id, |arg| arg));
    command.mut_subcommands(positionals_first)
}

fn said(words: super::words::Words) -> &'static str {
    Language::Portuguese.say(words)
}

/// A text of the help; one that the catalogue lacks stays English, and a test fails.
fn looked_up(text: &StyledStr) -> String {
    let text = text.to_string();
    let known = help::TEXTS.iter().find(|pair| pair.en == text);
    known.map_or(text, |pair| pair.pt.to_owned())
}

fn translated(mut command: Command) -> Command {
    let (heading, usage) = usage(&mut command);
    let aliases: Vec<_> = command.get_visible_aliases().map(str::to_owned).collect();
    let mut about = command.get_about().map(looked_up);
    if let Some(about) = about.as_mut().filter(|_| !aliases.is_empty()) {
        let names = aliases.join(", ");
        about.push(' ');
        about.push_str(&Language::Portuguese.fill(words::ALSO, &[("names", &names)]));
    }
    if let Some(long) = command.get_long_about().map(looked_up) {
        command = command.long_about(long);
    }
    if let Some(about) = about {
        command = command.about(about);
    }
    command
        .visible_alias(None)
        .aliases(aliases)
        .subcommand_help_heading(said(words::COMMANDS_HEADING))
        .help_template(format!(
            "{{before-help}}{{about-with-newline}}\n{heading} {{usage}}\n\n{{all-args}}{{after-help}}"
        ))
        .override_usage(StyledStr::from(usage))
        .mut_args(argument)
        .mut_subcommands(translated)
}

/// The heading and what stands behind it.
fn usage(command: &mut Command) -> (String, String) {
    let usage = command.render_usage().ansi().to_string();
    let (heading, usage) = usage.split_once(' ').unwrap_or(("", &usage));
    let heading = heading.replace(Language::English.say(words::USAGE), said(words::USAGE));
    let usage = [
        words::OPTIONS,
        words::REQUIRED_COMMAND,
        words::OPTIONAL_COMMAND,
    ]
    .into_iter()
    .fold(usage.to_owned(), |usage, words| {
        usage.replace(Language::English.say(words), said(words))
    });
    (heading, usage)
}

fn argument(argument: Arg) -> Arg {
    let heading = match argument.get_help_heading() {
        Some(heading) => looked_up(&StyledStr::from(heading.to_owned())),
        None if argument.is_positional() => said(words::ARGUMENTS_HEADING).to_owned(),
        None => said(words::OPTIONS_HEADING).to_owned(),
    };
    let short = argument.get_help().map(looked_up).unwrap_or_default();
    let long = argument.get_long_help().map(looked_up);
    let facts = facts(&argument);
    let listed = listed(&argument);
    let mut help = vec![short.clone()];
    help.extend(facts.clone());
    help.extend(listed.short);
    let long = match (long, facts.is_empty() && listed.long.is_none()) {
        (None, true) => None,
        (long, _) => {
            let mut parts = vec![long.unwrap_or(short)];
            parts.extend(listed.long);
            parts.extend((!facts.is_empty()).then(|| facts.join("\n")));
            Some(parts.join("\n\n"))
        }
    };
    let argument = match long {
        Some(long) => argument.long_help(long),
        None => argument,
    };
    argument
        .help_heading(heading)
        .help(help.join(" "))
        .hide_env(true)
        .hide_default_value(true)
        .hide_possible_values(true)
}

/// Which variable sets it, and what it is when nothing does.
fn facts(argument: &Arg) -> Vec<String> {
    let lang = Language::Portuguese;
    let mut facts = Vec::new();
    if let Some(name) = argument.get_env().filter(|_| !argument.is_hide_env_set()) {
        let value = std::env::var_os(name).filter(|_| !argument.is_hide_env_values_set());
        let (name, value) = (name.display(), value.unwrap_or_default());
        let values = [
            ("name", &name as &dyn std::fmt::Display),
            ("value", &value.display()),
        ];
        let words = match value.is_empty() {
            true => words::VARIABLE_NAMED,
            false => words::ENVIRONMENT,
        };
        facts.push(lang.fill(words, &values));
    }
    let defaults: Vec<_> = argument
        .get_default_values()
        .iter()
        .map(|value| value.to_string_lossy())
        .collect();
    let is_shown = argument.get_action().takes_values() && !argument.is_hide_default_value_set();
    if is_shown && !defaults.is_empty() {
        facts.push(lang.fill(words::DEFAULT, &[("value", &defaults.join(" "))]));
    }
    facts
}

/// The values there are, for the short help and for the long one.
#[derive(Default)]
struct Listed {
    short: Option<String>,
    long: Option<String>,
}

fn listed(argument: &Arg) -> Listed {
    let values = argument.get_possible_values();
    let values: Vec<_> = values.iter().filter(|value| !value.is_hide_set()).collect();
    if values.is_empty() || argument.is_hide_possible_values_set() {
        return Listed::default();
    }
    let names: Vec<_> = values.iter().map(|value| value.get_name()).collect();
    let width = names.iter().map(|name| name.len()).max().unwrap_or(0) + 1;
    let line = |value: &&PossibleValue| {
        let name = value.get_name();
        match value.get_help().map(looked_up) {
            Some(help) => format!("- {:<width$} {help}", format!("{name}:")),
            None => format!("- {name}"),
        }
    };
    let lines: Vec<_> = values.iter().map(line).collect();
    let short = Language::Portuguese.fill(words::POSSIBLE, &[("values", &names.join(", "))]);
    Listed {
        short: Some(short),
        long: Some(format!(
            "{}\n{}",
            said(words::POSSIBLE_HEADING),
            lines.join("\n")
        )),
    }
}

#[cfg(test)]
mod tests;
