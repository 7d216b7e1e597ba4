//! wa-media: MAC, padding and the plaintext's hash; large files on a thread while the next piece arrives, as the service
//! does it.

use std::fs::File;
use std::io::{self, Write as _};
use std::mem;

use anyhow::ensure;
use tokio::task::{JoinHandle, spawn_blocking};
use wa_media::{Decryptor, Expected, KeyKind, MediaKey, Verification};

use crate::list::Item;

const PIECE_BYTES: usize = 256 << 10;

pub async fn fetch(client: reqwest::Client, item: Item) -> anyhow::Result<u64> {
    let mut response = client.get(&item.url).send().await?.error_for_status()?;
    let expected = Expected {
        sha256: Some(item.sha256),
        enc_sha256: Some(item.enc_sha256),
    };
    let mut thread = Thread::Idle(Work {
        decryptor: Decryptor::new(&MediaKey::new(item.media_key), KeyKind::Video, expected),
        file: File::create(&item.out)?,
        plaintext: Vec::new(),
    });
    let mut piece = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        piece.extend_from_slice(&chunk);
        if piece.len() >= PIECE_BYTES {
            let (work, spare) = thread.wait().await?;
            let full = mem::replace(&mut piece, spare);
            thread = Thread::Running(spawn_blocking(move || work.take(full)));
        }
    }
    let (work, _) = thread.wait().await?;
    let (mut work, _) = work.take(piece)?;
    let decrypted = work.decryptor.finish(&mut work.plaintext)?;
    work.file.write_all(&work.plaintext)?;
    ensure!(
        decrypted.verified.verification() == Verification::Full,
        "not fully verified"
    );
    Ok(decrypted.verified.size_bytes())
}

enum Thread {
    Idle(Work),
    Running(JoinHandle<io::Result<(Work, Vec<u8>)>>),
}

impl Thread {
    async fn wait(self) -> anyhow::Result<(Work, Vec<u8>)> {
        match self {
            Self::Idle(work) => Ok((work, Vec::new())),
            Self::Running(running) => Ok(running.await??),
        }
    }
}

struct Work {
    decryptor: Decryptor,
    file: File,
    plaintext: Vec<u8>,
}

impl Work {
    /// Also returns the emptied buffer.
    fn take(mut self, mut piece: Vec<u8>) -> io::Result<(Self, Vec<u8>)> {
        self.decryptor.update(&piece, &mut self.plaintext);
        self.file.write_all(&self.plaintext)?;
        self.plaintext.clear();
        piece.clear();
        Ok((self, piece))
    }
}
