//! The files of a batch: judged in parallel, placed, and what that makes of each record.

use std::collections::HashMap;
use std::path::PathBuf;

use futures_util::stream::{self, StreamExt as _};
use wa_media::{DirectPath, Refusal, Verified};

use super::error::Error;
use super::file::{self, Taken, Trouble};
use super::known::{Known, free_path};
use super::options::{Mode, Transfer};
use super::orphans::orphan_row;
use super::owners::is_group;
use super::report::{LeftOut, Lost, Outcome};
use super::source::Record;
use super::space;
use super::tree::{Tree, place as place_of, slashed};
use crate::app::App;
use crate::clock::{DAY, Millis};
use crate::download::publish::{self, PublishSource};
use crate::download::refusal_reason;
use crate::ingest::policy;
use crate::media;
use crate::model::{ChatId, MediaId, MediaStatus, Reason};
use crate::queue::{Adopted, AdoptedFile};
use crate::storage::Staging;
use crate::storage::layout::{Form, RelativePath};

/// Files that are read and written at once.
const AT_ONCE: usize = 16;
/// How long a link lives when nothing says it: from the making of its key, or from the message.
const USUAL_LIFE: Millis = 30 * DAY;

/// A record and what became of it.
#[derive(Clone)]
pub(super) struct Entry {
    pub known: Known,
    /// How it is to stand; nothing when it is left out.
    pub adopted: Option<Adopted>,
    pub received_at: Millis,
    pub outcome: Outcome,
    /// The file that turned out to be its own, and its SHA-256.
    pub file: Option<(usize, [u8; 32])>,
    /// The row of an orphan that has the same file, and gives it to this one.
    pub absorbs: Option<MediaId>,
}

/// What the file of a record is.
enum Judgement {
    Passed(Box<Passed>),
    Refused {
        at: usize,
        why: Refusal,
    },
    Unreadable,
    /// It is another file than its message is known to have.
    Changed {
        at: usize,
    },
    /// There is none.
    None,
}

/// A file that is what it should be, and where it will lie.
struct Passed {
    at: usize,
    taken: Taken,
    form: Form,
    path: RelativePath,
    /// A file of the same batch and client with the same bytes, which will lie there before.
    twin: Option<RelativePath>,
}

/// Judges the files of all records, gives those that pass their places here, and says how each record will stand.
pub(super) async fn settle(
    app: &App,
    transfer: Transfer<'_>,
    tree: &Tree,
    known: Vec<Known>,
) -> Result<Vec<Entry>, Error> {
    let judged = stream::iter(known).map(async |mut known| {
        let judgement = judge(app, transfer, tree, &mut known).await?;
        Ok::<_, Error>((known, judgement))
    });
    let judged: Vec<_> = judged.buffered(AT_ONCE).collect().await;
    let mut firsts = HashMap::new();
    let mut groups = [Vec::new(), Vec::new()];
    for judged in judged {
        let (known, mut judgement) = judged?;
        if let Judgement::Passed(passed) = &mut judgement {
            let bytes = (known.client, *passed.taken.verified.sha256());
            let first = firsts.entry(bytes).or_insert_with(|| passed.path.clone());
            passed.twin = (*first != passed.path).then(|| first.clone());
        }
        // The same bytes of one client lie on the disk once, so the second waits until the first has its name.
        let waits = matches!(&judgement, Judgement::Passed(passed) if passed.twin.is_some());
        groups[usize::from(waits)].push((known, judgement));
    }
    let mut entries = Vec::new();
    for group in groups {
        let placing = stream::iter(group).map(async |(known, judgement)| match judgement {
            Judgement::Passed(passed) => place(app, transfer.mode, tree, known, *passed).await,
            other => Ok(without_file(app, tree, known, &other)),
        });
        let placed: Vec<_> = placing.buffered(AT_ONCE).collect().await;
        for entry in placed {
            entries.push(entry?);
        }
    }
    Ok(entries)
}

