//! wa-media: MAC, padding and the plaintext's hash.

use std::fs::File;
use std::io::Write as _;

use anyhow::ensure;
use wa_media::{Decryptor, Expected, KeyKind, MediaKey, Verification};

use crate::WRITE_BYTES;
use crate::list::Item;

pub async fn fetch(client: reqwest::Client, item: Item) -> anyhow::Result<u64> {
    let mut response = client.get(&item.url).send().await?.error_for_status()?;
    let expected = Expected {
        sha256: Some(item.sha256),
        enc_sha256: Some(item.enc_sha256),
    };
    let mut decryptor = Decryptor::new(&MediaKey::new(item.media_key), KeyKind::Video, expected);
    let mut file = File::create(&item.out)?;
    let mut plaintext = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        decryptor.update(&chunk, &mut plaintext);
        if plaintext.len() >= WRITE_BYTES {
            file.write_all(&plaintext)?;
            plaintext.clear();
        }
    }
    let decrypted = decryptor.finish(&mut plaintext)?;
    file.write_all(&plaintext)?;
    ensure!(
        decrypted.verified.verification() == Verification::Full,
        "not fully verified"
    );
    Ok(decrypted.verified.size_bytes())
}
