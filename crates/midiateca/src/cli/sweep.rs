//! `sweep`: lets go of what the retention rules no longer keep, as the server does now and then; or shows what would go.

use serde_json::json;

use super::Ending;
use super::answer;
use super::cause;
use super::complaint;
use super::context::Context;
use super::words::{cli, sweep as words};
use midiateca_service::clock_check;
use midiateca_service::ops::retention::{self, Doing, Swept, Told};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Show what would go
    #[arg(long)]
    dry_run: bool,
    /// Trust the machine's clock as it is now, although it has jumped
    #[arg(long)]
    accept_clock: bool,
}

pub(crate) async fn run(context: Context, options: Options) -> anyhow::Result<Ending> {
    let app = context.open_existing().await?;
    let doing = match options.dry_run {
        true => Doing::DryRun,
        false => Doing::Now,
    };
    match (doing, options.accept_clock) {
        (_, true) => clock_check::adopt(&app.clock_check()).await?,
        (Doing::Now, false) => drop(clock_check::confirm(&app.clock_check()).await?),
        (Doing::DryRun, false) => {}
    }
    let swept = retention::sweep(&app, doing, |rule, told| tell(&context, rule, &told)).await?;
    report(&context, doing, &swept);
    if app.config.retention.rules.is_empty() {
        eprintln!("{}", context.lang.say(words::NO_RULES));
    }
    app.db.close().await;
    if swept.stuck == 0 {
        return Ok(Ending::Fine);
    }
    if let Some(hint) = cause::hint_of(&context.data, &context.config, context.lang) {
        eprintln!("{}", context.lang.fill(cli::HINT, &[("hint", &hint)]));
    }
    Ok(Ending::FoundWrong)
}

fn tell(context: &Context, rule: usize, told: &Told<'_>) {
    let (stored, error) = match told {
        Told::Gone(stored) => (stored, None),
        Told::Stuck(stored, error) => (stored, Some(complaint::why(*error, context.lang))),
    };
    let path = stored.path.as_str();
    let file = format!("media_storage/{path}");
    match error {
        Some(why) if context.json => answer::line(
            json!({"rule": rule + 1, "media": stored.id.as_str(), "client": stored.client, "kind": stored.kind.as_str(), "file": file, "size": stored.size_bytes, "stuck": why}),
        ),
        Some(why) => {
            let values: [(&str, &dyn std::fmt::Display); 2] = [("file", &file), ("why", &why)];
            eprintln!("{}", context.lang.fill(words::STUCK, &values));
        }
        None if context.json => answer::line(
            json!({"rule": rule + 1, "media": stored.id.as_str(), "client": stored.client, "kind": stored.kind.as_str(), "file": file, "size": stored.size_bytes}),
        ),
        None => answer::line(format_args!(
            "{}\t{}\t{file}\t{}",
            rule + 1,
            stored.id,
            stored.size_bytes
        )),
    }
}

fn report(context: &Context, doing: Doing, swept: &Swept) {
    if context.json {
        return answer::line(json!({"dry_run": doing == Doing::DryRun, "swept": swept}));
    }
    let words = match doing {
        Doing::Now => words::WENT,
        Doing::DryRun => words::WOULD_GO,
    };
    let values: [(&str, &dyn std::fmt::Display); 5] = [
        ("files", &swept.files),
        ("bytes", &swept.bytes),
        ("deliveries", &swept.deliveries),
        ("events", &swept.events),
        ("attempts", &swept.attempts),
    ];
    answer::line(context.lang.fill(words, &values));
}
