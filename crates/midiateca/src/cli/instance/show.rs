//! `instance show`: everything that is known of one instance, and what its gateway's webhook slots hold now.

mod sheet;

use serde_json::json;

use super::super::context::Context;
use super::super::{answer, complaint, ids};
use super::{gateway_deps, names};
use midiateca_service::app::App;
use midiateca_service::ops::instance::{self, SlotsRead};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Its id, or a unique prefix of it
    id: String,
    /// Ask nothing of the network
    #[arg(long)]
    offline: bool,
}

pub(super) async fn run(context: &Context, app: &App, options: &Options) -> anyhow::Result<()> {
    let instance = ids::instance(context, app, &options.id).await?;
    let report = instance::show(gateway_deps(app), &instance, options.offline).await?;
    if !context.json {
        answer::text(sheet::render(context, &report));
        return Ok(());
    }
    let mut document = json!(report);
    document["slots_error"] = match &report.slots {
        SlotsRead::Read(_) => json!(null),
        SlotsRead::NotAsked => json!("offline"),
        SlotsRead::Failed(error) => json!(complaint::code(error)),
    };
    answer::line(document);
    Ok(())
}
