//! The raw bodies of webhooks, compressed, for reading again. Long texts in them, such as files in base64, are taken out
//! while they arrive and stored separately, until a stored file has the same bytes.

mod bodies;
mod incoming;
mod left_out;
mod masked;
pub mod needed;
mod opening;
pub mod parts;
mod restored;
pub mod rhythm;
mod scan;

use crate::clock::{DAY, HOUR, Millis};
use crate::coordination::checkpoint::Checkpoint;
use std::sync::Arc;

use crate::db::{Db, Error, Row, Tx, Value, values};
use crate::media;
use crate::media::sql::{has_waiting_bytes, is_delivery_on_hold, status_of};
use crate::model::{
    Arrival, DeliveryId, DeliveryReason, DeliveryVerdict, InstanceId, MediaId, fresh_id,
};

pub use bodies::{BODIES, Bodies};
pub use incoming::{Body, Incoming};
pub use left_out::LeftOut;
pub use masked::{masked, masked_tokens, without_files};
pub use opening::BodyReader;
pub use restored::LongTexts;

/// One webhook with media or news of the instance, or one that could not be read.
pub struct Delivery {
    pub id: DeliveryId,
    instance: String,
    received_at: Millis,
    verdict: DeliveryVerdict,
    reason: Option<DeliveryReason>,
    body: Arc<Body>,
    body_lz4: Vec<u8>,
    /// The headers and values to check its signature again besides the body, sealed, if it was refused for it.
    signed: Option<String>,
    arrival: Arrival,
    left_out: LeftOut,
}

/// The result of storing a delivery.
#[derive(Debug)]
pub struct SavedDelivery {
    files_not_needed: Vec<u32>,
}

impl Delivery {
    pub fn new(
        instance: &InstanceId,
        now: Millis,
        verdict: DeliveryVerdict,
        reason: Option<DeliveryReason>,
        body: Arc<Body>,
    ) -> Self {
        Self {
            id: body.id.clone(),
            instance: instance.as_str().to_owned(),
            received_at: body.refused_at.unwrap_or(now),
            verdict,
            reason,
            body_lz4: lz4_flex::compress_prepend_size(&body.text),
            body,
            signed: None,
            arrival: Arrival::Webhook,
            left_out: LeftOut::default(),
        }
    }

    #[must_use]
    pub fn with_arrival(self, arrival: Arrival) -> Self {
        Self { arrival, ..self }
    }

    #[must_use]
    pub fn with_left_out(self, left_out: LeftOut) -> Self {
        Self { left_out, ..self }
    }

    /// With what is needed to check its signature again.
    #[must_use]
    pub fn with_signed(self, signed: String) -> Self {
        Self {
            signed: Some(signed),
            ..self
        }
    }

