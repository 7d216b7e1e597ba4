//! `man`: the manual pages, as clap makes them of the help, with the exit status.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};
use serde_json::json;

use crate::cli::{Ending, Language, answer, help, words::cli as words, words::context as files};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Write every page into this folder, instead of the first one to stdout
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

pub(crate) fn run(options: &Options, lang: Language) -> anyhow::Result<Ending> {
    let command = help::for_pages(lang);
    let Some(folder) = &options.folder else {
        let page = page(&Man::new(command), lang)?;
        answer::report(json!({ "page": page }), page);
        return Ok(Ending::Fine);
    };
    std::fs::create_dir_all(folder)
        .and_then(|()| write(&command, folder, lang))
        .with_context(|| fill!(lang, files::CANNOT_WRITE, path = folder.display()))?;
    if answer::is_json() {
        answer::line(json!({ "folder": folder }));
    }
    Ok(Ending::Fine)
}

fn write(command: &Command, folder: &Path, lang: Language) -> io::Result<()> {
    for command in command.get_subcommands() {
        write(command, folder, lang)?;
    }
    let man = Man::new(command.clone());
    std::fs::write(folder.join(man.get_filename()), page(&man, lang)?)
}

/// clap's headings are English.
fn page(man: &Man, lang: Language) -> io::Result<String> {
    let mut page = Vec::new();
    man.render(&mut page)?;
    let mut page = String::from_utf8_lossy(&page).into_owned();
    for heading in ["name", "synopsis", "description", "version"] {
        if let Some(translated) = lang.help(&format!("word-heading-{heading}")) {
            let heading = format!(".SH {}\n", heading.to_uppercase());
            page = page.replace(&heading, &format!(".SH {translated}\n"));
        }
    }
    let mut status = Roff::new();
    let heading = lang.say(words::EXIT_STATUS).to_uppercase();
    status.control("SH", [heading.as_str()]);
    status.text([roman(lang.say(words::EXIT_CODES))]);
    Ok(page + &status.to_roff())
}
