//! Whether there is room to begin downloads: two marks, so that it is not changed with every file. What is under way
//! may still write is taken off first, and what fills the disk all the same is broken off, so that the database has
//! room to the end. The door does not look here; what it takes waits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::app::App;
use crate::config::Storage;
use crate::db::Error;
use crate::media::MediaId;
use crate::queue::Job;

/// What is reckoned with where a message does not tell its length: most that come are smaller.
const USUAL_BYTES: u64 = 16 << 20;
/// That downloads stopped for want of room, for who looks from another process.
const MARK: &str = "no room for downloads";

/// What was last seen.
pub(super) struct Room {
    pause_below: u64,
    resume_above: u64,
    is_there: bool,
    /// Nothing when the disk does not tell.
    free: Option<u64>,
    reserved: Reserved,
}

/// How long each download that is under way will be, as far as it is told.
type Reserved = Arc<Mutex<HashMap<MediaId, u64>>>;

/// Held while a download is under way.
pub(super) struct Reservation {
    reserved: Reserved,
    id: MediaId,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        lock(&self.reserved).remove(&self.id);
    }
}

fn lock(reserved: &Reserved) -> MutexGuard<'_, HashMap<MediaId, u64>> {
    reserved.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many bytes a media will take: what its message tells, but never more than is taken of any.
pub(super) fn expected_bytes(job: &Job, most: u64) -> u64 {
    job.length_told.unwrap_or(USUAL_BYTES).min(most)
}

/// How much may still be begun.
#[derive(Clone, Copy)]
pub(super) struct Left {
    bytes: u64,
    is_idle: bool,
}

impl Left {
    /// Takes so much of it; false when there is not. The length is the sender's word, so one at a time goes through
    /// whatever it says.
    pub fn take(&mut self, bytes: u64) -> bool {
        let fits = bytes <= self.bytes || self.is_idle;
        if fits {
            self.bytes = self.bytes.saturating_sub(bytes);
            self.is_idle = false;
        }
        fits
    }
}

/// What the disk is to the downloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    AsBefore,
    NoRoom,
    RoomAgain,
    /// So little is left that those under way must end.
    NearlyNone,
}

impl Room {
    pub fn new(settings: &Storage) -> Self {
        Self {
            pause_below: settings.pause_below_bytes,
            resume_above: settings.resume_above_bytes,
            is_there: true,
            free: None,
            reserved: Reserved::default(),
        }
    }

    pub fn is_there(&self) -> bool {
        self.is_there
    }

    /// What is held for a download from now on.
    pub fn reserve(&self, app: &App, job: &Job) -> Reservation {
        let bytes = expected_bytes(job, app.config.fetch.max_file_bytes);
        self.reserve_bytes(&job.id, bytes)
    }

    fn reserve_bytes(&self, id: &MediaId, bytes: u64) -> Reservation {
        lock(&self.reserved).insert(id.clone(), bytes);
        Reservation {
            reserved: Arc::clone(&self.reserved),
            id: id.clone(),
        }
    }

    /// What is left beside what is under way, down to the mark.
    pub fn left(&self, app: &App) -> Left {
        self.left_of(|id| app.progress.bytes(id))
    }

    fn left_of(&self, fetched: impl Fn(&MediaId) -> u64) -> Left {
        let reserved = lock(&self.reserved);
        let to_come = |(id, bytes): (&MediaId, &u64)| bytes.saturating_sub(fetched(id));
        let to_come: u64 = reserved.iter().map(to_come).fold(0, u64::saturating_add);
        let bytes = self.free.map_or(u64::MAX, |free| {
            free.saturating_sub(self.pause_below)
                .saturating_sub(to_come)
        });
        Left {
            bytes,
            is_idle: reserved.is_empty(),
        }
    }

    fn saw(&mut self, free: u64) -> Seen {
        let least = if self.is_there {
            self.pause_below
        } else {
            self.resume_above
        };
        self.free = Some(free);
        let before = std::mem::replace(&mut self.is_there, free >= least);
        match (before, self.is_there) {
            _ if free < self.pause_below / 2 && !lock(&self.reserved).is_empty() => {
                Seen::NearlyNone
            }
            (true, false) => Seen::NoRoom,
            (false, true) => Seen::RoomAgain,
            _ => Seen::AsBefore,
        }
    }
}