    /// An earlier delivery of the same large body to the same instance that is complete: its long texts, or stored files with
    /// the same bytes, are there.
    pub async fn find_same(
        &self,
        tx: &mut Tx,
        bodies: &Bodies,
    ) -> Result<Option<DeliveryId>, Error> {
        let Some(sha256) = &self.body.sha256 else {
            return Ok(None);
        };
        let sql = concat!(
            "select id from deliveries where instance = $1 and body_sha256 = $2 and verdict = $3
               and not exists (select 1 from delivery_parts p
                               where p.delivery = deliveries.id and p.media is not null and coalesce(",
            status_of!("p.media"),
            ", '') <> 'stored') order by id desc limit 1"
        );
        let values = values![&self.instance, sha256, self.verdict.as_str()];
        let Some(row) = tx.row(sql, values).await? else {
            return Ok(None);
        };
        let id = DeliveryId(row.text("id")?);
        let sql = "select distinct file from delivery_parts where delivery = $1 and file is not null and media is null";
        for row in tx.rows(sql, values![id.as_str()]).await? {
            let file = u32::try_from(row.int("file")?).unwrap_or(u32::MAX);
            if !bodies.has(id.as_str(), file) {
                return Ok(None);
            }
        }
        Ok(Some(id))
    }

    /// Inserts the rows. Texts whose bytes are in the stored files of these media are not stored again.
    pub async fn insert(&self, tx: &mut Tx, media: &[MediaId]) -> Result<SavedDelivery, Error> {
        if self.body.refused_at.is_some() {
            delete_refused(tx, &self.id).await?;
        }
        let sql = "insert into deliveries (id, instance, received_at, verdict, reason, body_size, body_lz4, body_sha256, signed, arrival, unreadable, other_instance)
                   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
        let values = values![
            self.id.as_str(),
            &self.instance,
            self.received_at,
            self.verdict.as_str(),
            self.reason.map(DeliveryReason::as_str),
            self.body.size_bytes,
            self.body_lz4.as_slice(),
            self.body.sha256,
            self.signed.clone(),
            self.arrival.as_str(),
            self.left_out.unreadable,
            self.left_out.other_instance,
        ];
        tx.run(sql, values).await?;
        for part in &self.body.parts {
            part.insert(tx, &self.id).await?;
        }
        let mut files_not_needed = Vec::new();
        if !self.body.parts.is_empty() {
            let instance = InstanceId(self.instance.clone());
            for media in media {
                if let Some(sha256) = media::sha256_of_stored(tx, media).await? {
                    let files = parts::release(tx, &instance, &self.id, media, &sha256).await?;
                    let files = files.into_iter().filter(|(id, _)| *id == self.id);
                    files_not_needed.extend(files.map(|(_, file)| file));
                }
            }
            self.body.set_written(true);
        }
        Ok(SavedDelivery { files_not_needed })
    }

    /// Settles the files once the transaction ended. `saved` returns `None` when the delivery was not stored.
    pub fn committed<T>(
        body: &Body,
        outcome: Result<T, Error>,
        saved: impl FnOnce(&T) -> Option<&SavedDelivery>,
    ) -> Result<T, Error> {
        match &outcome {
            Ok(value) => match saved(value) {
                Some(saved) => body.commit(&saved.files_not_needed),
                // Written by an attempt that was not committed.
                None => body.set_written(false),
            },
            // The rows may be there; the sweep removes the files if they are not.
            Err(error) if error.is_uncertain() => {}
            Err(_) => body.set_written(false),
        }
        outcome
    }
}

/// The body of a delivery, with tokens in place of long texts; `None` when it was pruned.
pub async fn body(db: &Db, id: &DeliveryId) -> Result<Option<Vec<u8>>, Error> {
    let sql = "select body_lz4 from deliveries where id = $1";
    let Some(row) = db.row(sql, values![id.as_str()]).await? else {
        return Ok(None);
    };
    let body = lz4_flex::decompress_size_prepended(&row.bytes("body_lz4")?);
    body.map(Some).map_err(|_| Error::Malformed {
        column: "body_lz4".to_owned(),
    })
}

/// Acknowledges all deliveries that were set aside or refused before `now`.
pub async fn dismiss(tx: &mut Tx, now: Millis) -> Result<(), Error> {
    Checkpoint::DeliveriesDismissed
        .save(tx, "", &now, now)
        .await
}

pub async fn dismissed_at(db: &Db) -> Result<Option<Millis>, Error> {
    Checkpoint::DeliveriesDismissed.load(db, "").await
}

/// Like [`dismissed_at`], within a transaction.
pub async fn dismissed_in(tx: &mut Tx) -> Result<Option<Millis>, Error> {
    Checkpoint::DeliveriesDismissed.load_in(tx, "").await
}

/// Ids begin with their time, so the primary key finds the first one.
const SET_ASIDE_SINCE: &str = "select count(*) as n from deliveries where id >= $1 and received_at > $2 and verdict = 'set_aside'";

/// The number of deliveries since then that are set aside and not dismissed.
pub async fn set_aside_since(db: &Db, since: Millis) -> Result<i64, Error> {
    let since = dismissed_at(db).await?.map_or(since, |at| since.max(at));
    let from = fresh_id(since);
    let row = db
        .row(
            SET_ASIDE_SINCE,
            values![from.get(..13).unwrap_or(""), since],
        )
        .await?;
    row.map_or(Ok(0), |row| row.int("n"))
}

const UNDISMISSED_SINCE: &str = "select count(*) filter (where verdict = 'set_aside') as set_aside,
      count(*) filter (where verdict <> 'set_aside') as listed
    from deliveries where id >= $1 and received_at > $2 and (verdict = 'set_aside' or arrival <> 'webhook')";

/// Of the deliveries since then that are not dismissed: how many are set aside, and how many others never came as webhooks.
pub async fn undismissed_since(db: &Db, since: Millis) -> Result<(i64, i64), Error> {
    let since = dismissed_at(db).await?.map_or(since, |at| since.max(at));
    let from = fresh_id(since);
    let values = values![from.get(..13).unwrap_or(""), since];
    let row = db.row(UNDISMISSED_SINCE, values).await?;
    row.map_or(Ok((0, 0)), |row| {
        Ok((row.int("set_aside")?, row.int("listed")?))
    })
}

/// Grouped by an expression, so that the engine does not walk the index of instances.
const LISTED: &str = "select min(instance) as instance, count(*) as n from deliveries
    where id >= $1 and received_at > $2 and arrival <> 'webhook' group by instance || ''";

/// Messages since then whose webhooks never came and that were found in the gateways' lists, by instance.
pub async fn listed_since(db: &Db, since: Millis) -> Result<Vec<(InstanceId, i64)>, Error> {
    let since = dismissed_at(db).await?.map_or(since, |at| since.max(at));
    let from = fresh_id(since);
    let values = values![from.get(..13).unwrap_or(""), since];
    let rows = db.rows(LISTED, values).await?;
    let mut listed = rows
        .iter()
        .map(|row| Ok((InstanceId(row.text("instance")?), row.int("n")?)))
        .collect::<Result<Vec<_>, Error>>()?;
    listed.sort_by(|(a, _), (b, _)| a.0.cmp(&b.0));
    Ok(listed)
}

/// The last delivery of an instance since then that is set aside and not dismissed, if it is so for that reason.
pub async fn last_set_aside_for(
    db: &Db,
    instance: &InstanceId,
    reason: DeliveryReason,
    since: Millis,
) -> Result<Option<DeliveryId>, Error> {
    let since = dismissed_at(db).await?.map_or(since, |at| since.max(at));
    let from = fresh_id(since);
    let sql = "select id, reason from deliveries
               where instance = $1 and id >= $2 and received_at > $3 and verdict = 'set_aside' order by id desc limit 1";
    let from = from.get(..13).unwrap_or("");
    let row = db.row(sql, values![instance.as_str(), from, since]).await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let is_for_it = row.text_or_none("reason")?.as_deref() == Some(reason.as_str());
    is_for_it
        .then(|| row.text("id").map(DeliveryId))
        .transpose()
}

/// Whether a delivery is still stored.
pub async fn exists(tx: &mut Tx, id: &DeliveryId) -> Result<bool, Error> {
    let sql = "select 1 as found from deliveries where id = $1";
    Ok(tx.row(sql, values![id.as_str()]).await?.is_some())
}

/// Whether a delivery is still stored and contains the bytes of the media itself, not only through its stored file.
pub async fn has_bytes_of(tx: &mut Tx, id: &DeliveryId, media: &MediaId) -> Result<bool, Error> {
    let sql = "select 1 as found from deliveries where id = $1
                 and not exists (select 1 from delivery_parts p where p.delivery = deliveries.id and p.media = $2)";
    let values = values![id.as_str(), media.as_str()];
    Ok(tx.row(sql, values).await?.is_some())
}

/// Sets the verdict of a delivery that can be read now, and how many of its messages still cannot.
pub async fn accept(tx: &mut Tx, id: &DeliveryId, left_out: LeftOut) -> Result<(), Error> {
    let sql = "update deliveries set verdict = 'accepted', reason = null, unreadable = $2, other_instance = $3
               where id = $1 and (verdict in ('accepted', 'set_aside') or verdict = 'refused' and signed is null)";
    let values = values![id.as_str(), left_out.unreadable, left_out.other_instance];
    tx.run(sql, values).await.map(drop)
}

/// Deletes a delivery that was refused for its signature.
pub async fn delete_refused(tx: &mut Tx, id: &DeliveryId) -> Result<(), Error> {
    let sql = "delete from deliveries where id = $1 and verdict = 'refused' and signed is not null";
    tx.run(sql, values![id.as_str()]).await.map(drop)
}

/// The headers and values to check the signature of a refused delivery again besides its body, sealed.
pub async fn signed(db: &Db, id: &DeliveryId) -> Result<Option<String>, Error> {
    let sql = "select signed from deliveries where id = $1";
    let row = db.row(sql, values![id.as_str()]).await?;
    row.map_or(Ok(None), |row| row.text_or_none("signed"))
}

/// The most bytes of deliveries of one instance that are kept although their signature was refused.
const MOST_UNSIGNED_BYTES: i64 = 64 << 20;
/// How long they are kept.
const UNSIGNED_LIFE: Millis = 7 * DAY;

/// Deletes deliveries of an instance that were refused for their signature: old ones, and the newest beyond the limit. So
/// a sender who only knows the address cannot displace those that are kept already.
pub async fn bound_unsigned(tx: &mut Tx, instance: &InstanceId, now: Millis) -> Result<(), Error> {
    let sql = "delete from deliveries where id in (
                 select id from (
                   select id, received_at, sum(length(body_lz4) + length(signed) + coalesce((select sum(length) from delivery_parts p where p.delivery = d.id), 0))
                     over (order by id) as bytes from deliveries d
                   where instance = $1 and verdict = 'refused' and signed is not null) as sized
                 where bytes > $2 or received_at < $3)";
    let values = values![instance.as_str(), MOST_UNSIGNED_BYTES, now - UNSIGNED_LIFE];
    tx.run(sql, values).await.map(drop)
}

/// A delivery without its body.
#[derive(Clone, Debug)]
pub struct DeliverySummary {
    pub id: DeliveryId,
    pub instance: InstanceId,
    pub received_at: Millis,
    pub verdict: DeliveryVerdict,
    /// Why it was not accepted.
    pub reason: Option<DeliveryReason>,
    /// The length of its body.
    pub body_size: i64,
    pub arrival: Arrival,
    pub left_out: LeftOut,
}

/// Selects deliveries; `None` selects all.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    pub instance: Option<String>,
    pub verdict: Option<DeliveryVerdict>,
    /// Received at or after.
    pub since: Option<Millis>,
    /// Received before.
    pub until: Option<Millis>,
}

