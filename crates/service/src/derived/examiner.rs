//! Gives stored files to the operator's programs in the background, in the turns of the schedule: a transcriber, whose output becomes
//! searchable, and a scanner, whose verdict decides whether a file is served.
//!
//! The log of events says which files were stored, so that nothing is missed while no server runs; the scanner also looks for
//! stored files without a verdict, because these may not be served. A program that fails is run again later; results are written
//! only for a file that is still stored. A verdict is about bytes: within a client they are scanned once.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};

use super::Derived;
use super::schedule::{Ended, Place, Work, WorkKind};
use super::tool::{self, Call, Error, Isolation, Limits, PATH, Sink};
use crate::clock::{Clock, DAY, HOUR, MINUTE, Millis};
use crate::config;
use crate::coordination::checkpoint::Checkpoint;
use crate::db::{self, Db, Key};
use crate::events::facts::{Fact, MediaInfected};
use crate::events::{self, Event, News};
use crate::media::examinations::{self as table, Due, ScanVerdict, Task};
use crate::media::{self, BEFORE_NEWEST, Media};
use crate::model::{EventKind, MediaId, MediaKind};
use crate::shutdown::CancellationToken;
use crate::storage::Storage;
use crate::telemetry;

/// How often the log is read without a notification: another process may have written.
const EVERY: Duration = Duration::from_secs(1);
/// Events that are read at once.
const PAGE: u32 = 500;
/// After that many failures a file is left alone.
const MOST_ATTEMPTS: i64 = 8;
/// Stored files that are looked at for one without a verdict, and that are listed at once: new ones come after these.
const EARLIER: (u32, usize) = (500, 8);
/// Due files of each client that are looked at for one that may begin: some run already, or have the bytes of one that runs.
const LOOKED_AT: usize = 8;
/// How often they are looked at from the start: an import may have brought some.
const ROUND_EVERY: Millis = HOUR;
/// A clean verdict is asked for again when its bytes come again later: scanners learn.
const CLEAN_FOR: Millis = DAY;
/// The longest wait when the scanner itself does not work.
const LONGEST_OUTAGE: Millis = 15 * MINUTE;
/// The longest transcript.
const MOST_CHARS: usize = 100_000;
/// A scanner's exit code for an infected file, as ClamAV's.
const INFECTED: i32 = 1;

/// One task of the server.
#[derive(Clone)]
pub struct Examiner {
    pub task: Task,
    /// A program and its arguments.
    pub command: Vec<String>,
    pub settings: config::Derived,
    pub derived: Derived,
    pub clock: Clock,
}

/// Where the scanner is in its round through the stored files.
struct Round {
    /// The id of the last one.
    before: String,
    next_at: Millis,
}

enum Next {
    Examine(Due, Place),
    /// There may be more.
    Again,
    Nothing,
}

fn kind_of(task: Task) -> WorkKind {
    match task {
        Task::Scan => WorkKind::Scan,
        Task::Transcribe => WorkKind::Transcribe,
    }
}

/// What a program found.
enum Finding {
    Transcript(String),
    Scan(ScanVerdict),
}

impl Examiner {
    fn db(&self) -> &Db {
        &self.derived.db
    }

