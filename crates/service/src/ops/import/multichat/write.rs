//! Writing a batch down: in one commit, and what that leaves over is taken away after it.

use std::sync::Arc;

use super::error::Error;
use super::known::Known;
use super::place::Entry;
use super::report::Outcome;
use super::source::Record;
use crate::app::App;
use crate::clock::Millis;
use crate::config::Keep;
use crate::db::{self, Key, Tx};
use crate::deliveries::{Body, Delivery};
use crate::gateway::Gateway;
use crate::ingest::policy;
use crate::media;
use crate::queue::{self, Adopted, AdoptedFile, NewMedia, NewMessage};

/// Stands in rows in place of a delivery.
pub(super) const DELIVERY: &str = "import";

/// Whether an entry is written down.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    /// It is, as far as it can be.
    Down,
    /// The place that its file was to have is another media's by now: it is to be taken again, and gets another one.
    Again,
}

/// Writes a batch down; answers with the records that are to be taken again, and what became of the others. A delivery
/// with a media that is still to be downloaded is kept.
pub(super) async fn write(
    app: &App,
    entries: Vec<Entry>,
    body: Option<&[u8]>,
) -> Result<(Vec<Entry>, Vec<Record>), Error> {
    let (keep, now) = (app.config.keep.clone(), app.clock.now());
    let queued = entries
        .iter()
        .find(|entry| matches!(entry.outcome, Outcome::Queued { .. }));
    let mut body_kept = None;
    let mut delivery = None;
    if let Some((body, entry)) = body.zip(queued) {
        let taken = Body::from_bytes(&app.bodies, entry.received_at, body).await;
        let body = Arc::new(taken.map_err(|source| Error::Media {
            path: app.bodies.folder().to_owned(),
            source,
        })?);
        let instance = &entry.known.instance;
        let at = entry.received_at;
        delivery = Some(Delivery::new(
            instance,
            at,
            "accepted",
            None,
            Arc::clone(&body),
        ));
        body_kept = Some(body);
    }
    let entries = Arc::new(entries);
    let writing = Arc::clone(&entries);
    let written = app
        .db
        .write(Key::Everything, async move |tx| {
            let (mut told_by, mut kept) = (DELIVERY, None);
            if let Some(delivery) = &delivery {
                kept = Some(delivery.insert(tx, &[]).await?);
                told_by = delivery.id.as_str();
            }
            let mut written = Vec::with_capacity(writing.len());
            for entry in writing.iter() {
                written.push(match &entry.adopted {
                    Some(adopted) => write_one(tx, entry, adopted, told_by, (&keep, now)).await?,
                    None => Written::Down,
                });
            }
            Ok((written, kept))
        })
        .await;
    let (written, _) = match body_kept {
        Some(body) => Delivery::committed(&body, written, |(_, kept)| kept.as_ref())?,
        None => written?,
    };
    let (mut down, mut again) = (Vec::new(), Vec::new());
    for (entry, written) in entries.iter().zip(written) {
        match written {
            Written::Down => down.push(entry.clone()),
            Written::Again => again.push(entry.known.record.clone()),
        }
    }
    Ok((down, again))
}

async fn write_one(
    tx: &mut Tx,
    entry: &Entry,
    adopted: &Adopted,
    delivery: &str,
    (keep, now): (&Keep, Millis),
) -> Result<Written, db::Error> {
    if let Adopted::Stored(AdoptedFile { path, .. }) = adopted {
        let is_there = match &entry.absorbs {
            Some(orphan) => media::is_at(tx, orphan, path).await?,
            None => Some(!media::is_path_used(tx, path).await?),
        };
        match (is_there, &entry.absorbs) {
            (Some(true), _) => {}
            // It was erased or removed a moment ago, and its file with it.
            (Some(false), Some(_)) => return Ok(Written::Down),
            _ => return Ok(Written::Again),
        }
    }
    let Known {
        record,
        client,
        instance,
        ..
    } = &entry.known;
    let mut id = entry.known.row().cloned();
    if id.is_none() || entry.known.slot.is_some() {
        let message = NewMessage {
            instance,
            client: *client,
            gateway: Gateway::Wapi,
            delivery,
            id: &record.message.id,
            message: &record.message,
        };
        // What the original system holds is wanted, whatever the rules say of what is yet to be fetched.
        let is_held = matches!(adopted, Adopted::Stored(_));
        let skip = policy::skip(keep, &record.message, &record.found);
        let media = NewMedia {
            found: &record.found,
            skip: skip.filter(|_| !is_held),
        };
        let at = entry.received_at;
        id = match (entry.known.slot, adopted) {
            (Some(slot), Adopted::Stored(AdoptedFile { sha256, .. })) => {
                queue::add_file(tx, &message, &media, (slot, sha256), at).await?
            }
            // It was further only by its file.
            (Some(_), _) => None,
            (None, _) => {
                let puts = queue::put(tx, &message, &[media], at).await?;
                puts.into_iter().next().map(|put| put.id)
            }
        };
    }
    let Some(id) = id else {
        return Ok(Written::Down);
    };
    let stands = queue::adopt(tx, &id, adopted, now).await?;
    if let (Some(orphan), Adopted::Stored(file), true) = (&entry.absorbs, adopted, stands) {
        media::message::delete_stored(tx, orphan, &file.path).await?;
    }
    Ok(Written::Down)
}