/// Up to `limit` deliveries after `after` (an id, or empty), oldest first.
pub async fn list(
    db: &Db,
    filter: &DeliveryFilter,
    after: &str,
    limit: u32,
) -> Result<Vec<DeliverySummary>, Error> {
    let sql = "select id, instance, received_at, verdict, reason, body_size, arrival, unreadable, other_instance from deliveries
               where id > $1 and ($2 is null or instance = $2) and ($3 is null or verdict = $3) and received_at >= $4 and received_at < $5
               order by id limit $6";
    let values = values![
        after,
        filter.instance.clone(),
        filter.verdict.map(DeliveryVerdict::as_str),
        filter.since.unwrap_or(0),
        filter.until.unwrap_or(Millis::MAX),
        limit
    ];
    let rows = db.rows(sql, values).await?;
    rows.iter().map(summary).collect()
}

/// Up to `limit` deliveries before `before` (an id), newest first, of these instances if any are given.
pub async fn list_before(
    db: &Db,
    filter: &DeliveryFilter,
    instances: Option<&[InstanceId]>,
    before: Option<&str>,
    limit: u32,
) -> Result<Vec<DeliverySummary>, Error> {
    let (sql, values) = before_statement(filter, instances, before, limit);
    let rows = db.rows_of(sql, values).await?;
    rows.iter().map(summary).collect()
}

