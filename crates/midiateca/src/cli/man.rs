//! `man`: the manual pages.
//!
//! They are what clap makes of its tree. It knows English headings only, runs lists together, and says nothing of how a
//! program ends: that is put right in its text, line by line.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap_mangen::Man;

use super::language::Language;
use super::words::{context as files, man as words, usage};
use super::{Ending, answer, help};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Write every page into this folder, instead of the first one to stdout
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

pub(crate) fn run(options: &Options, lang: Language) -> anyhow::Result<Ending> {
    let mut command = with_aliases(without_help(help::for_pages(lang)), lang);
    command.build();
    match &options.folder {
        None => answer::text(page(command, lang)?),
        Some(folder) => std::fs::create_dir_all(folder)
            .and_then(|()| write_all(&command, folder, lang))
            .with_context(|| lang.fill(files::CANNOT_WRITE, &[("path", &folder.display())]))?,
    }
    Ok(Ending::Fine)
}

fn write_all(command: &clap::Command, folder: &Path, lang: Language) -> std::io::Result<()> {
    let shown = command.get_subcommands().filter(|one| !one.is_hide_set());
    for command in shown {
        write_all(command, folder, lang)?;
    }
    let name = Man::new(command.clone()).get_filename();
    std::fs::write(folder.join(name), page(command.clone(), lang)?)
}

fn page(command: clap::Command, lang: Language) -> std::io::Result<String> {
    let is_first = command
        .get_subcommands()
        .any(|one| one.get_name() == "serve");
    let mut page = Vec::new();
    Man::new(command)
        .source(concat!("midiateca ", env!("CARGO_PKG_VERSION")))
        .render(&mut page)?;
    let mut text = String::new();
    for line in String::from_utf8_lossy(&page).lines() {
        if line == ".SH VERSION" && is_first {
            text.push_str(&exit_status(lang));
        }
        // A list, or a fact about an option: each begins a line.
        if line.starts_with("\\- ") || line.starts_with('[') {
            text.push_str(".br\n");
        }
        text.push_str(&heading(line, lang));
        text.push('\n');
    }
    Ok(text)
}

fn heading(line: &str, lang: Language) -> String {
    let Some(name) = line.strip_prefix(".SH ") else {
        return line.to_owned();
    };
    let known = [
        words::NAME,
        words::SYNOPSIS,
        words::DESCRIPTION,
        words::COMMANDS,
        words::VERSION,
    ];
    let known = known
        .iter()
        .find(|words| Language::English.say(**words) == name);
    let name = known.map_or(name, |words| lang.say(*words));
    format!(".SH {}", name.to_uppercase())
}

fn exit_status(lang: Language) -> String {
    let mut text = format!(".SH \"{}\"\n", lang.say(words::EXIT_STATUS));
    let ways = [
        words::FINE,
        words::FOUND_WRONG,
        words::USAGE,
        words::OUT_OF_REACH,
    ];
    for (code, words) in ways.into_iter().enumerate() {
        text.push_str(&format!(".TP\n{code}\n{}\n", lang.say(words)));
    }
    text
}

/// The `help` command has no page of its own, wherever the tree is deep enough to have one.
fn without_help(command: clap::Command) -> clap::Command {
    let command = match command.find_subcommand("help").is_some() {
        true => command.mut_subcommand("help", |help| help.hide(true)),
        false => command.disable_help_subcommand(true),
    };
    command.mut_subcommands(without_help)
}

/// Which other names a command has; Portuguese help says so already.
fn with_aliases(command: clap::Command, lang: Language) -> clap::Command {
    let names: Vec<_> = command.get_visible_aliases().collect();
    let also = lang.fill(usage::ALSO, &[("names", &names.join(", "))]);
    let about = command.get_about().filter(|_| !names.is_empty());
    let command = match about.map(|about| format!("{about} {also}")) {
        Some(about) => command.about(about),
        None => command,
    };
    command.mut_subcommands(|command| with_aliases(command, lang))
}
