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
    let command = help::command(lang);
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
