//! News of an instance's connection to WhatsApp.

use crate::clock::Millis;
use crate::db::{Error, Tx};
use crate::events::facts::{Fact, InstanceConnection};
use crate::events::{self, News};
use crate::instances::{self, Instance};

pub(super) async fn record_connection(
    tx: &mut Tx,
    instance: &Instance,
    connected: bool,
    now: Millis,
) -> Result<(), Error> {
    instances::set_state(tx, &instance.id, connected, now).await?;
    let news = News {
        client: Some(instance.client),
        instance: Some(instance.id.as_str()),
        media: None,
        fact: if connected {
            Fact::InstanceConnected(InstanceConnection {})
        } else {
            Fact::InstanceDisconnected(InstanceConnection {})
        },
    };
    events::append(tx, now, news);
    Ok(())
}
