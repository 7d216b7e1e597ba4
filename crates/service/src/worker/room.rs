//! Whether there is room to begin downloads: two marks, so that it is not changed with every file. What is under way
//! may still write is taken off first, and what fills the disk all the same is broken off, so that the database has
//! room to the end. The door does not look here; what it takes waits.

use std::sync::Arc;

use super::outage;
use super::reserved::{Reserved, Whose};
use crate::app::App;
use crate::config::Storage;
use crate::db::{Error, Key};
use crate::model::MediaId;

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

/// How much may still be begun.
#[derive(Clone, Copy)]
pub(super) struct Left {
    bytes: u64,
    is_idle: bool,
}

impl Left {
    /// Takes so much of it; false when there is not.
    pub fn take(&mut self, bytes: u64) -> bool {
        let fits = bytes <= self.bytes;
        if fits {
            self.bytes -= bytes;
        }
        fits
    }

    /// Whether nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.is_idle
    }
}

/// What the disk is to the downloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    AsBefore,
    NoRoom,
    RoomAgain,
    /// There would be room, but for those under way that are longer than was reckoned with.
    Unforeseen,
    /// So little is left that those under way must end.
    NearlyNone,
}

impl Room {
    pub fn new(settings: &Storage) -> Self {
        Self {
            pause_below: settings.pause_below.bytes(),
            resume_above: settings.resume_above.bytes(),
            is_there: true,
            free: None,
            reserved: Reserved::default(),
        }
    }

    pub fn is_there(&self) -> bool {
        self.is_there
    }

    /// What is held for the downloads that are under way.
    pub fn reserved(&self) -> &Reserved {
        &self.reserved
    }

    /// What is left beside what is under way, down to the mark.
    pub fn left(&self, app: &App) -> Left {
        self.left_of(|id| app.progress.bytes(id))
    }

    fn left_of(&self, fetched: impl Fn(&MediaId) -> u64) -> Left {
        let to_come = self.reserved.to_come(fetched);
        let bytes = self.free.map_or(u64::MAX, |free| {
            free.saturating_sub(self.pause_below)
                .saturating_sub(to_come)
        });
        Left {
            bytes,
            is_idle: self.reserved.is_empty(),
        }
    }

    /// What is longer than was reckoned with is broken off at the mark itself, and as if it had never been: else one
    /// such file would stop all others until there is as much room as they need to begin again.
    fn saw(&mut self, free: u64, fetched: impl Fn(&MediaId) -> u64) -> Seen {
        let least = if self.is_there {
            self.pause_below
        } else {
            self.resume_above
        };
        self.free = Some(free);
        let without = free.saturating_add(self.reserved.unforeseen(fetched));
        let before = std::mem::replace(&mut self.is_there, without >= least);
        match (before, self.is_there) {
            _ if free < self.pause_below && without >= self.pause_below => Seen::Unforeseen,
            _ if free < self.pause_below / 2 && !self.reserved.is_empty() => Seen::NearlyNone,
            (true, false) => Seen::NoRoom,
            (false, true) => Seen::RoomAgain,
            _ => Seen::AsBefore,
        }
    }

    /// Breaks off as many as must be, for so much to be free.
    fn break_off(&self, app: &App, whose: Whose, free: u64, mark: u64) -> usize {
        let needed = mark.saturating_sub(free);
        let fetched = |id: &MediaId| app.progress.bytes(id);
        let stop = |id: &MediaId| app.progress.stop_for_space(id);
        self.reserved.break_off(whose, needed, fetched, stop)
    }
}

