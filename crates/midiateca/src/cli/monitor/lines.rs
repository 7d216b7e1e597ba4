//! One line an event, for pipes and logs.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::Ending;
use crate::cli::answer;
use crate::cli::context::Context;
use crate::cli::words::monitor as words;
use crate::cli::zone;
use midiateca_service::app::AllowedStorage;
use midiateca_service::clock::rfc3339;
use midiateca_service::events::{self, Event};
use midiateca_service::ops::live::file_identity;
use midiateca_service::shutdown;

const EVERY: Duration = Duration::from_millis(300);
const PAGE: u32 = 500;

pub(super) async fn run(
    context: Context,
    after: Option<i64>,
    once: bool,
) -> anyhow::Result<Ending> {
    let mut app = context
        .open_existing_allowing(AllowedStorage::Unused)
        .await?;
    let path = context.config.database_file(&context.data);
    let mut file = file_identity(&path);
    let mut seq = match after {
        Some(seq) => seq,
        None => events::newest(&app.db).await?,
    };
    let stop = shutdown::stop_signal();
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
        if once {
            break;
        }
        tokio::select! {
            () = &mut stop => break,
            () = tokio::time::sleep(EVERY) => {}
        }
        // Another file lies there now, such as a restored backup; while none does, the old one is all there is.
        let found = file_identity(&path);
        if found.is_some() && found != file {
            app.db.close().await;
            app = context
                .open_existing_allowing(AllowedStorage::Unused)
                .await?;
            file = found;
            seq = seq.min(events::newest(&app.db).await?);
            eprintln!("{}", context.lang.say(words::OTHER_DATABASE));
        }
    }
    app.db.close().await;
    Ok(Ending::Fine)
}

/// One event in one line.
pub(in crate::cli) fn line(context: &Context, event: &Event) -> String {
    if context.json {
        let event = json!({"seq": event.seq, "at": rfc3339(event.at), "event": event.kind, "client": event.client, "instance": event.instance, "media": event.media, "data": event.data});
        return event.to_string();
    }
    let lang = context.lang;
    let mut line = format!(
        "{} {} {}",
        zone::local(event.at),
        lang.name(&event.kind),
        event.instance.as_deref().unwrap_or("")
    );
    for part in [
        event.media.as_deref(),
        event.data["kind"].as_str().map(|kind| lang.name(kind)),
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
        line.push_str(lang.reason(reason));
    }
    line
}
