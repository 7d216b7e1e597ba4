//! The grammar of the command line. Its English help is clap's, from the doc comments. Portuguese help is in `help.ftl`,
//! by id: `help-media-list` is a command, `help-media-list--limit` an argument of it, `help-any--since` an argument of
//! every command without a text of its own, `help-value-dir` the name of a value.

use clap::builder::StyledStr;
use clap::{Arg, Command, CommandFactory as _};

use crate::cli::{Language, words::cli as words, words::instance as instance_words};

/// The path of the program itself; that of a command is such as `media-list`.
const PROGRAM: &str = "midiateca";

/// With the help in that language. Pages have a section for the exit status instead.
pub(super) fn command(lang: Language) -> Command {
    let command = with_gateways(with_numbers(super::Options::command()), lang);
    let command = translated(with_demo_folder(command), lang);
    let (heading, codes) = (lang.say(words::EXIT_STATUS), lang.say(words::EXIT_CODES));
    let about = command.get_about().cloned().unwrap_or_default();
    command.long_about(format!("{about}\n\n{heading}: {codes}"))
}

/// For the manual pages: the `help` commands have none.
pub(super) fn for_pages(lang: Language) -> Command {
    let command = with_gateways(super::Options::command(), lang);
    let command = with_demo_folder(command);
    let mut command = command.disable_help_subcommand(true);
    if lang == Language::English {
        command = with_aliases(command);
        command.build();
    }
    translated(command, lang)
}

/// A value may be a negative number: what is wrong with it is said by its own check.
fn with_numbers(command: Command) -> Command {
    let argument = |argument: Arg| {
        let takes_value = argument.get_action().takes_values();
        argument.allow_negative_numbers(takes_value)
    };
    command.mut_args(argument).mut_subcommands(with_numbers)
}

/// One gateway a line; what each needs is too long for the text of one argument.
fn with_gateways(command: Command, lang: Language) -> Command {
    let gateways = lang.say(instance_words::GATEWAYS).replace(" · ", "\n  ");
    let with = |add: Command| match add.get_name() {
        "add" => add.after_help(gateways.clone()),
        _ => add,
    };
    // By name alone, a changed command would come last.
    command.mut_subcommands(|one| match one.get_name() {
        "instance" => one.mut_subcommands(with),
        _ => one,
    })
}

/// Pages show no aliases by themselves.
fn with_aliases(command: Command) -> Command {
    let aliases: Vec<_> = command.get_visible_aliases().collect();
    let about = command.get_about().filter(|_| !aliases.is_empty());
    let about = about.map(|about| format!("{about} [alias: {}]", aliases.join(", ")));
    let command = match about {
        Some(about) => command.about(about),
        None => command,
    };
    command.mut_subcommands(with_aliases)
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

/// A text of the Portuguese help; a test finds what has none.
fn text(id: &str) -> Option<String> {
    let found = Language::Portuguese.help(id)?;
    Some(found.into_owned())
}

fn word(id: &str) -> String {
    text(id).unwrap_or_default()
}

fn filled(code: &str, value: &str) -> String {
    Language::Portuguese.fill_code("help", code, &[("value", &value)], &[])
}

fn translated(command: Command, lang: Language) -> Command {
    if lang == Language::English {
        return command;
    }
    let mut command = with_value_names(command);
    // Adds the global options and the `help` commands to the tree.
    command.build();
    in_portuguese(command, PROGRAM)
}

/// Before the tree is built: usage and errors take them from it.
fn with_value_names(command: Command) -> Command {
    let argument = |argument: Arg| match argument.get_value_names() {
        Some(names) => {
            let names: Vec<_> = names.iter().map(|name| value_name(name)).collect();
            argument.value_names(names)
        }
        None => argument,
    };
    command
        .mut_args(argument)
        .subcommand_value_name(word("value-command"))
        .mut_subcommands(with_value_names)
}

fn value_key(name: &str) -> String {
    format!("value-{}", name.to_lowercase().replace(['.', '_'], "-"))
}

fn value_name(name: &str) -> String {
    text(&value_key(name)).unwrap_or_else(|| name.to_owned())
}

fn in_portuguese(mut command: Command, path: &str) -> Command {
    let usage = command.render_usage().ansi().to_string();
    let usage = usage.replace("[OPTIONS]", &word("word-options"));
    // The `help` commands that clap adds.
    let usage = usage.replace("[COMMAND]", &format!("[{}]", word("value-command")));
    let (heading, usage) = usage.split_once(' ').unwrap_or(("", &usage));
    let heading = heading.replace("Usage:", &word("word-usage"));
    let aliases: Vec<_> = command.get_visible_aliases().map(str::to_owned).collect();
    let mut about = text(command_key(&command, path)).unwrap_or_default();
    if !aliases.is_empty() {
        about = format!("{about} {}", filled("word_aliases", &aliases.join(", ")));
    }
    if let Some(long) = command
        .get_long_about()
        .and_then(|_| text(&format!("{path}--about")))
    {
        command = command.long_about(long);
    }
    command
        .about(about)
        .visible_alias(None)
        .aliases(aliases)
        .subcommand_help_heading(word("word-commands"))
        .help_template(format!(
            "{{before-help}}{{about-with-newline}}\n{heading} {{usage}}\n\n{{all-args}}{{after-help}}"
        ))
        .override_usage(StyledStr::from(usage.to_owned()))
        .mut_args(|one| argument(one, path))
        .mut_subcommands(|one| {
            let path = path_of(&one, path);
            in_portuguese(one, &path)
        })
}

/// Below `help` the commands are listed once more.
fn path_of(command: &Command, parent: &str) -> String {
    match (command.get_name(), parent) {
        ("help", parent) => parent.to_owned(),
        (name, PROGRAM) => name.to_owned(),
        (name, parent) => format!("{parent}-{name}"),
    }
}

fn command_key<'a>(command: &Command, path: &'a str) -> &'a str {
    match command.get_name() {
        "help" => "word-help",
        _ => path,
    }
}

/// The keys of an argument's text: of this command only, or of all.
fn argument_keys(argument: &Arg, path: &str) -> [String; 2] {
    let id = argument.get_id().as_str().replace('_', "-");
    [format!("{path}--{id}"), format!("any--{id}")]
}

fn argument(argument: Arg, path: &str) -> Arg {
    let mut help = argument_keys(&argument, path)
        .iter()
        .find_map(|key| text(key))
        .unwrap_or_default();
    for (code, values) in facts(&argument) {
        if !values.is_empty() {
            help = format!("{help} {}", filled(code, &values));
        }
    }
    let heading = match argument.get_help_heading() {
        Some(_) => "word-global",
        None if argument.is_positional() => "word-arguments",
        None => "word-own-options",
    };
    argument
        .help_heading(word(heading))
        .help(help)
        .hide_env(true)
        .hide_default_value(true)
        .hide_possible_values(true)
}

/// The parts that clap adds to the help of an argument.
fn facts(argument: &Arg) -> [(&'static str, String); 3] {
    let values = argument.get_possible_values();
    let values = values.iter().filter(|value| !value.is_hide_set());
    let values: Vec<_> = values.map(|value| value.get_name()).collect();
    let takes_value = argument.get_action().takes_values();
    let defaults = argument.get_default_values().iter().filter(|_| takes_value);
    let defaults: Vec<_> = defaults.map(|value| value.to_string_lossy()).collect();
    let variable = argument.get_env().map(|name| name.display().to_string());
    [
        ("word_values", values.join(", ")),
        ("word_default", defaults.join(" ")),
        ("word_variable", variable.unwrap_or_default()),
    ]
}

#[cfg(test)]
mod tests;
