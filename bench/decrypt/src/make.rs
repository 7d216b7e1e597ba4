//! The encrypted files, made by the encrypting half of wa-media.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use wa_media::encrypt::Encryptor;
use wa_media::{KeyKind, MediaKey};

const PIECE: usize = 64 << 10;

pub fn make(folder: &Path, name: &str, size_bytes: usize, count: u8) -> anyhow::Result<()> {
    let files: Vec<Value> = (0..count)
        .map(|seed| one(folder, &format!("{name}-{seed}.enc"), size_bytes, seed))
        .collect::<anyhow::Result<_>>()?;
    fs::write(
        folder.join(format!("{name}.json")),
        json!(files).to_string(),
    )?;
    Ok(())
}

fn one(folder: &Path, name: &str, size_bytes: usize, seed: u8) -> anyhow::Result<Value> {
    let key = [seed; 32];
    let mut encryptor = Encryptor::new(&MediaKey::new(key), KeyKind::Video);
    let mut file = File::create(folder.join(name))?;
    let mut noise = u64::from(seed) << 32 | 0x9e37_79b9;
    let (mut plaintext, mut ciphertext) = (vec![0; PIECE], Vec::new());
    let mut made = 0;
    while made < size_bytes {
        let piece = &mut plaintext[..PIECE.min(size_bytes - made)];
        for word in piece.chunks_mut(8) {
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            word.copy_from_slice(&noise.to_le_bytes()[..word.len()]);
        }
        if made == 0 {
            // A known beginning, as people's files have one.
            piece[..8].copy_from_slice(b"\0\0\0\x18ftyp");
        }
        made += piece.len();
        encryptor.update(piece, &mut ciphertext);
        file.write_all(&ciphertext)?;
        ciphertext.clear();
    }
    let (sha256, enc_sha256) = encryptor.finish(&mut ciphertext);
    file.write_all(&ciphertext)?;
    Ok(json!({"name": name, "media_key": key, "sha256": sha256, "enc_sha256": enc_sha256}))
}
