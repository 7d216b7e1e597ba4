//! The files to be fetched.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;
use wa_media::read;

/// One file, with everything that a message would tell of it.
pub struct Item {
    pub url: String,
    pub media_key: [u8; 32],
    pub sha256: [u8; 32],
    pub enc_sha256: [u8; 32],
    /// Where its plaintext goes.
    pub out: PathBuf,
}

/// `count` files of a list, round and round, each with a file of its own to be written to.
pub fn items(list: &Path, origin: &str, out: &Path, count: usize) -> anyhow::Result<Vec<Item>> {
    let told: Vec<Value> = serde_json::from_slice(&fs::read(list)?)?;
    let bytes = |value: &Value| read::bytes32(value).context("not 32 bytes");
    let items = told.iter().cycle().take(count).enumerate();
    items
        .map(|(at, told)| {
            Ok(Item {
                url: format!("{origin}/{}", told["name"].as_str().context("no name")?),
                media_key: bytes(&told["media_key"])?,
                sha256: bytes(&told["sha256"])?,
                enc_sha256: bytes(&told["enc_sha256"])?,
                out: out.join(at.to_string()),
            })
        })
        .collect()
}
