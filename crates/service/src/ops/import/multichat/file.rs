//! One file of the source: read, judged as any download that came decrypted, and given its place here.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use wa_media::{Expected, Form, FoundMedia, PlainHints, PlainVerifier, Refusal, Verified};

use super::options::{Mode, Transfer};
use crate::app::App;
use crate::clock::Millis;
use crate::storage::{self, Staging};

const PIECE_BYTES: usize = 64 << 10;

/// A file that passed.
pub(super) struct Taken {
    pub verified: Verified,
    /// When it was written last.
    pub modified_at: Option<Millis>,
    /// Its bytes, staged, when they are to be copied.
    pub staging: Option<Staging>,
}

/// Why it did not.
pub(super) enum Trouble {
    /// It cannot be read.
    Unreadable,
    /// It is not what it should be.
    Refused(Refusal),
    /// It was asked to stop.
    Stopped,
    /// Our storage cannot take it.
    Storage(storage::Error),
}

/// Reads a file to its end, and verifies it by what its row says.
pub(super) async fn take(
    app: &App,
    path: PathBuf,
    found: &FoundMedia,
    transfer: Transfer<'_>,
) -> Result<Taken, Trouble> {
    let expected = Expected {
        sha256: found.sha256,
        enc_sha256: found.enc_sha256,
    };
    let hints = PlainHints {
        kind: found.kind,
        mime: found.mime.clone(),
        file_name: found.file_name.clone(),
        media_key: found.media_key.clone(),
        key_kind: found.key_kind,
    };
    let mut verifier = PlainVerifier::new(expected, hints);
    let mut staging = (transfer.mode == Mode::Copy).then(|| app.storage.stage());
    let mut open = Some(open(path).await?);
    let modified_at = open.as_ref().and_then(|(_, at)| *at);
    while let Some((file, at)) = open.take() {
        if transfer.cancelled.is_cancelled() {
            return Err(Trouble::Stopped);
        }
        let (file, piece) = read(file).await?;
        verifier.update(&piece);
        if let Some(staging) = &mut staging {
            staging.write(&piece).await.map_err(Trouble::Storage)?;
        }
        // Less than was asked for is the end.
        open = (piece.len() == PIECE_BYTES).then_some((file, at));
    }
    let verified = verifier.finish().map_err(Trouble::Refused)?;
    Ok(Taken {
        verified,
        modified_at,
        staging,
    })
}

/// What a file that passed is. One that cannot be read a second time is judged by its beginning.
pub(super) async fn form_of(path: PathBuf, taken: &Taken, found: &FoundMedia) -> Form {
    let (mime, name) = (found.mime.clone(), found.file_name.clone());
    let (kind, head) = (found.kind, taken.verified.head().to_vec());
    let reading = move || match std::fs::File::open(&path) {
        Ok(file) => wa_media::form(file, kind, mime.as_deref(), name.as_deref()),
        Err(_) => wa_media::form_of_head(&head, kind, mime.as_deref(), name.as_deref()),
    };
    let form = tokio::task::spawn_blocking(reading).await;
    form.unwrap_or_else(|_| {
        let (mime, name) = (found.mime.as_deref(), found.file_name.as_deref());
        wa_media::form_of_head(taken.verified.head(), kind, mime, name)
    })
}

type Open = (std::fs::File, Option<Millis>);

async fn open(path: PathBuf) -> Result<Open, Trouble> {
    let opening = tokio::task::spawn_blocking(move || {
        let file = std::fs::File::open(&path)?;
        let modified_at = modified_at(&path);
        Ok::<_, std::io::Error>((file, modified_at))
    });
    let opened = opening.await.map_err(|_| Trouble::Unreadable)?;
    opened.map_err(|_| Trouble::Unreadable)
}

fn modified_at(path: &Path) -> Option<Millis> {
    let modified = std::fs::metadata(path).ok()?.modified().ok()?;
    let since = modified.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok()
}

async fn read(mut file: std::fs::File) -> Result<(std::fs::File, Vec<u8>), Trouble> {
    let reading = tokio::task::spawn_blocking(move || {
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        (&mut file)
            .take(PIECE_BYTES as u64)
            .read_to_end(&mut piece)?;
        Ok::<_, std::io::Error>((file, piece))
    });
    let read = reading.await.map_err(|_| Trouble::Unreadable)?;
    read.map_err(|_| Trouble::Unreadable)
}
