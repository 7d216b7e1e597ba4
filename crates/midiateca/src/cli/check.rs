//! `check`: the full report; exit 1 when something needs a person.

mod table;

use super::Ending;
use super::answer;
use super::context::Context;
use midiateca_service::app::AllowedStorage;
use midiateca_service::ops::status::{self, CheckReport};

pub(crate) async fn run(context: Context) -> anyhow::Result<Ending> {
    // A storage that is not the right one is a part of the report.
    let app = context.open_to_look(AllowedStorage::Unused).await?;
    let report = status::check(app.status_deps()).await?;
    print(&context, &report);
    app.db.close().await;
    Ok(Ending::fine_if(report.needs_attention.is_empty()))
}

pub(super) fn print(context: &Context, report: &CheckReport) {
    if context.json {
        answer::line(serde_json::json!(report));
    } else {
        answer::text(table::text(report, context.lang));
    }
}
