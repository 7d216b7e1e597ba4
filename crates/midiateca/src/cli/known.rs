//! A mistyped client or instance is wrong usage, not an empty answer.

use std::fmt::Display;

use super::UsageError;
use super::context::Context;
use super::words::export as words;
use midiateca_service::app::App;
use midiateca_service::instances;
use midiateca_service::model::InstanceId;

/// Refuses a client or an instance that never was; one that was removed has its media still.
pub(super) async fn check(
    context: &Context,
    app: &App,
    client: Option<i64>,
    instance: Option<&str>,
) -> anyhow::Result<()> {
    if let Some(client) = client {
        let clients = instances::clients(&app.db).await?;
        if !clients.iter().any(|known| known.id == client) {
            let values: [(&str, &dyn Display); 1] = [("client", &client)];
            return Err(UsageError(context.lang.fill(words::UNKNOWN_CLIENT, &values)).into());
        }
    }
    if let Some(instance) = instance {
        let known = instances::every_instance(&app.db).await?;
        let id = InstanceId(instance.to_owned());
        if !known.iter().any(|known| known.id == id) {
            let values: [(&str, &dyn Display); 1] = [("instance", &id)];
            return Err(UsageError(context.lang.fill(words::UNKNOWN_INSTANCE, &values)).into());
        }
    }
    Ok(())
}
