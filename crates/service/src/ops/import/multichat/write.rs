//! The row of an item, in one commit, and the delivery that brought it.

use std::sync::Arc;

use super::error::Error;
use super::item::{Item, Target};
use super::source::Record;
use super::{Import, ImportFinding, Mode};
use crate::clock::Millis;
use crate::config::Keep;
use crate::db::{self, Key, Tx};
use crate::deliveries::{Body, Delivery};
use crate::gateway::Gateway;
use crate::ingest::policy;
use crate::media;
use crate::model::{DeliveryId, DeliveryVerdict, InstanceId, MediaId, MediaStatus};
use crate::ops::Progress;
use crate::queue::{self, AddedFile, Adopted, AdoptedFile, NewMedia, NewMessage};

/// A row to write.
pub(super) struct NewRow {
    pub record: Record,
    pub client: i64,
    pub instance: InstanceId,
    pub target: Target,
    pub adopted: Adopted,
    pub received_at: Millis,
}

impl NewRow {
    pub fn of(
        item: &Item,
        record: Record,
        target: Target,
        (adopted, received_at): (Adopted, Millis),
    ) -> Arc<Self> {
        Arc::new(Self {
            record,
            client: item.client,
            instance: item.instance.clone(),
            target,
            adopted,
            received_at,
        })
    }
}

pub(super) enum Written {
    Row(MediaId),
    /// The message has this file, in this row if it is known.
    Known(Option<MediaId>),
    /// Its row, its slot or its path is another's by now.
    Conflict,
}

/// The body of a raw delivery; kept when a media of it is to be downloaded.
pub(super) struct KeptBody<'a> {
    pub body: &'a [u8],
    pub delivery: Option<DeliveryId>,
}

impl<P: Progress<ImportFinding>> Import<'_, P> {
    pub async fn write(
        &self,
        new: Arc<NewRow>,
        body: Option<&mut KeptBody<'_>>,
    ) -> Result<Written, Error> {
        // A dry run has no copy of a row that is here.
        if let (Mode::DryRun, Target::Row(row)) = (self.mode, &new.target) {
            return Ok(Written::Row(row.id.clone()));
        }
        let (keep, now) = (self.deps.keep.clone(), self.deps.clock.now());
        let is_waiting = matches!(new.adopted, Adopted::Waiting);
        let kept = body.filter(|_| is_waiting);
        let delivery = match &kept {
            Some(kept) if kept.delivery.is_none() => Some(self.delivery(&new, kept.body).await?),
            _ => None,
        };
        let known = kept.as_ref().and_then(|kept| kept.delivery.clone());
        let saving = delivery.clone();
        let key = Key::message(new.instance.as_str(), &new.record.message.id);
        let written = self
            .deps
            .db
            .write(key, async move |tx| {
                let mut named = known
                    .as_ref()
                    .map_or(DeliveryId::IMPORTED, DeliveryId::as_str);
                let mut saved = None;
                if let Some((delivery, _)) = saving.as_deref() {
                    saved = Some(delivery.insert(tx, &[]).await?);
                    named = delivery.id.as_str();
                }
                Ok((write(tx, &new, named, (&keep, now)).await?, saved))
            })
            .await;
        let Some(delivery) = delivery else {
            return Ok(written?.0);
        };
        let (delivery, body) = &*delivery;
        let (written, _) = Delivery::committed(body, written, |(_, saved)| saved.as_ref())?;
        if let Some(kept) = kept {
            kept.delivery = Some(delivery.id.clone());
        }
        Ok(written)
    }

    async fn delivery(
        &self,
        new: &NewRow,
        body: &[u8],
    ) -> Result<Arc<(Delivery, Arc<Body>)>, Error> {
        let bodies = self.deps.bodies;
        let body = Body::from_bytes(bodies, new.received_at, body).await;
        let body = Arc::new(body.map_err(|source| Error::Media {
            path: bodies.folder().to_owned(),
            source,
        })?);
        let at = new.received_at;
        let delivery = Delivery::new(
            &new.instance,
            at,
            DeliveryVerdict::Accepted,
            None,
            Arc::clone(&body),
        );
        Ok(Arc::new((delivery, body)))
    }
}

async fn write(
    tx: &mut Tx,
    new: &NewRow,
    delivery: &str,
    (keep, now): (&Keep, Millis),
) -> Result<Written, db::Error> {
    let NewRow {
        record, adopted, ..
    } = new;
    if let Adopted::Stored(AdoptedFile { path, .. }) = adopted
        && media::is_path_used(tx, path).await?
    {
        return Ok(Written::Conflict);
    }
    let message = NewMessage {
        instance: &new.instance,
        client: new.client,
        gateway: Gateway::Wapi,
        delivery,
        id: &record.message.id,
        message: &record.message,
    };
    // A rule says what to download, not what to import.
    let skip = policy::skip(keep, &record.message, &record.found);
    let media = NewMedia {
        found: &record.found,
        skip: skip.filter(|_| !matches!(adopted, Adopted::Stored(_))),
    };
    let at = new.received_at;
    let id = match (&new.target, adopted) {
        (Target::Row(row), _) => row.id.clone(),
        (Target::Further(slot), Adopted::Stored(AdoptedFile { sha256, .. })) => {
            match queue::add_file(tx, &message, &media, (*slot, sha256), at).await? {
                AddedFile::New(id) => id,
                AddedFile::Known => return Ok(Written::Known(None)),
                AddedFile::SlotTaken => return Ok(Written::Conflict),
            }
        }
        (Target::New | Target::Further(_), _) => {
            let puts = queue::put(tx, &message, &[media], at).await?;
            match puts.into_iter().next() {
                // It is an edit of a message that is stored.
                Some(put) if put.status == MediaStatus::Stored => {
                    return Ok(Written::Known(Some(put.id)));
                }
                Some(put) => put.id,
                None => return Ok(Written::Known(None)),
            }
        }
    };
    let is_adopted = queue::adopt(tx, &id, adopted, now).await?;
    if !is_adopted && matches!(adopted, Adopted::Stored(_)) {
        return Ok(Written::Conflict);
    }
    Ok(Written::Row(id))
}
