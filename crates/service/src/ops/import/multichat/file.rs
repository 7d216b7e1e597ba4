//! One file of the source: verified as any download that came decrypted, and published. And the row of a file that an
//! earlier run stored as an orphan.

use std::path::{Path, PathBuf};

use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use wa_media::{Expected, Form, FoundMedia, PlainHints, PlainVerifier, Refusal, Verified};

use super::error::Error;
use super::item::Item;
use super::tree::orphan_id;
use super::{Import, Mode};
use crate::clock::Millis;
use crate::db::Key;
use crate::download::publish::{self, PublishSource};
use crate::gateway::Gateway;
use crate::media;
use crate::model::MediaId;
use crate::ops::Progress;
use crate::ops::in_progress::InProgress;
use crate::queue;
use crate::storage::layout::{self, RelativePath};
use crate::storage::{self, DerivedFrom, Linked, Staging};

const PIECE_BYTES: usize = 64 << 10;

/// A file that passed.
pub(super) struct Passed {
    pub verified: Verified,
    pub form: Form,
    pub modified_at: Option<Millis>,
    /// Its bytes, if they are to be copied.
    staging: Option<Staging>,
}

pub(super) enum Failure {
    Unreadable,
    Refused(Refusal),
    Stopped,
    Storage(storage::Error),
}

impl From<std::io::Error> for Failure {
    fn from(_: std::io::Error) -> Self {
        Self::Unreadable
    }
}

