//! `man`: the manual pages, as clap makes them of the help.

use std::path::PathBuf;

use anyhow::Context as _;
use clap_mangen::Man;

use super::language::Language;
use super::words::context as files;
use super::{Ending, answer, help};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Write every page into this folder, instead of the first one to stdout
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

pub(crate) fn run(options: &Options, lang: Language) -> anyhow::Result<Ending> {
    let command = help::for_pages(lang);
    if let Some(folder) = &options.folder {
        std::fs::create_dir_all(folder)
            .and_then(|()| clap_mangen::generate_to(command, folder))
            .with_context(|| lang.fill(files::CANNOT_WRITE, &[("path", &folder.display())]))?;
    } else {
        let mut page = Vec::new();
        Man::new(command).render(&mut page)?;
        answer::text(String::from_utf8_lossy(&page));
    }
    Ok(Ending::Fine)
}
