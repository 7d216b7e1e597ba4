//! One line per event, for pipes and logs.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::{Context, Ending, Language, answer, words::monitor as texts, zone};
use midiateca_service::app::AllowedStorage;
use midiateca_service::clock::rfc3339;
use midiateca_service::disk::FileId;
use midiateca_service::events::{self, Event};
use midiateca_service::shutdown;

const POLL_INTERVAL: Duration = Duration::from_millis(300);
const PAGE: u32 = 500;

pub(super) async fn run(
    context: &Context,
    after: Option<i64>,
    once: bool,
) -> anyhow::Result<Ending> {
    let open = || context.open_existing(AllowedStorage::Unused);
    let mut app = open().await?;
    let path = context.config.database_file(&context.data);
    let identify = || path.as_deref().and_then(FileId::at);
    let mut file = identify();
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
            answer::report(document(event), line(event, context.lang));
        }
        if !page.is_empty() {
            continue;
        }
        if once {
            break;
        }
        tokio::select! {
            () = &mut stop => break,
            () = tokio::time::sleep(POLL_INTERVAL) => {}
        }
        // Another file is there, such as a restored backup; while there is none, the open one is read.
        let found = identify();
        if found.is_some() && found != file {
            app.db.close().await;
            app = open().await?;
            file = found;
            seq = seq.min(events::newest(&app.db).await?);
            complain!(context.lang, texts::OTHER_DATABASE);
        }
    }
    Ok(Ending::Fine)
}

fn document(event: &Event) -> Value {
    json!({"seq": event.seq, "at": rfc3339(event.at), "event": event.kind, "client": event.client, "instance": event.instance, "media": event.media, "data": event.data})
}

pub(in crate::cli) fn line(event: &Event, lang: Language) -> String {
    let field = |name| event.data[name].as_str();
    let parts = [
        Some(lang.name(&event.kind)),
        Some(event.instance.as_deref().unwrap_or_default()),
        event.media.as_deref(),
        field("kind").map(|kind| lang.name(kind)),
        field("path"),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    let reason =
        field("reason").map_or_else(String::new, |code| format!(": {}", lang.reason(code)));
    format!("{} {}{reason}", zone::local(event.at), parts.join(" "))
}
