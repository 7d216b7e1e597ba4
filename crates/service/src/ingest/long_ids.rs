//! Ids that are longer than any real one. Who sends a message chooses its id, and neither index nor file name takes any length.

use sha2::{Digest as _, Sha256};

use crate::gateway::{DeliveryContent, ParsedDelivery};
use crate::media::hex;

/// WhatsApp's have up to 32 characters, those of gateways up to some more.
const LONGEST_BYTES: usize = 255;
/// What is left of a longer one, before its hash.
const BEGINNING_BYTES: usize = 128;

/// Replaces long ids of messages, chats and senders by their beginning and their SHA-256, which is the same for repeats.
pub(super) fn shorten(readings: &mut [ParsedDelivery]) {
    for reading in readings {
        let message = &mut reading.message;
        let origin = &mut message.origin;
        let chat = origin.chat.as_mut().map(|chat| &mut chat.0);
        let sender = origin.sender.id.iter_mut().chain(&mut origin.sender.lid);
        sender
            .chain(chat)
            .chain([&mut message.id])
            .for_each(shorten_id);
        if let DeliveryContent::Deleted(deletion) = &mut reading.content {
            deletion.messages.iter_mut().for_each(shorten_id);
        }
    }
}

fn shorten_id(id: &mut String) {
    if id.len() > LONGEST_BYTES {
        let beginning = &id[..id.floor_char_boundary(BEGINNING_BYTES)];
        *id = format!("{beginning}~{}", hex(&Sha256::digest(id.as_bytes())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_that_are_too_long_change_and_stay_different() {
        let mut usual = "3EB0".repeat(63);
        let before = usual.clone();
        shorten_id(&mut usual);
        assert_eq!(usual, before);
        let short = |text: &str| {
            let mut id = text.to_owned();
            shorten_id(&mut id);
            assert!(id.len() <= LONGEST_BYTES, "{id}");
            id
        };
        let (a, b) = ("é".repeat(6_000), "é".repeat(6_001));
        assert_ne!(short(&a), short(&b));
        assert_eq!(short(&a), short(&a));
    }
}
