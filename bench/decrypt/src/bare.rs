//! The same proofs by hand, with nothing around them: what the crates of the cryptography allow.

use std::fs::File;
use std::io::Write as _;

use aes::Aes256Dec;
use anyhow::{Context as _, ensure};
use cbc::cipher::{Array, BlockModeDecrypt as _, KeyIvInit as _};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::WRITE_BYTES;
use crate::list::Item;

const MAC_BYTES: usize = 10;
/// The last block and the MAC, which are not known as such before the end.
const TRAILER_BYTES: usize = 16 + MAC_BYTES;

pub async fn fetch(client: reqwest::Client, item: Item) -> anyhow::Result<u64> {
    let mut response = client.get(&item.url).send().await?.error_for_status()?;
    let mut keys = [0; 112];
    Hkdf::<Sha256>::new(None, &item.media_key)
        .expand(b"WhatsApp Video Keys", &mut keys)
        .map_err(|_| anyhow::anyhow!("the key cannot be expanded"))?;
    let iv: [u8; 16] = keys[..16].try_into()?;
    let cipher_key: [u8; 32] = keys[16..48].try_into()?;
    let mut cipher = cbc::Decryptor::<Aes256Dec>::new(&cipher_key.into(), &iv.into());
    let mut mac = Hmac::<Sha256>::new_from_slice(&keys[48..80])?;
    mac.update(&iv);
    let mut sha256 = Sha256::new();
    let mut file = File::create(&item.out)?;
    let mut buffer = Vec::new();
    let mut written = 0;
    while let Some(chunk) = response.chunk().await? {
        buffer.extend_from_slice(&chunk);
        if buffer.len() >= WRITE_BYTES {
            let usable = (buffer.len() - TRAILER_BYTES) / 16 * 16;
            let blocks = &mut buffer[..usable];
            mac.update(blocks);
            cipher.decrypt_blocks(Array::slice_as_chunks_mut(blocks).0);
            sha256.update(&*blocks);
            file.write_all(blocks)?;
            written += usable;
            buffer.drain(..usable);
        }
    }
    let end = buffer.len().checked_sub(MAC_BYTES).context("too short")?;
    let tag = buffer.split_off(end);
    ensure!(end > 0 && end.is_multiple_of(16), "not whole blocks");
    mac.update(&buffer);
    cipher.decrypt_blocks(Array::slice_as_chunks_mut(&mut buffer).0);
    let padding = buffer[end - 1];
    let plain = end - usize::from(padding).min(16);
    ensure!(
        padding > 0 && padding <= 16 && buffer[plain..].iter().all(|byte| *byte == padding),
        "wrong padding"
    );
    sha256.update(&buffer[..plain]);
    file.write_all(&buffer[..plain])?;
    ensure!(mac.verify_truncated_left(&tag).is_ok(), "wrong MAC");
    ensure!(sha256.finalize() == Array::from(item.sha256), "wrong hash");
    Ok((written + plain) as u64)
}
