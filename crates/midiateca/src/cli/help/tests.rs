use std::collections::BTreeSet;

use super::*;

/// All texts of a tree: of its commands, their arguments and the values of those.
fn texts(command: &Command, found: &mut BTreeSet<String>) {
    let mut add = |text: Option<&StyledStr>| found.extend(text.map(ToString::to_string));
    add(command.get_about());
    add(command.get_long_about());
    add(command.get_before_help());
    add(command.get_before_long_help());
    add(command.get_after_help());
    add(command.get_after_long_help());
    for argument in command.get_arguments() {
        add(argument.get_help());
        add(argument.get_long_help());
        add(argument
            .get_help_heading()
            .map(|heading| StyledStr::from(heading.to_owned()))
            .as_ref());
        for value in argument.get_possible_values() {
            add(value.get_help());
        }
    }
    for command in command.get_subcommands() {
        texts(command, found);
    }
}

fn english() -> BTreeSet<String> {
    let mut command = super::super::Options::command();
    command.build();
    let mut found = BTreeSet::new();
    texts(&command, &mut found);
    found
}

#[cfg(feature = "demo")]
#[test]
fn every_text_of_the_help_is_in_the_catalogue_and_no_other() {
    let said = english();
    let known: BTreeSet<_> = help::TEXTS
        .iter()
        .map(|words| words.en.to_owned())
        .collect();
    assert_eq!(known.len(), help::TEXTS.len(), "a text stands there twice");
    let missing: Vec<_> = said
        .difference(&known)
        .map(|text| format!("    {text:?}, \"\";"))
        .collect();
    assert!(
        missing.is_empty(),
        "put these into cli/words/help.rs, with their Portuguese:\n{}",
        missing.join("\n")
    );
    let unused: Vec<_> = known.difference(&said).collect();
    assert!(
        unused.is_empty(),
        "take these out of cli/words/help.rs: {unused:#?}"
    );
}

/// What must be the same in both languages: commands in backquotes, options, values in quotes, and how many brackets.
fn kept(text: &str) -> BTreeSet<String> {
    let commands = text.split('`').skip(1).step_by(2).map(str::to_owned);
    let values = text.split('"').skip(1).step_by(2).map(str::to_owned);
    let options = text
        .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-')
        .filter(|word| word.starts_with("--"))
        .map(str::to_owned);
    let brackets = [format!("{} brackets", text.matches(['[', ']']).count())];
    commands
        .chain(values)
        .chain(options)
        .chain(brackets)
        .collect()
}

#[test]
fn both_languages_name_the_same_commands_options_and_defaults() {
    for words in help::TEXTS {
        assert_eq!(kept(words.en), kept(words.pt), "{}", words.en);
        assert_eq!(
            words.en.contains("[default: "),
            words.pt.contains("[padrão: "),
            "{}",
            words.en
        );
        assert!(
            !words.pt.ends_with('.') && !words.pt.trim().is_empty(),
            "{}",
            words.en
        );
    }
}

/// With every run of white space as one space, so that where a line is broken does not matter.
fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn pages(command: &mut Command, found: &mut Vec<(String, String)>) {
    let name = command.get_bin_name().unwrap_or("").to_owned();
    found.push((name.clone(), command.render_help().to_string()));
    found.push((name, command.render_long_help().to_string()));
    for command in command.get_subcommands_mut() {
        pages(command, found);
    }
}

#[test]
fn no_page_of_the_portuguese_help_has_english_in_it() {
    let mut found = Vec::new();
    pages(&mut command(Language::Portuguese), &mut found);
    assert!(found.len() > 50, "{} pages", found.len());
    let mut english = english();
    let of_clap = [
        "Usage:",
        "Commands:",
        "Options:",
        "Arguments:",
        "Possible values:",
        "[default",
        "[possible",
        "[env",
        "[alias",
        "[OPTIONS]",
        "COMMAND",
        "Print",
        "<DIR>",
        "<FILE",
        "<TARGET>",
        "<ADDRESS>",
        "<TIME>",
        "<NAME>",
        "bash: ",
    ];
    english.extend(of_clap.map(str::to_owned));
    // The name of a place is the beginning of other words.
    english.remove("Its id");
    for (name, page) in found {
        let page = in_one_line(&page);
        assert!(page.contains("Uso: "), "{name}: {page}");
        for text in &english {
            assert!(!page.contains(text.as_str()), "{name}: {text}\n{page}");
        }
    }
}

#[test]
fn both_languages_understand_the_same_commands() {
    for line in [
        "midiateca check",
        "midiateca verificar",
        "midiateca --lang pt-BR monitorar --lines",
        "midiateca instance add ID --client 2 --token-env VAR",
        "midiateca deliveries replay A B --dry-run",
        "midiateca media list --kind audio --limit 3 --json",
        "midiateca decrypt x.enc --media-key -x= --kind audio",
    ] {
        for lang in [Language::English, Language::Portuguese] {
            let arguments = line.split(' ').map(std::ffi::OsString::from);
            let read = crate::cli::usage::read(lang, arguments);
            assert!(read.is_ok(), "{line}: {}", read.unwrap_err());
        }
    }
}
