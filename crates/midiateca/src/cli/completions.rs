//! `completions`: what a shell needs to complete this program's commands and flags.

use clap_complete::Shell;
use serde_json::json;

use crate::cli::{Ending, Language, answer, help};

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
    let script = String::from_utf8_lossy(&script);
    answer::report(json!({ "script": script }), &script);
    Ending::Fine
}
