//! Finds a known media in the readings of its delivery.

use wa_media::{FoundMedia, MediaKey, MediaKind};

use super::ParsedDelivery;

/// The known facts about a media.
#[derive(Clone, Copy)]
pub struct Sought<'a> {
    pub kind: MediaKind,
    pub media_key: Option<&'a MediaKey>,
    pub sha256: Option<&'a [u8; 32]>,
    pub message_id: &'a str,
    pub slot: i64,
}

/// The media with its key, else with its hash, else in its place in its message, else the only one of its kind; among those
/// that have what is asked for.
pub fn locate<'a>(
    readings: &'a [ParsedDelivery],
    sought: Sought<'_>,
    has: impl Fn(&FoundMedia) -> bool,
) -> Option<&'a FoundMedia> {
    let fits = |found: &FoundMedia| found.kind == sought.kind && has(found);
    let fitting = || {
        let media = readings.iter().flat_map(|reading| &reading.media);
        media.filter(|found| fits(found))
    };
    let by_key = |found: &&FoundMedia| {
        found.media_key.is_some() && found.media_key.as_ref() == sought.media_key
    };
    let by_hash =
        |found: &&FoundMedia| found.sha256.is_some() && found.sha256.as_ref() == sought.sha256;
    let in_place = || {
        let own = |reading: &&ParsedDelivery| reading.message.id == sought.message_id;
        let mut own = readings.iter().filter(own);
        let (reading, others) = (own.next()?, own.next());
        let found = reading.media.get(usize::try_from(sought.slot).ok()?)?;
        let names_none = found.media_key.is_none() && found.sha256.is_none();
        (others.is_none() && names_none && fits(found)).then_some(found)
    };
    let alone = || {
        let mut fitting = fitting();
        let first = fitting.next();
        first.filter(|_| fitting.next().is_none())
    };
    fitting()
        .find(by_key)
        .or_else(|| fitting().find(by_hash))
        .or_else(in_place)
        .or_else(alone)
}
