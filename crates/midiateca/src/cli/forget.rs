//! `forget`: erases a person from what one client stores, and prints the proof, or what is left.

use std::io::{BufRead as _, IsTerminal as _};

use serde_json::json;

use crate::cli::{
    Context, Ending, Items, Language, Out, answer, ids, result, summary, words::forget as words,
    zone,
};
use midiateca_service::app::AllowedStorage;
use midiateca_service::clock::rfc3339;
use midiateca_service::ops::erasure::{self, ErasedFile, Identities, ProofState, Report, identify};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Whose data it is
    #[arg(long, value_name = "N")]
    client: i64,
    /// Whom to forget: a phone number with its country code, or an id as `media show` shows it; may be given several times
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

pub(crate) async fn run(context: &Context, options: Options) -> anyhow::Result<Ending> {
    let (lang, client, dry_run) = (context.lang, options.client, options.dry_run);
    let app = context.open_existing(AllowedStorage::None).await?;
    ids::check_client(context, &app, client).await?;
    let identities = identify(&app.db, client, &options.contact).await?;
    // With --json they are in the document; what is to be confirmed has to be seen before.
    let asks = !dry_run && !options.yes;
    if !answer::is_json() || asks && std::io::stdin().is_terminal() {
        list(&identities, lang);
    }
    if asks && !is_confirmed(client, &identities, lang)? {
        return Ok(Ending::FoundWrong);
    }
    let order = erasure::Options {
        client,
        ids: identities.ids(),
        include_unreadable: options.unreadable,
        dry_run,
        actor: context.actor.clone(),
    };
    // The erasure goes on when nothing reads stdout any more.
    let files = Items::new("files", |file: &ErasedFile| {
        let sha256 = file.sha256.as_deref().unwrap_or("-");
        format!("{sha256}\t{}\t{}", file.size, file.media)
    });
    let files = files.to(Out::Unattended);
    let report = erasure::run(app.erasure_deps(), order, &files).await?;
    let document = json!({
        "at": rfc3339(report.at),
        "dry_run": dry_run,
        "whole": report.is_complete(),
        "identities": identities,
        "erased": report,
    });
    files.finish(&document, &sum(dry_run, &report, lang));
    if !answer::is_json() {
        print_rest(dry_run, &report, lang);
    }
    // A person decides about files that others share.
    let is_proof = report.is_complete() && report.left.is_empty() && !report.is_empty();
    Ok(Ending::fine_if(is_proof))
}

fn list(identities: &Identities, lang: Language) {
    for identity in &identities.ids {
        let basis = result(lang, "basis", identity.basis, &[]);
        eprintln!("{}: {basis}", identity.id);
    }
    if !identities.shared.is_empty() {
        let ids = identities.shared.join(", ");
        complain!(lang, words::SHARED_IDS, ids);
    }
}

fn is_confirmed(client: i64, identities: &Identities, lang: Language) -> anyhow::Result<bool> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        let ids = identities.ids().join(", ");
        return Err(usage!(lang, words::GIVE_YES, ids).into());
    }
    complain!(lang, words::CONFIRM, client);
    let mut reply = String::new();
    stdin.lock().read_line(&mut reply)?;
    let reply = reply.trim().to_lowercase();
    Ok(["yes", "y", "sim", "s"].contains(&reply.as_str()))
}

/// The ids that were erased; none where nothing was found.
fn sum(dry_run: bool, report: &Report, lang: Language) -> String {
    if report.is_empty() {
        return String::new();
    }
    let key = if dry_run {
        words::WOULD_BE_ERASED
    } else {
        words::ERASED
    };
    let mut erased = json!(report.total());
    erased["at"] = json!(zone::local(report.at));
    erased["client"] = json!(report.client);
    erased["ids"] = json!(report.ids.join(", "));
    summary(lang, key, &erased)
}

fn print_rest(dry_run: bool, report: &Report, lang: Language) {
    if report.is_empty() {
        let (client, ids) = (report.client, report.ids.join(", "));
        complain!(lang, words::NOTHING, client, ids);
        if report.import_cut_short {
            complain!(lang, words::IMPORT_CUT_SHORT);
        }
        return;
    }
    if report.unreadable_left > 0 {
        let count = report.unreadable_left;
        complain!(lang, words::UNREADABLE_LEFT, count);
    }
    if report.on_hold > 0 {
        let count = report.on_hold;
        complain!(lang, words::ON_HOLD, count);
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
    for (key, count) in left.into_iter().filter(|(_, count)| *count > 0) {
        complain!(lang, key, count);
    }
    for file in &report.left {
        let sha256 = file.sha256.as_deref().unwrap_or("-");
        let values = values!(path = file.path.display(), sha256);
        eprintln!("{}", result(lang, "left", file.why, values));
    }
    let state = match report.proof_state() {
        ProofState::Complete => words::ELSEWHERE,
        ProofState::NoSpace => words::NO_SPACE,
        ProofState::UntilRelease => words::UNTIL_RELEASE,
        ProofState::WithUnreadable => words::WITH_UNREADABLE,
        ProofState::LeftInDatabase => words::LEFT_IN_DATABASE,
        ProofState::NotComplete => words::NOT_COMPLETE,
    };
    let needed = lang.bytes(report.free_bytes_needed.unwrap_or(0));
    for (applies, key) in [
        (report.import_cut_short, words::IMPORT_CUT_SHORT),
        (report.resumed, words::RESUMED),
        (true, state),
    ] {
        if applies {
            complain!(lang, key, needed);
        }
    }
}
