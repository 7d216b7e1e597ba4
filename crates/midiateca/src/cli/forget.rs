//! `forget`: erases a person from what one client holds, and prints the proof.

use serde_json::json;

use super::answer;
use super::context::Context;
use super::words::forget as words;
use super::{Ending, UsageError};
use crate::clock::rfc3339;
use crate::registry;
use crate::retention::{self, Doing, Erasure};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Whose data it is
    #[arg(long, value_name = "N")]
    client: i64,
    /// Whom to forget: a phone number with its country code, or an id as `media list` shows it; may be given several times
    #[arg(long, value_name = "ID", required = true)]
    contact: Vec<String>,
    /// Show what would be erased
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run(context: Context, options: Options) -> anyhow::Result<Ending> {
    let app = context.open_existing().await?;
    let clients = registry::clients(&app.db).await?;
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
    let erasure = retention::erase(&app, options.client, &options.contact, doing).await?;
    if erasure.names.is_empty() {
        return Err(UsageError(context.lang.say(words::NOBODY).to_owned()).into());
    }
    prove(&context, doing, &erasure);
    app.db.close().await;
    Ok(match erasure.deliveries_left {
        0 => Ending::Fine,
        _ => Ending::FoundWrong,
    })
}

fn prove(context: &Context, doing: Doing, erasure: &Erasure) {
    let at = rfc3339(erasure.at);
    if context.json {
        return answer::line(
            json!({"at": at, "dry_run": doing == Doing::DryRun, "erased": erasure}),
        );
    }
    for file in &erasure.files {
        let sha256 = file.sha256.as_deref().unwrap_or("-");
        answer::line(format_args!("{sha256}\t{}\t{}", file.size, file.media));
    }
    let words = match doing {
        Doing::Now => words::ERASED,
        Doing::DryRun => words::WOULD_BE_ERASED,
    };
    let (names, files) = (erasure.names.join(", "), erasure.files.len());
    let values: [(&str, &dyn std::fmt::Display); 7] = [
        ("at", &at),
        ("client", &erasure.client),
        ("names", &names),
        ("media", &erasure.media),
        ("files", &files),
        ("bytes", &erasure.bytes),
        ("deliveries", &erasure.deliveries),
    ];
    answer::line(context.lang.fill(words, &values));
    if erasure.deliveries_left > 0 {
        let left = [("count", &erasure.deliveries_left as &dyn std::fmt::Display)];
        eprintln!("{}", context.lang.fill(words::LEFT, &left));
    }
    if doing == Doing::Now {
        eprintln!("{}", context.lang.say(words::ELSEWHERE));
    }
}
