//! `monitor`: one line per event, from the database's own sequence, so it works beside any server.

use std::time::Duration;

use serde_json::{Value, json};

use super::Ending;
use super::answer;
use super::context::Context;
use crate::clock::rfc3339;
use crate::events::{self, Event};
use crate::shutdown;

const EVERY: Duration = Duration::from_millis(300);
const PAGE: u32 = 500;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Begin after this event instead of now; 0 shows everything
    #[arg(long, value_name = "SEQ")]
    after: Option<i64>,
    /// End when there is nothing more to show
    #[arg(long)]
    once: bool,
}

pub(crate) async fn run(context: Context, options: Options) -> anyhow::Result<Ending> {
    let app = context.open_existing().await?;
    let mut seq = match options.after {
        Some(seq) => seq,
        None => events::newest(&app.db).await?,
    };
    let stop = shutdown::asked_to_stop();
    tokio::pin!(stop);
    loop {
        let page = events::after(&app.db, seq, PAGE).await?;
        for event in &page {
            seq = event.seq;
            answer::line(line(&context, event));
        }
        if !page.is_empty() {
            continue;
        }
        if options.once {
            break;
        }
        tokio::select! {
            () = &mut stop => break,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
    app.db.close().await;
    Ok(Ending::Fine)
}

/// One event in one line.
pub(super) fn line(context: &Context, event: &Event) -> String {
    if context.json {
        let event = json!({"seq": event.seq, "at": rfc3339(event.at), "event": event.kind, "client": event.client, "instance": event.instance, "media": event.media, "data": event.data});
        return event.to_string();
    }
    let mut line = format!(
        "{} {} {}",
        rfc3339(event.at),
        event.kind,
        event.instance.as_deref().unwrap_or("")
    );
    for part in [
        event.media.as_deref(),
        event.data["kind"].as_str(),
        event.data["path"].as_str(),
    ]
    .into_iter()
    .flatten()
    {
        line.push(' ');
        line.push_str(part);
    }
    if let Some(reason) = event.data.get("reason").and_then(Value::as_str) {
        line.push_str(": ");
        line.push_str(context.lang.reason(reason));
    }
    line
}