/// Looks at the disk. One that does not tell is written to as before, and says itself when it is full.
pub(super) fn look_for_room(app: &Arc<App>, room: &mut Room) {
    let Ok(free_bytes) = app.vault.free_bytes() else {
        room.free = None;
        return;
    };
    let pause_below_bytes = room.pause_below;
    let was_there = room.is_there;
    match room.saw(free_bytes) {
        Seen::AsBefore => {}
        Seen::NoRoom => {
            tracing::error!(
                free_bytes,
                pause_below_bytes,
                "the disk is nearly full: no download begins; webhooks are still taken"
            );
        }
        Seen::RoomAgain => tracing::info!(free_bytes, "there is room again: downloads go on"),
        Seen::NearlyNone => {
            let downloads = app.progress.stop_all();
            if downloads > 0 {
                tracing::error!(
                    free_bytes,
                    downloads,
                    "the disk is all but full: downloads are broken off, and wait for room"
                );
            }
        }
    }
    if was_there != room.is_there {
        note(app, room.is_there);
    }
}

/// Beside, for it may be the database that has no room.
pub(super) fn note(app: &Arc<App>, is_there: bool) {
    let app_of_task = Arc::clone(app);
    app.shutdown.spawn(async move {
        let now = app_of_task.clock.now();
        let writing = app_of_task.db.write(async move |tx| match is_there {
            true => tx.unmark(MARK).await,
            false => tx.mark(MARK, "", now).await,
        });
        if let Err(error) = writing.await {
            tracing::debug!(%error, "that downloads stopped or go on could not be written down");
        }
    });
}

/// Why no download begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// How much is free.
    pub free_bytes: u64,
    /// How much must be, before they go on.
    pub resume_above_bytes: u64,
}

/// Whether no download begins for want of room, as it is seen from any process.
pub async fn stopped_for_room(app: &App) -> Result<Option<Stopped>, Error> {
    let Ok(free_bytes) = app.vault.free_bytes() else {
        return Ok(None);
    };
    let storage = &app.config.storage;
    // Between the marks only the server knows, and one that was killed does not know any more.
    let is_stopped = free_bytes < storage.pause_below_bytes
        || free_bytes < storage.resume_above_bytes
            && App::is_served(&app.data) == Some(true)
            && app.db.marked(MARK).await?.is_some();
    Ok(is_stopped.then_some(Stopped {
        free_bytes,
        resume_above_bytes: storage.resume_above_bytes,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(pause_below_bytes: u64, resume_above_bytes: u64) -> Room {
        Room::new(&Storage {
            pause_below_bytes,
            resume_above_bytes,
            ..Storage::default()
        })
    }

    #[test]
    fn downloads_stop_at_the_low_mark_and_begin_again_at_the_high_one() {
        let mut room = room(10, 20);
        for (free, is_there) in [
            (15, true),
            (10, true),
            (9, false),
            (15, false),
            (19, false),
            (20, true),
            (15, true),
        ] {
            room.saw(free);
            assert_eq!(room.is_there(), is_there, "{free}");
        }
    }

    #[test]
    fn what_is_under_way_is_taken_off_before_more_begins() {
        let mut room = room(100, 200);
        room.saw(1_000);
        let (one, other) = (MediaId("1".to_owned()), MediaId("2".to_owned()));
        let first = room.reserve_bytes(&one, 700);
        let mut left = room.left_of(|_| 0);
        assert!(!left.take(201) && left.take(150) && !left.take(51) && left.take(50));
        // Half of it has come, and the disk knows that.
        room.saw(650);
        assert!(room.left_of(|_| 350).take(200));
        assert!(!room.left_of(|_| 350).take(201));
        drop(first);
        // Alone, one that says that it is longer than the disk is tried all the same.
        let mut left = room.left_of(|_| 0);
        assert!(left.take(u64::MAX) && !left.take(1));
        let _second = room.reserve_bytes(&other, 1);
        assert!(!room.left_of(|_| 0).take(u64::MAX));
    }

    #[test]
    fn downloads_are_broken_off_at_half_of_the_low_mark() {
        let mut room = room(100, 200);
        assert_eq!(room.saw(40), Seen::NoRoom, "nothing is under way");
        let _one = room.reserve_bytes(&MediaId("1".to_owned()), 1);
        assert_eq!(room.saw(50), Seen::AsBefore);
        assert_eq!(room.saw(49), Seen::NearlyNone);
        assert_eq!(room.saw(200), Seen::RoomAgain);
        assert!(room.is_there());
    }
}