/// An id has the time at which its body began to arrive; the delivery, that of its end.
const LONGEST_ARRIVAL: Millis = HOUR;

/// Only the conditions that are given; ids begin with their time, so the primary key bounds what is read.
fn before_statement(
    filter: &DeliveryFilter,
    instances: Option<&[InstanceId]>,
    before: Option<&str>,
    limit: u32,
) -> (String, Vec<Value>) {
    let place = |at: Millis| fresh_id(at).get(..13).unwrap_or("").to_owned();
    let mut values = values![];
    let mut sql = "select id, instance, received_at, verdict, reason, body_size, arrival, unreadable, other_instance from deliveries where true".to_owned();
    let mut and = |condition: &str, value: Value| {
        values.push(value);
        sql.push_str(&format!(" and {condition} ${}", values.len()));
    };
    if let Some(before) = before {
        and("id <", before.into());
    }
    if let Some(instance) = &filter.instance {
        and("instance =", instance.into());
    }
    if let Some(verdict) = filter.verdict {
        and("verdict =", verdict.as_str().into());
    }
    if let Some(since) = filter.since {
        and("id >=", place(since - LONGEST_ARRIVAL).into());
        and("received_at >=", since.into());
    }
    if let Some(until) = filter.until {
        and("id <", place(until + 1).into());
        and("received_at <", until.into());
    }
    if let Some(instances) = instances {
        let first = values.len() + 1;
        values.extend(instances.iter().map(|id| id.as_str().into()));
        let holes: Vec<_> = (first..=values.len()).map(|n| format!("${n}")).collect();
        sql.push_str(&format!(" and instance in ({})", holes.join(", ")));
    }
    values.push(limit.into());
    sql.push_str(&format!(" order by id desc limit ${}", values.len()));
    (sql, values)
}

