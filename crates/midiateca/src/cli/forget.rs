//! `forget`: erases a person from what one client holds, and prints the proof, or what is left and why there is none.

use std::fmt::Display;

use indicatif::HumanBytes;
use serde_json::json;

use super::answer;
use super::complaint;
use super::context::Context;
use super::language::Language;
use super::words::forget as words;
use super::{Ending, UsageError};
use midiateca_service::clock::rfc3339;
use midiateca_service::instances;
use midiateca_service::ops::retention::{self, Asked, Doing, ErasedFile, Erasure, Unreadable, Why};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Whose data it is
    #[arg(long, value_name = "N")]
    client: i64,
    /// Whom to forget: a phone number with its country code, or an id as `media list` shows it; may be given several times
    #[arg(long, value_name = "ID", required = true)]
    contact: Vec<String>,
    /// Erase raw deliveries that name them and cannot be read as well; they may hold what somebody else sent
    #[arg(long)]
    unreadable: bool,
    /// Show what would be erased
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run(context: Context, options: Options) -> anyhow::Result<Ending> {
    let app = context.open_existing().await?;
    let clients = instances::clients(&app.db).await?;
    if !clients.iter().any(|client| client.id == options.client) {
        let unknown = context
            .lang
            .fill(words::UNKNOWN_CLIENT, &[("client", &options.client)]);
        return Err(UsageError(unknown).into());
    }
    let doing = match options.dry_run {
        true => Doing::DryRun,
        false => Doing::Now,
    };
    let tell_file = |file: &ErasedFile| tell_file(&context, file);
    let asked = Asked {
        unreadable: match options.unreadable {
            true => Unreadable::Go,
            false => Unreadable::Stay,
        },
        ..Asked::of(options.client, &options.contact)
    };
    let erasure = retention::erase(&app, asked, doing, tell_file).await;
    let erasure = erasure.map_err(|error| usage(error, context.lang))?;
    app.db.close().await;
    if erasure.is_empty() && !context.json {
        let names = erasure.names.join(", ");
        let values: [(&str, &dyn Display); 2] = [("client", &erasure.client), ("names", &names)];
        eprintln!("{}", context.lang.fill(words::NOTHING, &values));
        if erasure.import_cut_short {
            eprintln!("{}", context.lang.say(words::IMPORT_CUT_SHORT));
        }
        return Ok(Ending::FoundWrong);
    }
    tell(&context, doing, &erasure);
    // What others share is for a person to decide, too.
    let is_proof = erasure.is_whole() && erasure.left.is_empty();
    Ok(match is_proof && !erasure.is_empty() {
        true => Ending::Fine,
        false => Ending::FoundWrong,
    })
}

/// Who was named wrongly is told so as of any other mistake in a command.
fn usage(error: retention::Error, lang: Language) -> anyhow::Error {
    match error {
        retention::Error::Nobody { .. }
        | retention::Error::SeveralPeople { .. }
        | retention::Error::SeveralCountries { .. } => {
            UsageError(complaint::why(&error, lang)).into()
        }
        error => error.into(),
    }
}

/// As it goes; it goes whether or not anybody reads of it.
fn tell_file(context: &Context, file: &ErasedFile) {
    let sha256 = file.sha256.as_deref().unwrap_or("-");
    match context.json {
        true => answer::is_read(json!({"file": file})),
        false => answer::is_read(format_args!("{sha256}\t{}\t{}", file.size, file.media)),
    };
}

fn tell(context: &Context, doing: Doing, erasure: &Erasure) {
    let at = rfc3339(erasure.at);
    if context.json {
        return answer::line(
            json!({"at": at, "dry_run": doing == Doing::DryRun, "whole": erasure.is_whole(), "erased": erasure}),
        );
    }
    let words = match doing {
        Doing::Now => words::ERASED,
        Doing::DryRun => words::WOULD_BE_ERASED,
    };
    let (names, in_all) = (erasure.names.join(", "), erasure.in_all());
    let values: [(&str, &dyn Display); 8] = [
        ("at", &at),
        ("client", &erasure.client),
        ("names", &names),
        ("media", &in_all.media),
        ("files", &in_all.files),
        ("bytes", &in_all.bytes),
        ("deliveries", &in_all.deliveries),
        ("mentions", &in_all.mentions),
    ];
    answer::line(context.lang.fill(words, &values));
    if !erasure.names_left_out.is_empty() {
        let names = erasure.names_left_out.join(", ");
        eprintln!(
            "{}",
            context
                .lang
                .fill(words::NAMES_LEFT_OUT, &[("names", &names)])
        );
    }
    if erasure.unreadable_left > 0 {
        let count = [("count", &erasure.unreadable_left as &dyn Display)];
        eprintln!("{}", context.lang.fill(words::UNREADABLE_LEFT, &count));
    }
    if doing == Doing::Now {
        tell_what_is_left(erasure, context.lang);
    }
}

/// The proof is one when nothing is left, and not before.
fn tell_what_is_left(erasure: &Erasure, lang: Language) {
    let left = [
        (words::FILES_LEFT, erasure.media_left),
        (words::DOWNLOADS_LEFT, erasure.downloads_left),
        (words::LEFT, erasure.deliveries_left),
    ];
    for (words, count) in left.into_iter().filter(|(_, count)| *count > 0) {
        eprintln!("{}", lang.fill(words, &[("count", &count)]));
    }
    for file in &erasure.left {
        let words = match file.why {
            Why::Linked => words::LEFT_LINKED,
            Why::Shared => words::LEFT_SHARED,
            Why::Orphaned => words::LEFT_ORPHANED,
            Why::Failed => words::LEFT_FAILED,
        };
        let sha256 = file.sha256.as_deref().unwrap_or("-");
        let values: [(&str, &dyn Display); 2] =
            [("path", &file.path.display()), ("sha256", &sha256)];
        eprintln!("{}", lang.fill(words, &values));
    }
    if erasure.import_cut_short {
        eprintln!("{}", lang.say(words::IMPORT_CUT_SHORT));
    }
    if erasure.went_on {
        eprintln!("{}", lang.say(words::WENT_ON));
    }
    if erasure.is_whole() {
        eprintln!("{}", lang.say(words::ELSEWHERE));
    } else if let Some(needed) = erasure.room_needed_bytes {
        let needed = HumanBytes(needed);
        eprintln!("{}", lang.fill(words::NO_ROOM, &[("needed", &needed)]));
    } else if erasure.unreadable_left > 0 && !erasure.left_in_database {
        eprintln!("{}", lang.say(words::WITH_UNREADABLE));
    } else if erasure.left_in_database && left.iter().all(|(_, count)| *count == 0) {
        eprintln!("{}", lang.say(words::LEFT_IN_DATABASE));
    } else {
        eprintln!("{}", lang.say(words::NOT_WHOLE));
    }
}
