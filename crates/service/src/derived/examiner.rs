//! Gives stored files to the operator's programs in the background, one after the other: a transcriber, whose output becomes
//! searchable, and a scanner, whose verdict decides whether a file is served.
//!
//! The log of events says which files were stored, so that nothing is missed while no server runs. A program that fails is run
//! again later; results are written only for a file that is still stored.

use std::time::Duration;

use serde_json::json;

use super::Derived;
use super::tool::{self, Call, Error, Isolation, Limits, PATH};
use crate::clock::{Clock, DAY, MINUTE, Millis};
use crate::config;
use crate::coordination::checkpoint::Checkpoint;
use crate::db::{self, Db, Key};
use crate::events::{self, Event, News};
use crate::media::examinations::{self as table, Due, ScanVerdict, Task};
use crate::media::{self, Media};
use crate::model::MediaKind;
use crate::shutdown::CancellationToken;
use crate::telemetry;

/// How often the log is read without news.
const EVERY: Duration = Duration::from_secs(1);
/// Events that are read at once.
const PAGE: u32 = 500;
/// After that many failures a file is left alone.
const MOST_ATTEMPTS: i64 = 8;
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
        loop {
            let worked = tokio::select! {
                () = cancelled.cancelled() => return,
                worked = self.step() => worked,
            };
            match worked {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::warn!(
                    task = self.task.as_str(),
                    error = telemetry::chain(&error),
                    "stored files cannot be examined now"
                ),
            }
            tokio::select! {
                () = cancelled.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    /// Returns whether there may be more to do.
    async fn step(&self) -> Result<bool, db::Error> {
        let has_more = self.list_new().await?;
        let due = table::next_due(self.db(), self.task, self.clock.now()).await?;
        match due {
            Some(due) => self.examine(due).await.map(|()| true),
            None => Ok(has_more),
        }
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
        event.kind == "media.stored"
    }

    async fn examine(&self, due: Due) -> Result<(), db::Error> {
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
        match self.ask(&media).await {
            Ok(finding) => self.record(&media, finding).await,
            Err(error) => {
                tracing::warn!(
                    media = %media.id,
                    task = self.task.as_str(),
                    attempts = due.attempts + 1,
                    error = telemetry::chain(&error),
                    "a program could not examine a file"
                );
                self.postpone(&media, due.attempts + 1).await
            }
        }
    }

    async fn ask(&self, media: &Media) -> Result<Finding, Error> {
        let (program, arguments) = self.command.split_first().ok_or(Error::Absent)?;
        let program = tool::find(program).ok_or(Error::Absent)?;
        let file = media
            .path()
            .and_then(|path| self.derived.storage.absolute(path));
        let mut arguments = arguments.to_vec();
        if !arguments.iter().any(|argument| argument.contains(PATH)) {
            arguments.push(PATH.to_owned());
        }
        let call = Call {
            program: &program,
            arguments: &arguments,
            file: &file.ok_or(Error::Absent)?,
            limits: Limits {
                time: self.settings.command_timeout.duration(),
                memory_bytes: self.settings.command_memory.bytes(),
                output_bytes: 1 << 20,
                file_bytes: 1 << 30,
            },
            isolation: Isolation::Plain,
        };
        let mut output = Vec::new();
        let ran = tool::run(&call, None, |piece| output.extend_from_slice(piece)).await;
        match (self.task, ran) {
            (Task::Transcribe, Ok(())) => Ok(Finding::Transcript(text_of(&output))),
            (Task::Scan, Ok(())) => Ok(Finding::Scan(ScanVerdict::Clean)),
            (Task::Scan, Err(Error::Failed(Some(INFECTED)))) => {
                Ok(Finding::Scan(ScanVerdict::Infected))
            }
            (_, Err(error)) => Err(error),
        }
    }

    async fn record(&self, media: &Media, finding: Finding) -> Result<(), db::Error> {
        let (task, media, now) = (self.task, media.clone(), self.clock.now());
        let recording = self.db().write(Key::Everything, async move |tx| {
            table::end(tx, task, &media.id).await?;
            let stored = media::sha256_of_stored(tx, &media.id).await?;
            let Some(sha256) = stored.filter(|sha256| media.sha256 == Some(*sha256)) else {
                return Ok(());
            };
            match &finding {
                Finding::Transcript(text) if text.is_empty() => Ok(()),
                Finding::Transcript(text) => table::set_transcript(tx, &media.id, text, now).await,
                Finding::Scan(verdict) => {
                    if *verdict == ScanVerdict::Infected {
                        events::append(tx, now, infected(&media));
                    }
                    table::set_verdict(tx, &media.id, sha256, *verdict, now).await
                }
            }
        });
        recording.await
    }

    async fn postpone(&self, media: &Media, attempts: i64) -> Result<(), db::Error> {
        let (task, media, now) = (self.task, media.clone(), self.clock.now());
        let postponing = self.db().write(Key::Everything, async move |tx| {
            if let (Task::Scan, Some(sha256)) =
                (task, media::sha256_of_stored(tx, &media.id).await?)
            {
                table::set_verdict(tx, &media.id, sha256, ScanVerdict::Error, now).await?;
            }
            // A scanner that was down for days still has to see every file.
            if task == Task::Transcribe && attempts >= MOST_ATTEMPTS {
                return table::end(tx, task, &media.id).await;
            }
            table::postpone(tx, task, &media.id, now + wait(attempts)).await
        });
        postponing.await
    }
}

/// A minute, which grows fourfold up to a day.
fn wait(attempts: i64) -> Millis {
    let exponent = u32::try_from(attempts - 1).unwrap_or(0).min(8);
    (MINUTE * 4_i64.pow(exponent)).min(DAY)
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
        kind: "media.infected",
        client: Some(media.client),
        instance: Some(media.instance.as_str()),
        media: Some(media.id.as_str()),
        data: json!({"kind": media.kind.as_str(), "path": media.path(), "size": media.size}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_repeated_later_and_later() {
        let waits = [1, 2, 3, 6, 7, 100].map(|attempts| wait(attempts) / MINUTE);
        assert_eq!(waits, [1, 4, 16, 1_024, 1_440, 1_440]);
    }

    #[test]
    fn output_becomes_one_line_of_text() {
        assert_eq!(text_of(b"  bom\ndia\x1b[0m \xff "), "bom dia [0m \u{fffd}");
        assert_eq!(text_of(&[b'a'; 200_000]).len(), MOST_CHARS);
    }
}
