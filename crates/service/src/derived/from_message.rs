//! What the sender's app put into the message: a small picture and the waveform of a voice note. They are read from the delivery,
//! while it is kept.

use bytes::Bytes;
use wa_media::{Base64Decoder, FoundMedia};

use super::Derived;
use crate::deliveries;
use crate::deliveries::parts::{self, Pieces, Segment};
use crate::gateway::{ParsedDelivery, locate};
use crate::media::Media;

/// WhatsApp's have some kilobytes.
const LARGEST_PREVIEW_BYTES: usize = 256 << 10;

impl Derived {
    /// The small picture in the message, as JPEG; None when there is none, or its delivery is no longer kept.
    pub(super) async fn preview(&self, media: &Media) -> Option<Vec<u8>> {
        let found = self
            .in_message(media, |found| found.preview.is_some())
            .await?;
        let (delivery, text) = (&media.delivery, found.preview?);
        let segments = parts::segments(&self.db, &self.bodies, delivery, text.text()).await;
        decoded(segments.ok()?).await
    }

    /// The waveform in the message.
    pub(super) async fn waveform_in_message(&self, media: &Media) -> Option<[u8; 64]> {
        let found = self
            .in_message(media, |found| found.waveform.is_some())
            .await?;
        // Apps that do not measure send zeros.
        found
            .waveform
            .filter(|samples| samples.iter().any(|it| *it > 0))
    }

    async fn in_message(
        &self,
        media: &Media,
        has: impl Fn(&FoundMedia) -> bool,
    ) -> Option<FoundMedia> {
        let body = deliveries::body(&self.db, &media.delivery).await.ok()??;
        let readings = self.reader.read(media.gateway, &Bytes::from(body)).await;
        let readings: Vec<ParsedDelivery> = readings.ok()?.ok()?;
        locate(&readings, media.sought(), has).cloned()
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
