//! The files to download.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;
use wa_media::read;

/// A file with the fields of its message.
pub struct Item {
    pub url: String,
    pub media_key: [u8; 32],
    pub sha256: [u8; 32],
    pub enc_sha256: [u8; 32],
    /// Where its plaintext goes.
    pub out: PathBuf,
}

/// `count` files; the list is repeated, and each download has its own output file.
pub fn items(list: &Path, origin: &str, out: &Path, count: usize) -> anyhow::Result<Vec<Item>> {
    let list: Vec<Value> = serde_json::from_slice(&fs::read(list)?)?;
    let bytes = |value: &Value| read::bytes32(value).context("not 32 bytes");
    let items = list.iter().cycle().take(count).enumerate();
    items
        .map(|(at, file)| {
            Ok(Item {
                url: format!("{origin}/{}", file["name"].as_str().context("no name")?),
                media_key: bytes(&file["media_key"])?,
                sha256: bytes(&file["sha256"])?,
                enc_sha256: bytes(&file["enc_sha256"])?,
                out: out.join(at.to_string()),
            })
        })
        .collect()
}