/// Up to `limit` ids that begin with this.
pub async fn ids_beginning(db: &Db, prefix: &str, limit: usize) -> Result<Vec<DeliveryId>, Error> {
    // Ids are ASCII: what begins with the prefix sorts before the prefix with a larger letter behind it.
    let sql = "select id from deliveries where id >= $1 and id < $1 || '~' order by id limit $2";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = db.rows(sql, values![prefix, limit]).await?;
    rows.iter()
        .map(|row| Ok(DeliveryId(row.text("id")?)))
        .collect()
}

pub async fn find(db: &Db, id: &DeliveryId) -> Result<Option<DeliverySummary>, Error> {
    let sql = "select id, instance, received_at, verdict, reason, body_size, arrival, unreadable, other_instance from deliveries where id = $1";
    let row = db.row(sql, values![id.as_str()]).await?;
    row.as_ref().map(summary).transpose()
}

/// Deliveries whose bytes are in no stored file yet are still needed, and those of media on hold. Ids begin with their
/// time, so the primary key finds the old ones.
macro_rules! old {
    () => {
        concat!(
            "id < $1 and received_at < $2 and not ",
            has_waiting_bytes!("deliveries.id"),
            " and not ",
            is_delivery_on_hold!("deliveries.id")
        )
    };
}

/// The number of deliveries before that time that are not needed any more.
pub async fn older_than(db: &Db, before: Millis) -> Result<u64, Error> {
    let sql = concat!("select count(*) as n from deliveries where ", old!());
    let row = db.row(sql, old(before)).await?;
    row.map_or(Ok(0), |row| row.count("n"))
}