/// Looks at the disk. One that does not tell is written to as before, and says itself when it is full.
pub(super) fn look_for_room(app: &Arc<App>, room: &mut Room) {
    let Ok(free_bytes) = app.vault.free_bytes() else {
        room.free = None;
        return;
    };
    outage::watch_space(app, free_bytes);
    let pause_below_bytes = room.pause_below;
    let was_there = room.is_there;
    match room.saw(free_bytes, |id| app.progress.bytes(id)) {
        Seen::AsBefore => {}
        Seen::NoRoom => {
            tracing::error!(
                free_bytes,
                pause_below_bytes,
                "the disk is nearly full: no download begins; webhooks are still taken"
            );
        }
        Seen::RoomAgain => tracing::info!(free_bytes, "there is room again: downloads go on"),
        Seen::Unforeseen => {
            let downloads = room.break_off(app, Whose::Unforeseen, free_bytes, pause_below_bytes);
            if downloads > 0 {
                tracing::warn!(
                    free_bytes,
                    downloads,
                    "downloads that are longer than there is room are broken off, and tried again later"
                );
            }
        }
        Seen::NearlyNone => {
            let downloads = room.break_off(app, Whose::All, free_bytes, pause_below_bytes / 2);
            if downloads > 0 {
                tracing::error!(
                    free_bytes,
                    downloads,
                    "the disk is all but full: the largest downloads are broken off, and tried again later"
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
        let writing = app_of_task
            .db
            .write(Key::Nothing, async move |tx| match is_there {
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
    let is_stopped = free_bytes < storage.pause_below.bytes()
        || free_bytes < storage.resume_above.bytes()
            && App::is_served(&app.data) == Some(true)
            && app.db.marked(MARK).await?.is_some();
    Ok(is_stopped.then_some(Stopped {
        free_bytes,
        resume_above_bytes: storage.resume_above.bytes(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Size;

    fn room(pause_below_bytes: u64, resume_above_bytes: u64) -> Room {
        Room::new(&Storage {
            pause_below: Size::from_bytes(pause_below_bytes),
            resume_above: Size::from_bytes(resume_above_bytes),
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
            room.saw(free, |_| 0);
            assert_eq!(room.is_there(), is_there, "{free}");
        }
    }

    #[test]
    fn what_is_under_way_is_taken_off_before_more_begins() {
        let mut room = room(100, 200);
        room.saw(1_000, |_| 0);
        let one = MediaId("1".to_owned());
        let first = room.reserved().hold(&one, 700, false);
        let mut left = room.left_of(|_| 0);
        assert!(!left.take(201) && left.take(150) && !left.take(51) && left.take(50));
        // Half of it has come, and the disk knows that.
        room.saw(650, |_| 350);
        assert!(room.left_of(|_| 350).take(200));
        assert!(!room.left_of(|_| 350).take(201));
        drop(first);
        assert!(room.left_of(|_| 0).is_idle());
        // One that says that it is longer than the disk takes nobody's room.
        let _trial = room.reserved().hold(&one, u64::MAX, true);
        let mut left = room.left_of(|_| 0);
        assert!(left.take(550) && !left.take(1) && !left.is_idle());
    }

    #[test]
    fn downloads_are_broken_off_at_half_of_the_low_mark() {
        let mut room = room(100, 200);
        assert_eq!(room.saw(40, |_| 0), Seen::NoRoom, "nothing is under way");
        let _one = room.reserved().hold(&MediaId("1".to_owned()), 1_000, false);
        assert_eq!(room.saw(50, |_| 900), Seen::AsBefore);
        assert_eq!(room.saw(49, |_| 900), Seen::NearlyNone);
        assert_eq!(room.saw(200, |_| 900), Seen::RoomAgain);
        assert!(room.is_there());
    }

    #[test]
    fn what_is_longer_than_it_said_stops_itself_and_nobody_else() {
        for (said, is_trial) in [(1, false), (1_000, true)] {
            let mut room = room(100, 200);
            room.saw(150, |_| 0);
            let liar = MediaId("1".to_owned());
            let held = room.reserved().hold(&liar, said, is_trial);
            assert_eq!(room.saw(100, |_| 50), Seen::AsBefore);
            assert_eq!(room.saw(90, |_| 60), Seen::Unforeseen);
            let broken = room
                .reserved()
                .break_off(Whose::Unforeseen, 10, |_| 60, |_| true);
            assert_eq!(broken, 1);
            drop(held);
            assert_eq!(room.saw(150, |_| 0), Seen::AsBefore);
            assert!(room.is_there(), "though it is less than would begin anew");
        }
    }
}
