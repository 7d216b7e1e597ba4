//! What the sender's app put into the message: a small picture and the waveform of a voice note. They are read from the delivery,
//! while it is kept.

use bytes::Bytes;
use wa_media::{Base64Decoder, FoundMedia};

use super::Derived;
use crate::deliveries;
use crate::deliveries::parts::{self, Pieces, Segment, Unavailable};
use crate::gateway::{ParsedDelivery, locate};
use crate::media::Media;

/// WhatsApp's have some kilobytes.
const LARGEST_PREVIEW_BYTES: usize = 256 << 10;

/// The delivery cannot be read now.
pub(super) struct Unread;

impl Derived {
    /// The small picture in the message, as JPEG; None when there is none, or its delivery is no longer kept.
    pub(super) async fn preview(&self, media: &Media) -> Result<Option<Vec<u8>>, Unread> {
        let found = self
            .in_message(media, |found| found.preview.is_some())
            .await?;
        let Some(text) = found.and_then(|found| found.preview) else {
            return Ok(None);
        };
        let delivery = &media.delivery;
        match parts::segments(&self.db, &self.bodies, delivery, text.text()).await {
            Ok(segments) => Ok(decoded(segments).await),
            Err(Unavailable::Gone) => Ok(None),
            Err(_) => Err(Unread),
        }
    }

    /// The waveform in the message.
    pub(super) async fn waveform_in_message(
        &self,
        media: &Media,
    ) -> Result<Option<[u8; 64]>, Unread> {
        let found = self
            .in_message(media, |found| found.waveform.is_some())
            .await?;
        let samples = found.and_then(|found| found.waveform);
        // Apps that do not measure send zeros.
        Ok(samples.filter(|samples| samples.iter().any(|it| *it > 0)))
    }

    async fn in_message(
        &self,
        media: &Media,
        has: impl Fn(&FoundMedia) -> bool,
    ) -> Result<Option<FoundMedia>, Unread> {
        let body = deliveries::body(&self.db, &media.delivery).await;
        let Some(body) = body.map_err(|_| Unread)? else {
            return Ok(None);
        };
        let readings = self.reader.read(media.gateway, &Bytes::from(body)).await;
        let Ok(Ok(readings)) = readings else {
            return Ok(None);
        };
        let readings: Vec<ParsedDelivery> = readings;
        Ok(locate(&readings, media.sought(), has).cloned())
    }
}

async fn decoded(segments: Vec<Segment>) -> Option<Vec<u8>> {
    let mut decoder = Base64Decoder::new();
    let mut decoded = Vec::new();
    for segment in segments {
        let mut pieces = match segment {
            Segment::Here(text) => Pieces::Here(text),
            Segment::File {
                file,
                start,
                length,
            } => Pieces::of_file(file, start, length).ok()?,
            Segment::Stored { .. } => return None,
        };
        while let Some(piece) = pieces.next().await.ok()? {
            decoder.update(&piece, &mut decoded).ok()?;
            if decoded.len() > LARGEST_PREVIEW_BYTES {
                return None;
            }
        }
    }
    decoder.finish(&mut decoded).ok()?;
    Some(decoded)
}
