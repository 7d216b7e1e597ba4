//! `completions`: what a shell needs to complete this program's commands and flags.

use clap_complete::Shell;

use super::language::Language;
use super::{Ending, answer, help};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// For which shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

pub(crate) fn run(options: &Options, lang: Language) -> Ending {
    let mut command = help::command(lang);
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut command, name, &mut script);
    answer::text(String::from_utf8_lossy(&script));
    Ending::Fine
}
