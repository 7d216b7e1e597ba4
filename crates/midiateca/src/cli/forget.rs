//! `forget`: erases a person from what one client stores, and prints the proof, or what is left.

use std::fmt::Display;
use std::io::{BufRead as _, IsTerminal as _};

use serde_json::json;

use super::answer;
use super::context::Context;
use super::document::{Document, Out};
use super::ids;
use super::language::Language;
use super::words::{TextKey, forget as words};
use super::zone;
use super::{Ending, UsageError};
use midiateca_service::instances;
use midiateca_service::ops::erasure::{
    self, Basis, ErasedFile, Error, Identities, Report, Why, identify,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Whose data it is
    #[arg(long, value_name = "N")]
    client: i64,
    /// Whom to forget: a phone number with its country code, or an id as `media list` shows it; may be given several times
    #[arg(long, value_name = "ID", required = true)]
    contact: Vec<String>,
    /// Erase raw deliveries that name them and cannot be read as well; they may contain data of others
    #[arg(long)]
    unreadable: bool,
    /// Erase without asking
    #[arg(long, short)]
    yes: bool,
    /// Show what would be erased
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run(context: Context, options: Options) -> anyhow::Result<Ending> {
    let (lang, client) = (context.lang, options.client);
    let app = context.open_existing().await?;
    let clients = instances::every_client(&app.db).await?;
    if !clients.iter().any(|known| known.id == client) {
        return Err(ids::unknown_client(&context, client).into());
    }
    let identities = identify(&app.db, client, &options.contact).await;
    let identities = identities.map_err(|error| usage(error, lang))?;
    // With --json they are in the document; what is to be confirmed has to be seen before.
    let asks = !options.dry_run && !options.yes;
    if !context.json || asks && std::io::stdin().is_terminal() {
        list(&identities, lang);
    }
    if asks && !is_confirmed(client, &identities, lang)? {
        return Ok(Ending::FoundWrong);
    }
    let order = erasure::Options {
        client,
        ids: identities.ids(),
        include_unreadable: options.unreadable,
        dry_run: options.dry_run,
    };
    let document = context
        .json
        .then(|| Document::new("files", Out::Unattended));
    let print_file = |file: &ErasedFile| match &document {
        Some(document) => document.item(file),
        None => line(file),
    };
    let report = erasure::run(app.erasure_deps(), order, &print_file).await?;
    app.db.close().await;
    if report.is_empty() && !context.json {
        print_nothing(&report, lang);
        return Ok(Ending::FoundWrong);
    }
    match &document {
        Some(document) => document.finish(&json!({
            "at": midiateca_service::clock::rfc3339(report.at),
            "dry_run": options.dry_run,
            "whole": report.is_complete(),
            "identities": identities,
            "erased": report,
        })),
        None => print(options.dry_run, &report, lang),
    }
    // A person decides about files that others share.
    let is_proof = report.is_complete() && report.left.is_empty() && !report.is_empty();
    Ok(Ending::fine_if(is_proof))
}

/// A contact that is none counts as wrong usage.
fn usage(error: Error, lang: Language) -> anyhow::Error {
    match error {
        Error::UnknownContact { .. }
        | Error::SeveralPeople { .. }
        | Error::SeveralCountries { .. } => UsageError::because(&error, lang).into(),
        error => error.into(),
    }
}

fn list(identities: &Identities, lang: Language) {
    for identity in &identities.ids {
        let basis = lang.say(match identity.basis {
            Basis::Given => words::BASIS_GIVEN,
            Basis::Paired => words::BASIS_PAIRED,
            Basis::Unfinished => words::BASIS_UNFINISHED,
        });
        answer::complain(format_args!("{}: {basis}", identity.id));
    }
    if !identities.shared.is_empty() {
        let ids = identities.shared.join(", ");
        answer::complain(lang.fill(words::SHARED_IDS, &[("ids", &ids)]));
    }
}

fn is_confirmed(client: i64, identities: &Identities, lang: Language) -> anyhow::Result<bool> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        let ids = identities.ids().join(", ");
        return Err(UsageError::new(lang, words::GIVE_YES, &[("ids", &ids)]).into());
    }
    answer::complain(lang.fill(words::CONFIRM, &[("client", &client)]));
    let mut reply = String::new();
    stdin.lock().read_line(&mut reply)?;
    let reply = reply.trim().to_lowercase();
    Ok(["yes", "y", "sim", "s"].contains(&reply.as_str()))
}