    /// Runs until the shutdown begins.
    pub async fn run(self, cancelled: CancellationToken) {
        let mut appended = self.db().appended();
        let mut round = Round {
            before: BEFORE_NEWEST.to_owned(),
            next_at: Millis::MIN,
        };
        let (mut running, mut runs) = (HashSet::new(), FuturesUnordered::new());
        loop {
            let next = tokio::select! {
                () = cancelled.cancelled() => return,
                next = self.next(&mut round, &running) => next,
            };
            match next {
                Ok(Next::Examine(due, place)) => {
                    running.insert(due.media.clone());
                    runs.push(self.examine_one(due, place));
                    continue;
                }
                Ok(Next::Again) => continue,
                Ok(Next::Nothing) => {}
                Err(error) => self.cannot(&error),
            }
            tokio::select! {
                () = cancelled.cancelled() => return,
                Some(ended) = runs.next() => {
                    running.remove(&ended);
                }
                changed = appended.changed() => if changed.is_err() {
                    tokio::time::sleep(EVERY).await;
                },
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    fn cannot(&self, error: &db::Error) {
        tracing::warn!(
            task = self.task.as_str(),
            error = telemetry::chain(error),
            "stored files cannot be examined now"
        );
    }

    async fn examine_one(&self, due: Due, place: Place) -> MediaId {
        let id = due.media.clone();
        if let Err(error) = self.examine(due, place).await {
            self.cannot(&error);
            // It is due still.
            tokio::time::sleep(EVERY).await;
        }
        id
    }

    async fn next(&self, round: &mut Round, running: &HashSet<MediaId>) -> Result<Next, db::Error> {
        let has_more = self.list_new().await?;
        let (kind, schedule) = (kind_of(self.task), self.derived.schedule());
        if !schedule.has_place(kind) {
            return Ok(if has_more { Next::Again } else { Next::Nothing });
        }
        let due = table::due(self.db(), self.task, LOOKED_AT, self.clock.now()).await?;
        let due = due.into_iter().filter(|due| !running.contains(&due.media));
        let mut due: Vec<_> = due.collect();
        let works: Vec<_> = due.iter().map(|due| work(kind, due)).collect();
        if let Some((index, place)) = schedule.choose(&works) {
            return Ok(Next::Examine(due.swap_remove(index), place));
        }
        // Files of a client whose turns are paused do not keep earlier files of others waiting.
        let mut clients = works.iter().map(|work| work.client);
        let are_paused = clients.all(|client| schedule.is_paused(kind, client));
        let is_idle = running.is_empty() && !has_more && are_paused;
        let has_earlier = is_idle && self.list_earlier(round).await?;
        // In their pause the next are listed slowly, because they may be files of the same client.
        Ok(if has_more || has_earlier && works.is_empty() {
            Next::Again
        } else {
            Next::Nothing
        })
    }

    /// Lists files that were stored before there was a scanner, or that no event names.
    async fn list_earlier(&self, round: &mut Round) -> Result<bool, db::Error> {
        let now = self.clock.now();
        if self.task != Task::Scan || now < round.next_at {
            return Ok(false);
        }
        let (db, before) = (self.db(), &mut round.before);
        let has_more = table::enqueue_unscanned(db, before, EARLIER, now).await?;
        if !has_more {
            *round = Round {
                before: BEFORE_NEWEST.to_owned(),
                next_at: now + ROUND_EVERY,
            };
        }
        Ok(has_more)
    }

    /// Lists the files that were stored since the last time.
    async fn list_new(&self) -> Result<bool, db::Error> {
        let scope = self.task.as_str();
        let seq = Checkpoint::Examine.load::<i64>(self.db(), scope).await?;
        let events = events::after(self.db(), seq.unwrap_or(0), PAGE).await?;
        let Some(last) = events.last().map(|event| event.seq) else {
            return Ok(false);
        };
        let is_full = events.len() as u64 == u64::from(PAGE);
        let stored = events.into_iter().filter(|event| self.is_for(event));
        let stored: Vec<String> = stored.filter_map(|event| event.media).collect();
        let (task, now) = (self.task, self.clock.now());
        let listing = self.db().write(Key::Nothing, async move |tx| {
            for media in &stored {
                table::enqueue(tx, task, media, now).await?;
            }
            Checkpoint::Examine
                .save(tx, task.as_str(), &last, now)
                .await
        });
        listing.await?;
        Ok(is_full)
    }

    fn is_for(&self, event: &Event) -> bool {
        event.is(EventKind::MediaStored)
    }

    async fn examine(&self, due: Due, place: Place) -> Result<(), db::Error> {
        let media = media::find(self.db(), &due.media).await?;
        let is_for = |media: &Media| {
            let is_sound = media.kind == MediaKind::Audio
                || media
                    .mime
                    .as_deref()
                    .is_some_and(|mime| mime.starts_with("audio/"));
            media.path().is_some() && (self.task == Task::Scan || is_sound)
        };
        let Some(media) = media.filter(is_for) else {
            let (task, id) = (self.task, due.media);
            let ending = self.db().write(Key::Nothing, async move |tx| {
                table::end(tx, task, &id).await
            });
            return ending.await;
        };
        if let Some(verdict) = self.known(&media).await? {
            return self.record(&media, Finding::Scan(verdict)).await;
        }
        let asked = self.ask(&media).await;
        let ended = Ended::of(&asked);
        let written = self.write(&media, due.attempts + 1, asked).await;
        // Not before the verdict is there, which other media with these bytes use.
        place.end(ended);
        written
    }

    async fn write(
        &self,
        media: &Media,
        attempts: i64,
        asked: Result<Finding, Error>,
    ) -> Result<(), db::Error> {
        match asked {
            Ok(finding) => self.record(media, finding).await,
            Err(error) => {
                tracing::warn!(
                    media = %media.id,
                    task = self.task.as_str(),
                    attempts,
                    error = telemetry::chain(&error),
                    "a program could not examine a file"
                );
                let wait = wait(attempts, longest(self.task, &error));
                self.postpone(media, attempts, wait).await
            }
        }
    }

    /// The verdict on the same bytes in another media of the client. Those of other clients are not taken: how soon a verdict is
    /// there would say that they have the file.
    async fn known(&self, media: &Media) -> Result<Option<ScanVerdict>, db::Error> {
        let (Task::Scan, Some(sha256)) = (self.task, media.sha256) else {
            return Ok(None);
        };
        let known = table::verdict(self.db(), media.client, sha256).await?;
        let now = self.clock.now();
        Ok(known.and_then(|(verdict, at)| match verdict {
            ScanVerdict::Infected => Some(verdict),
            ScanVerdict::Clean => (now - at < CLEAN_FOR).then_some(verdict),
            ScanVerdict::Error => None,
        }))
    }

    async fn ask(&self, media: &Media) -> Result<Finding, Error> {
        let (program, arguments) = self.command.split_first().ok_or(Error::Absent)?;
        let program = tool::find(program).ok_or(Error::Absent)?;
        let path = media.path().ok_or(Error::Absent)?.to_owned();
        let copying = move |storage: &Storage| storage.local_copy(&path);
        let file = self.derived.storage.blocking(copying).await;
        let file = file.map_err(Error::NoInput)?;
        let mut arguments = arguments.to_vec();
        if !arguments.iter().any(|argument| argument.contains(PATH)) {
            arguments.push(PATH.to_owned());
        }
        let call = Call {
            program: &program,
            arguments: &arguments,
            file: file.path(),
            limits: Limits {
                time: self.timeout(),
                memory_bytes: self.settings.command_memory.bytes(),
                output_bytes: 1 << 20,
                file_bytes: 1 << 30,
            },
            isolation: Isolation::Plain,
        };
        let mut output = Vec::new();
        let mut take = |piece: &[u8]| output.extend_from_slice(piece);
        let ran = tool::run(&call, None, Sink::Pieces(&mut take)).await;
        match (self.task, ran) {
            (Task::Transcribe, Ok(_)) => Ok(Finding::Transcript(text_of(&output))),
            (Task::Scan, Ok(_)) => Ok(Finding::Scan(ScanVerdict::Clean)),
            (Task::Scan, Err(Error::Failed(Some(INFECTED)))) => {
                Ok(Finding::Scan(ScanVerdict::Infected))
            }
            (_, Err(error)) => Err(error),
        }
    }

    fn timeout(&self) -> Duration {
        let longest = self.settings.command_timeout.duration();
        match self.task {
            Task::Transcribe => longest,
            Task::Scan => longest.min(self.settings.scanner_timeout.duration()),
        }
    }

    async fn record(&self, media: &Media, finding: Finding) -> Result<(), db::Error> {
        let (task, media, now) = (self.task, media.clone(), self.clock.now());
        let recording = self
            .db()
            .write(Key::media(media.id.as_str()), async move |tx| {
                table::end(tx, task, &media.id).await?;
                let stored = media::sha256_of_stored(tx, &media.id).await?;
                let Some(sha256) = stored.filter(|sha256| media.sha256 == Some(*sha256)) else {
                    return Ok(());
                };
                match &finding {
                    Finding::Transcript(text) if text.is_empty() => Ok(()),
                    Finding::Transcript(text) => {
                        table::set_transcript(tx, &media.id, text, now).await
                    }
                    Finding::Scan(verdict) => {
                        if *verdict == ScanVerdict::Infected {
                            events::append(tx, now, infected(&media));
                        }
                        table::set_verdict(tx, media.client, sha256, *verdict, now).await
                    }
                }
            });
        recording.await
    }

    async fn postpone(&self, media: &Media, attempts: i64, wait: Millis) -> Result<(), db::Error> {
        let (task, media, now) = (self.task, media.clone(), self.clock.now());
        let postponing = self
            .db()
            .write(Key::media(media.id.as_str()), async move |tx| {
                if let (Task::Scan, Some(sha256)) =
                    (task, media::sha256_of_stored(tx, &media.id).await?)
                {
                    table::set_verdict(tx, media.client, sha256, ScanVerdict::Error, now).await?;
                }
                // A scanner that was down for days still has to see every file.
                if task == Task::Transcribe && attempts >= MOST_ATTEMPTS {
                    return table::end(tx, task, &media.id).await;
                }
                table::postpone(tx, task, &media.id, now + wait).await
            });
        postponing.await
    }
}

fn work(kind: WorkKind, due: &Due) -> Work {
    Work {
        kind,
        client: due.client,
        sha256: due.sha256,
        is_repeat: due.attempts > 0,
    }
}

/// A minute, which grows fourfold.
fn wait(attempts: i64, longest: Millis) -> Millis {
    let exponent = u32::try_from(attempts - 1).unwrap_or(0).min(8);
    (MINUTE * 4_i64.pow(exponent)).min(longest)
}

/// A file on which the program ended badly waits for up to a day, so that it does not stop the others. What waits for a scanner
/// that is not there is looked at soon after it is back.
fn longest(task: Task, error: &Error) -> Millis {
    match error {
        Error::Absent | Error::Io(_) if task == Task::Scan => LONGEST_OUTAGE,
        _ => DAY,
    }
}

/// The output as one text, without control characters.
fn text_of(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let letters = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter });
    let text: String = letters.take(MOST_CHARS).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn infected(media: &Media) -> News<'_> {
    News {
        client: Some(media.client),
        instance: Some(media.instance.as_str()),
        media: Some(media.id.as_str()),
        fact: Fact::MediaInfected(MediaInfected {
            kind: media.kind.as_str(),
            path: media.path().map(str::to_owned),
            size: media.size,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_repeated_later_and_later() {
        let file = longest(Task::Scan, &Error::TimedOut);
        let waits = [1, 2, 3, 6, 7, 100].map(|attempts| wait(attempts, file) / MINUTE);
        assert_eq!(waits, [1, 4, 16, 1_024, 1_440, 1_440]);
        let outage = longest(Task::Scan, &Error::Absent);
        let waits = [1, 2, 3, 100].map(|attempts| wait(attempts, outage) / MINUTE);
        assert_eq!(waits, [1, 4, 15, 15]);
    }

    #[test]
    fn output_becomes_one_line_of_text() {
        assert_eq!(text_of(b"  bom\ndia\x1b[0m \xff "), "bom dia [0m \u{fffd}");
        assert_eq!(text_of(&[b'a'; 200_000]).len(), MOST_CHARS);
    }
}