async fn judge(
    app: &App,
    transfer: Transfer<'_>,
    tree: &Tree,
    known: &mut Known,
) -> Result<Judgement, Error> {
    let Some(at) = known.files.at else {
        return Ok(Judgement::None);
    };
    if transfer.takes_space {
        space::require(app, transfer.mode, tree.entry(at).size_bytes)?;
    }
    let found = known.record.found.clone();
    let taken = match file::take(app, tree.full_path(at), &found, transfer).await {
        Ok(taken) => taken,
        Err(Trouble::Storage(error)) => return Err(error.into()),
        Err(Trouble::Stopped) => return Err(Error::Stopped),
        Err(Trouble::Refused(why)) => return Ok(Judgement::Refused { at, why }),
        Err(Trouble::Unreadable) => return Ok(Judgement::Unreadable),
    };
    if !known.settle_on(&taken) {
        return Ok(Judgement::Changed { at });
    }
    let form = file::form_of(tree.full_path(at), &taken, &found).await;
    Ok(Judgement::Passed(Box::new(Passed {
        path: free_path(app, known, &taken, &form).await?,
        twin: None,
        at,
        taken,
        form,
    })))
}

/// When a media was received, as far as anything says. A wrong clock must not put it into the future.
fn received_at(app: &App, record: &Record, modified_at: Option<Millis>) -> Millis {
    let known = record
        .received_at
        .or(record.message.sent_at)
        .or(modified_at);
    let now = app.clock.now();
    known.filter(|at| *at > 0).map_or(now, |at| at.min(now))
}

async fn place(
    app: &App,
    mode: Mode,
    tree: &Tree,
    mut known: Known,
    mut passed: Passed,
) -> Result<Entry, Error> {
    let verified = &passed.taken.verified;
    let received_at = received_at(app, &known.record, passed.taken.modified_at);
    let from = &tree.entry(passed.at).path;
    let message = &mut known.record.message;
    if let (None, Some(chat)) = (&message.origin.chat, place_of(from).chat) {
        message.origin.is_group |= is_group(&chat);
        message.origin.chat = Some(ChatId(chat));
    }
    let mut orphan = None;
    if known.record.orphan.is_none() {
        let (whose, sha256) = ((known.client, &known.instance), *verified.sha256());
        let found = orphan_row(app, tree, whose, passed.at, Some(sha256)).await?;
        let stored = found.and_then(|row| Some((row.id.clone(), row.path()?.to_owned())));
        // An earlier run took the file before any row named it.
        orphan =
            stored.filter(|(_, path)| app.storage.size_bytes(path) == Some(verified.size_bytes()));
    }
    let path = match &orphan {
        Some((_, path)) => path.clone(),
        None => {
            let staging = passed.taken.staging.take();
            let named = (passed.path.clone(), passed.twin.take());
            let source = tree.full_path(passed.at);
            name(app, mode, &known, staging, (source, verified), named).await?
        }
    };
    let adopted = Adopted::Stored(AdoptedFile {
        stored_at: known.record.stored_at.unwrap_or(received_at),
        mime: passed.form.mime,
        size_bytes: verified.size_bytes(),
        sha256: *verified.sha256(),
        verified: verified.verification(),
        path: path.clone(),
    });
    let outcome = Outcome::Stored {
        from: slashed(from),
        path,
        verified: verified.verification().as_str(),
        size: verified.size_bytes(),
        orphaned: known.record.orphan.is_some(),
        named_by: known.files.named_by.take(),
    };
    Ok(Entry {
        known,
        adopted: Some(adopted),
        received_at,
        outcome,
        file: Some((passed.at, *verified.sha256())),
        absorbs: orphan.map(|(id, _)| id),
    })
}