/// The number of deliveries before that time that only a hold keeps.
pub async fn on_hold_before(db: &Db, before: Millis) -> Result<u64, Error> {
    let sql = concat!(
        "select count(*) as n from deliveries where id < $1 and received_at < $2 and ",
        is_delivery_on_hold!("deliveries.id")
    );
    let row = db.row(sql, old(before)).await?;
    row.map_or(Ok(0), |row| row.count("n"))
}

/// Deletes up to `limit` of those that are not needed; returns how many.
pub async fn prune(tx: &mut Tx, before: Millis, limit: u32) -> Result<u64, Error> {
    let sql = concat!(
        "delete from deliveries where id in (select id from deliveries where ",
        old!(),
        " order by id limit $3)"
    );
    let mut values = old(before);
    values.extend(values![limit]);
    tx.run(sql, values).await
}

fn old(before: Millis) -> Vec<crate::db::Value> {
    let id = fresh_id(before);
    values![id.get(..13).unwrap_or(""), before]
}

/// Every delivery to an instance, with its body if readable: up to `limit` after `after` (an id, or empty).
pub async fn bodies(
    db: &Db,
    instance: &InstanceId,
    after: &str,
    limit: u32,
) -> Result<Vec<(DeliveryId, Option<Vec<u8>>)>, Error> {
    let sql =
        "select id, body_lz4 from deliveries where instance = $1 and id > $2 order by id limit $3";
    let rows = db
        .rows(sql, values![instance.as_str(), after, limit])
        .await?;
    rows.iter()
        .map(|row| {
            let body = lz4_flex::decompress_size_prepended(&row.bytes("body_lz4")?);
            Ok((DeliveryId(row.text("id")?), body.ok()))
        })
        .collect()
}

/// The result of deleting a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    Gone,
    /// It has bytes that are nowhere else yet.
    Needed,
    /// It is of a media on hold.
    OnHold,
    NotThere,
}

/// Whether a hold covers a media of the delivery.
pub async fn is_on_hold(db: &Db, id: &DeliveryId) -> Result<bool, Error> {
    Ok(db.row(ON_HOLD, values![id.as_str()]).await?.is_some())
}

const ON_HOLD: &str = concat!(
    "select 1 as found from deliveries where id = $1 and ",
    is_delivery_on_hold!("deliveries.id")
);

/// Deletes one delivery, unless it has bytes that are nowhere else yet, or is of a media on hold.
pub async fn delete(tx: &mut Tx, id: &DeliveryId) -> Result<Deletion, Error> {
    if tx.row(ON_HOLD, values![id.as_str()]).await?.is_some() {
        return Ok(Deletion::OnHold);
    }
    let sql = concat!(
        "delete from deliveries where id = $1 and not ",
        has_waiting_bytes!("deliveries.id")
    );
    if tx.run(sql, values![id.as_str()]).await? == 1 {
        return Ok(Deletion::Gone);
    }
    Ok(if exists(tx, id).await? {
        Deletion::Needed
    } else {
        Deletion::NotThere
    })
}

fn summary(row: &Row) -> Result<DeliverySummary, Error> {
    Ok(DeliverySummary {
        id: DeliveryId(row.text("id")?),
        instance: InstanceId(row.text("instance")?),
        received_at: row.int("received_at")?,
        verdict: row.parsed("verdict", DeliveryVerdict::parse)?,
        reason: row
            .text_or_none("reason")?
            .map(|code| DeliveryReason::parse(&code)),
        body_size: row.int("body_size")?,
        arrival: row.parsed("arrival", Arrival::parse)?,
        left_out: LeftOut {
            unreadable: row.int("unreadable")?,
            other_instance: row.int("other_instance")?,
        },
    })
}

#[cfg(test)]
mod tests;
