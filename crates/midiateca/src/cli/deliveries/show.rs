//! `deliveries show`: one delivery with its body, in which keys and tokens are masked.

use serde_json::json;

use super::super::answer;
use super::super::context::Context;
use super::super::ids;
use super::super::words::deliveries as words;
use super::super::zone;
use super::as_json;
use midiateca_service::app::App;
use midiateca_service::deliveries::{self, masked};

pub(super) async fn run(context: &Context, app: &App, id: &str) -> anyhow::Result<()> {
    let id = ids::delivery(context, app, id).await?;
    // It was there a moment ago; retention may just have deleted it.
    let Some(entry) = deliveries::find(&app.db, &id).await? else {
        return Err(ids::unknown(context, ids::DELIVERY, &id).into());
    };
    let body = deliveries::body(&app.db, &id).await?;
    let body = body.as_deref().and_then(masked);
    if context.json {
        let mut shown = as_json(&entry);
        shown["body"] = json!(body);
        answer::line(shown);
        return Ok(());
    }
    let lang = context.lang;
    let reason = entry.reason;
    let reason = reason.map_or("", |reason| lang.verdict(reason.as_str()));
    let rows = [
        (words::ID, entry.id.to_string()),
        (words::INSTANCE, entry.instance.to_string()),
        (words::RECEIVED, zone::local(entry.received_at)),
        (words::VERDICT, lang.name(&entry.verdict).to_owned()),
        (words::REASON, reason.to_owned()),
        (words::SIZE, entry.body_size.to_string()),
    ];
    for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        answer::line(format_args!("{:<12} {value}", lang.say(*name)));
    }
    answer::line("");
    match body {
        Some(body) => answer::line(format_args!("{body:#}")),
        None => answer::line(lang.say(words::NOT_SHOWN)),
    }
    Ok(())
}