/// Publishes a file that passed. A dry run only names it.
async fn name(
    app: &App,
    mode: Mode,
    known: &Known,
    staging: Option<Staging>,
    (source, verified): (PathBuf, &Verified),
    (path, twin): (RelativePath, Option<RelativePath>),
) -> Result<String, Error> {
    if mode == Mode::DryRun {
        return Ok(path.as_str().to_owned());
    }
    let (bytes, same) = match staging {
        Some(staging) => {
            let mut same = twin;
            if same.is_none() {
                let stored = media::same_bytes(&app.db, known.client, verified.sha256());
                same = stored.await?.and_then(RelativePath::from_row);
            }
            (PublishSource::Staged(staging), same)
        }
        None => {
            let keep_free_bytes = app.config.storage.pause_below.bytes();
            let bytes = PublishSource::Elsewhere {
                source,
                keep_free_bytes,
            };
            (bytes, None)
        }
    };
    let downloader = app.downloader();
    let publishing = publish::publish(&downloader, known.row(), bytes, verified, &path, same);
    match publishing.await {
        Ok(path) => Ok(path.as_str().to_owned()),
        Err(publish::Error::Db(error)) => Err(error.into()),
        Err(publish::Error::Storage(error)) => Err(error.into()),
    }
}

/// How a record stands of which there is no file that passed.
fn without_file(app: &App, tree: &Tree, known: Known, judgement: &Judgement) -> Entry {
    let record = &known.record;
    let received_at = received_at(app, record, None);
    let was_held = record.stored_at.is_some() || record.file.is_some();
    let is_fetchable = is_fetchable(record);
    let lives = lives_until(record, received_at) > app.clock.now();
    let over = |status, reason, outcome| (Some(Adopted::Over { status, reason }), outcome);
    let lost = |reason, lost| over(MediaStatus::Failed, reason, Outcome::Lost(lost));
    let left_out = |why| (None, Outcome::LeftOut(why));
    let (adopted, outcome) = match judgement {
        Judgement::Changed { at } => left_out(LeftOut::Changed {
            file: slashed(&tree.entry(*at).path),
        }),
        _ if !known.here.is_empty() => (None, Outcome::Known),
        Judgement::Unreadable => left_out(LeftOut::Unreadable),
        Judgement::Refused { why, .. } if record.orphan.is_some() => left_out(LeftOut::NotMedia {
            refusal: refusal_reason(why),
        }),
        _ if is_fetchable && lives => {
            let skip = policy::skip(&app.config.keep, &record.message, &record.found);
            let wrong_file = match judgement {
                Judgement::Refused { at, .. } => Some(slashed(&tree.entry(*at).path)),
                _ => None,
            };
            let outcome = skip.map_or(Outcome::Queued { wrong_file }, |reason| Outcome::Skipped {
                reason,
            });
            (Some(Adopted::Waiting), outcome)
        }
        Judgement::Refused { at, why } => {
            let (file, refusal) = (slashed(&tree.entry(*at).path), refusal_reason(why));
            lost(refusal, Lost::FileWrong { file, refusal })
        }
        _ if known.files.is_taken => {
            let by = known.files.named_by.clone().unwrap_or_default();
            left_out(LeftOut::Taken { by })
        }
        _ if known.files.is_elsewhere => lost(Reason::FileLost, Lost::FileElsewhere),
        _ if was_held => lost(Reason::FileLost, Lost::FileMissing),
        _ if is_fetchable => over(MediaStatus::Expired, Reason::CdnExpired, Outcome::Expired),
        _ => lost(Reason::KeysMissing, Lost::KeysMissing),
    };
    Entry {
        known,
        adopted,
        received_at,
        outcome,
        file: None,
        absorbs: None,
    }
}

/// Whether there is anything to fetch it with.
fn is_fetchable(record: &Record) -> bool {
    let found = &record.found;
    let path = found.direct_path.as_deref();
    let has_path = path.is_some_and(|path| DirectPath::parse(path).is_ok());
    found.inline.is_some() || found.static_url.is_some() || (found.media_key.is_some() && has_path)
}

/// Until when WhatsApp's link should live.
fn lives_until(record: &Record, received_at: Millis) -> Millis {
    let found = &record.found;
    let millis = |seconds: i64| seconds.saturating_mul(1_000);
    let expiry = found.direct_path.as_deref().and_then(wa_media::expiry_of);
    let by_key = || Some(millis(found.media_key_at?).saturating_add(USUAL_LIFE));
    let sent_at = record.message.sent_at.unwrap_or(received_at);
    let by_message = || sent_at.saturating_add(USUAL_LIFE);
    expiry
        .map(millis)
        .or_else(by_key)
        .unwrap_or_else(by_message)
}