impl<P: Progress<super::ImportFinding>> Import<'_, P> {
    /// Reads a file to its end, and verifies it by what its row says.
    pub async fn verify(&self, path: PathBuf, found: &FoundMedia) -> Result<Passed, Failure> {
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
        let mut staging = (self.mode == Mode::Copy).then(|| self.deps.storage.stage());
        let mut file = tokio::fs::File::open(&path).await?;
        let modified_at = modified_at(&file.metadata().await?);
        let mut piece = vec![0; PIECE_BYTES];
        while let Some(bytes) = self.next(&mut file, &mut piece).await? {
            verifier.update(bytes);
            if let Some(staging) = &mut staging {
                let writing = staging.write(bytes).await;
                writing.map_err(Failure::Storage)?;
            }
        }
        if verifier.needs_second_reading() {
            file.rewind().await?;
            while let Some(bytes) = self.next(&mut file, &mut piece).await? {
                verifier.read_again(bytes);
            }
        }
        let verified = verifier.finish().map_err(Failure::Refused)?;
        Ok(Passed {
            form: form(path, &verified, found).await,
            verified,
            modified_at,
            staging,
        })
    }

    async fn next<'p>(
        &self,
        file: &mut tokio::fs::File,
        piece: &'p mut [u8],
    ) -> Result<Option<&'p [u8]>, Failure> {
        if self.cancelled.is_cancelled() {
            return Err(Failure::Stopped);
        }
        let count = file.read(piece).await?;
        Ok((count > 0).then_some(&piece[..count]))
    }

    /// Publishes a file that passed, and returns its path. A dry run only names it.
    pub async fn publish(
        &self,
        item: &Item,
        (row, slot): (Option<&MediaId>, i64),
        passed: &mut Passed,
        source: PathBuf,
    ) -> Result<String, Error> {
        let record = &item.record;
        let at = record.message.sent_at.or(record.received_at);
        let path = layout::path(&layout::Name {
            client: item.client,
            instance: &item.instance,
            kind: record.found.kind,
            gateway: Gateway::Wapi.as_str(),
            message_id: &record.message.id,
            slot,
            at: at.or(passed.modified_at).unwrap_or(0),
            extension: &passed.form.extension,
        });
        let deps = self.deps;
        let path = deps.storage.path_of(path, passed.verified.sha256());
        let (bytes, same) = match (self.mode, passed.staging.take()) {
            (Mode::DryRun, _) => return Ok(path.as_str().to_owned()),
            (_, Some(staging)) => {
                let same = media::same_bytes(deps.db, item.client, passed.verified.sha256());
                let same = same.await?.and_then(RelativePath::from_row);
                (PublishSource::Staged(staging), same)
            }
            (_, None) => {
                let keep_free_bytes = deps.keep_free_bytes;
                (
                    PublishSource::Elsewhere {
                        source,
                        keep_free_bytes,
                    },
                    None,
                )
            }
        };
        let target = (deps.db, deps.storage);
        let publishing = publish::publish(target, row, bytes, &passed.verified, &path, same);
        match publishing.await {
            Ok(placed) => Ok(placed.path.as_str().to_owned()),
            Err(publish::Error::Db(error)) => Err(error.into()),
            Err(publish::Error::Storage(error)) => Err(error.into()),
        }
    }

    /// Removes a file that was published for a row that was not written, unless another row has it or a running download
    /// may be about to. In the transaction, so that none can begin in between.
    pub async fn retract(&self, path: String, sha256: [u8; 32]) -> Result<(), Error> {
        // An object stays as an orphan: no request belongs in a transaction.
        if self.mode == Mode::DryRun || self.deps.storage.is_remote() {
            return Ok(());
        }
        let storage = self.deps.storage.clone();
        let removing = self.deps.db.write(Key::Everything, async move |tx| {
            let in_progress = InProgress::new(&queue::claimed_in(tx).await?);
            if in_progress.may_store(&path) || media::is_path_used(tx, &path).await? {
                return Ok(Ok(false));
            }
            Ok(storage.remove_below(Path::new(&path), Linked::RemoveIf(sha256)))
        });
        removing.await??;
        Ok(())
    }

    /// Removes the row and the file that an earlier run made of this file as an orphan: the message has the bytes now, or
    /// was erased.
    pub async fn retire_orphan(
        &self,
        item: &Item,
        at: usize,
        sha256: Option<[u8; 32]>,
    ) -> Result<(), Error> {
        if item.record.orphan.is_some() || self.mode == Mode::DryRun {
            return Ok(());
        }
        let (deps, id) = (self.deps, orphan_id(&self.tree.entry(at).path));
        for row in media::message::of_message(deps.db, &item.instance, &id).await? {
            let Some(path) = row.path().map(str::to_owned) else {
                continue;
            };
            let sha256 = match sha256 {
                None => self.tree.hash(at).await,
                known => known,
            };
            if row.client != item.client || row.sha256.is_none() || row.sha256 != sha256 {
                continue;
            }
            let (named, media) = (path.clone(), row.id.clone());
            let deleting = deps.db.write(Key::Everything, async move |tx| {
                let is_deleted = media::message::delete_stored(tx, &row.id, &named).await?;
                Ok(is_deleted && !media::is_path_used(tx, &named).await?)
            });
            let is_unused = deleting.await?;
            if let Some((path, sha256)) = RelativePath::from_row(path).zip(sha256)
                && is_unused
            {
                deps.storage.remove(path, sha256).await?;
                let from = DerivedFrom::all_of(item.client, sha256, &media);
                deps.storage.remove_derived(from.into()).await?;
            }
        }
        Ok(())
    }
}

/// One that cannot be read a second time is judged by its beginning.
async fn form(path: PathBuf, verified: &Verified, found: &FoundMedia) -> Form {
    let (kind, mime, name) = (found.kind, found.mime.clone(), found.file_name.clone());
    let reading = tokio::task::spawn_blocking(move || {
        let file = std::fs::File::open(&path).ok()?;
        Some(wa_media::form(file, kind, mime.as_deref(), name.as_deref()))
    });
    let form = reading.await.ok().flatten();
    form.unwrap_or_else(|| {
        let (mime, name) = (found.mime.as_deref(), found.file_name.as_deref());
        wa_media::form_of_head(verified.head(), kind, mime, name)
    })
}

fn modified_at(metadata: &std::fs::Metadata) -> Option<Millis> {
    let modified = metadata.modified().ok()?;
    let since = modified.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok()
}