/// The erasure goes on when nothing reads stdout any more.
fn line(file: &ErasedFile) {
    let sha256 = file.sha256.as_deref().unwrap_or("-");
    answer::is_read(format_args!("{sha256}\t{}\t{}", file.size, file.media));
}

fn print_nothing(report: &Report, lang: Language) {
    let ids = report.ids.join(", ");
    let values: [(&str, &dyn Display); 2] = [("client", &report.client), ("ids", &ids)];
    answer::complain(lang.fill(words::NOTHING, &values));
    if report.import_cut_short {
        answer::complain(lang.say(words::IMPORT_CUT_SHORT));
    }
}

fn print(dry_run: bool, report: &Report, lang: Language) {
    let at = zone::local(report.at);
    let key = if dry_run {
        words::WOULD_BE_ERASED
    } else {
        words::ERASED
    };
    let (ids, total) = (report.ids.join(", "), report.total());
    let values: [(&str, &dyn Display); 8] = [
        ("at", &at),
        ("client", &report.client),
        ("ids", &ids),
        ("media", &total.media),
        ("files", &total.files),
        ("bytes", &total.bytes),
        ("deliveries", &total.deliveries),
        ("mentions", &total.mentions),
    ];
    answer::line(lang.fill(key, &values));
    if report.unreadable_left > 0 {
        let count = [("count", &report.unreadable_left as &dyn Display)];
        answer::complain(lang.fill(words::UNREADABLE_LEFT, &count));
    }
    if !dry_run {
        print_left(report, lang);
    }
}

/// It is a proof only when nothing is left.
fn print_left(report: &Report, lang: Language) {
    let left = [
        (words::FILES_LEFT, report.media_left),
        (words::DOWNLOADS_LEFT, report.downloads_left),
        (words::LEFT, report.deliveries_left),
    ];
    for (words, count) in left.into_iter().filter(|(_, count)| *count > 0) {
        answer::complain(lang.fill(words, &[("count", &count)]));
    }
    for file in &report.left {
        let sha256 = file.sha256.as_deref().unwrap_or("-");
        let values: [(&str, &dyn Display); 2] =
            [("path", &file.path.display()), ("sha256", &sha256)];
        answer::complain(lang.fill(words_of(file.why), &values));
    }
    if report.import_cut_short {
        answer::complain(lang.say(words::IMPORT_CUT_SHORT));
    }
    if report.resumed {
        answer::complain(lang.say(words::RESUMED));
    }
    let verdict = match report {
        report if report.is_complete() => lang.say(words::ELSEWHERE).to_owned(),
        Report {
            free_bytes_needed: Some(needed),
            ..
        } => lang.fill(words::NO_SPACE, &[("needed", &lang.bytes(*needed))]),
        report if report.unreadable_left > 0 && !report.left_in_database => {
            lang.say(words::WITH_UNREADABLE).to_owned()
        }
        report if report.left_in_database && left.iter().all(|(_, count)| *count == 0) => {
            lang.say(words::LEFT_IN_DATABASE).to_owned()
        }
        _ => lang.say(words::NOT_COMPLETE).to_owned(),
    };
    answer::complain(verdict);
}

fn words_of(why: Why) -> TextKey {
    match why {
        Why::Linked => words::LEFT_LINKED,
        Why::Shared => words::LEFT_SHARED,
        Why::Orphaned => words::LEFT_ORPHANED,
        Why::Failed => words::LEFT_FAILED,
    }
}
