//! Whose a raw delivery is: an instance may change hands, and both clients, or either, may have been removed since. Only
//! media show that an instance had another client before, so one without any media is taken for its present client's.

use crate::db::{Db, Error};
use crate::deliveries::DeliverySummary;
use crate::model::InstanceId;
use crate::{instances, media};

/// Whether a delivery is this client's.
pub async fn belongs_to(db: &Db, delivery: &DeliverySummary, client: i64) -> Result<bool, Error> {
    if !is_shared(db, &delivery.instance, client).await? {
        return Ok(true);
    }
    Ok(!is_of_another(db, delivery, client).await?)
}

/// Whether an instance belonged to another client before, or belongs to one now.
pub(super) async fn is_shared(db: &Db, id: &InstanceId, client: i64) -> Result<bool, Error> {
    let instance = instances::instance_or_removed(db, id).await?;
    let is_of_another = instance.is_some_and(|instance| instance.client != client);
    Ok(is_of_another || media::has_other_client(db, id, client).await?)
}

/// Whether a delivery to such an instance came to the other client. For one without media, only its time says so: the
/// instance was this client's as long as its media came, or since the other's no longer did.
pub(super) async fn is_of_another(
    db: &Db,
    delivery: &DeliverySummary,
    client: i64,
) -> Result<bool, Error> {
    let clients = media::clients_of_delivery(db, &delivery.id).await?;
    if !clients.is_empty() {
        return Ok(!clients.contains(&client));
    }
    let Some(instance) = instances::instance_or_removed(db, &delivery.instance).await? else {
        return Ok(false);
    };
    let (is_own, at) = (instance.client == client, delivery.received_at);
    let newest = media::newest_received(db, &instance.id, client, !is_own).await?;
    Ok(is_own == (at <= newest.unwrap_or(-1)))
}
