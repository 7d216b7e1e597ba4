//! News of an instance's connection to WhatsApp.

use crate::clock::Millis;
use crate::db::{Error, Tx};
use crate::events::{self, News};
use crate::instances::{self, Instance};
use crate::model::EventKind;

pub(super) async fn record_connection(
    tx: &mut Tx,
    instance: &Instance,
    connected: bool,
    now: Millis,
) -> Result<(), Error> {
    instances::set_state(tx, &instance.id, connected, now).await?;
    let news = News {
        kind: if connected {
            EventKind::InstanceConnected
        } else {
            EventKind::InstanceDisconnected
        },
        client: Some(instance.client),
        instance: Some(instance.id.as_str()),
        media: None,
        data: serde_json::json!({}),
    };
    events::append(tx, now, news);
    Ok(())
}
