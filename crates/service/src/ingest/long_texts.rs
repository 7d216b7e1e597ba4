//! Texts for people that were too long to stay in the body of their delivery.

use crate::deliveries::LongTexts;
use crate::gateway::ParsedDelivery;

/// Puts the long texts into captions and names in place of their tokens.
pub(super) async fn restore(readings: &mut [ParsedDelivery], texts: LongTexts<'_>) {
    if texts.parts.is_empty() {
        return;
    }
    for reading in readings {
        let mut of_reading = vec![&mut reading.message.sender_name];
        for found in &mut reading.media {
            of_reading.extend([&mut found.caption, &mut found.file_name]);
        }
        for text in of_reading {
            if let Some(long) = text.as_deref()
                && let Some(restored) = texts.restored(long).await
            {
                *text = Some(restored);
            }
        }
    }
}
