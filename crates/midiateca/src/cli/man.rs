//! `man`: the manual pages.

use std::path::PathBuf;

use anyhow::Context as _;
use clap_mangen::Man;

use super::language::Language;
use super::words::context as words;
use super::{Ending, answer, help};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Write every page into this folder, instead of the first one to stdout
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

pub(crate) fn run(options: &Options, lang: Language) -> anyhow::Result<Ending> {
    let command = without_help(help::command(lang));
    let Some(folder) = &options.folder else {
        let mut page = Vec::new();
        Man::new(command).render(&mut page)?;
        answer::text(String::from_utf8_lossy(&page));
        return Ok(Ending::Fine);
    };
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(command, folder))
        .with_context(|| lang.fill(words::CANNOT_WRITE, &[("path", &folder.display())]))?;
    Ok(Ending::Fine)
}

/// The `help` command has no page of its own, wherever the tree is deep enough to have one.
fn without_help(command: clap::Command) -> clap::Command {
    let command = match command.find_subcommand("help").is_some() {
        true => command.mut_subcommand("help", |help| help.hide(true)),
        false => command,
    };
    command.mut_subcommands(without_help)
}
