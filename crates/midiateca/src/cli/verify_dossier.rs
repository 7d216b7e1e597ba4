//! `verify-dossier`: checks a dossier without a data folder, see [`verify`].

use std::path::PathBuf;

use crate::cli::{Ending, Items, Language, plain, result, words::verify_dossier as words, zone};
use midiateca_service::ops::dossier::PublicKey;
use midiateca_service::ops::dossier::verify::{self, DossierFinding, Report};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The dossier, a ZIP
    file: PathBuf,
    /// The installation's public key, as `key show --dossier` prints it there; without it, the key in the dossier is trusted
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    key: Option<String>,
}

pub(crate) fn run(options: &Options, lang: Language) -> anyhow::Result<Ending> {
    let no_key = || usage!(lang, words::NOT_A_KEY);
    let key = options.key.as_ref().map(|text| text.parse::<PublicKey>());
    let order = verify::Options {
        path: options.file.clone(),
        key: key.transpose().map_err(|_| no_key())?,
    };
    let report = tokio::task::block_in_place(|| verify::run(&order))?;
    let items = Items::new("findings", move |found: &DossierFinding| line(lang, found));
    report.findings.iter().for_each(|found| items.item(found));
    items.finish(&report, &sum(lang, &report));
    if !report.is_key_given {
        complain!(lang, words::KEY_INSIDE);
    }
    Ok(Ending::fine_if(report.findings.is_empty()))
}

fn line(lang: Language, found: &DossierFinding) -> String {
    let fault = result(lang, "dossier", found.fault, &[]);
    format!("{}\t{fault}", plain(&found.path))
}

fn sum(lang: Language, report: &Report) -> String {
    let at = report
        .made_at
        .as_deref()
        .map_or_else(|| "-".to_owned(), zone::local_of);
    let (files, bytes) = (report.files, report.bytes);
    let key = report.public_key.as_deref().unwrap_or("-");
    let text = if report.findings.is_empty() {
        words::FINE
    } else {
        words::NOT_FINE
    };
    let findings = report.findings.len();
    fill!(lang, text, files, bytes, findings, at = plain(&at), key)
}
