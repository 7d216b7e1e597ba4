//! Whether there is room to begin downloads: two marks, so that it is not changed with every file. The door does not
//! look here; what it takes waits.

use crate::config::Storage;
use crate::vault::Vault;

/// What was last seen.
pub(super) struct Room {
    pause_below: u64,
    resume_above: u64,
    is_there: bool,
}

impl Room {
    pub fn new(settings: &Storage) -> Self {
        Self {
            pause_below: settings.pause_below_bytes,
            resume_above: settings.resume_above_bytes,
            is_there: true,
        }
    }

    pub fn is_there(&self) -> bool {
        self.is_there
    }

    /// Looks at the disk. One that does not tell is written to as before, and says itself when it is full.
    pub fn look(&mut self, vault: &Vault) {
        let Ok(free_bytes) = vault.free_bytes() else {
            return;
        };
        let before = self.is_there;
        self.saw(free_bytes);
        match (before, self.is_there) {
            (true, false) => {
                tracing::error!(
                    free_bytes,
                    pause_below_bytes = self.pause_below,
                    "the disk is nearly full: no download begins; webhooks are still taken"
                );
            }
            (false, true) => tracing::info!(free_bytes, "there is room again: downloads go on"),
            _ => {}
        }
    }

    fn saw(&mut self, free_bytes: u64) {
        let least = if self.is_there {
            self.pause_below
        } else {
            self.resume_above
        };
        self.is_there = free_bytes >= least;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn downloads_stop_at_the_low_mark_and_begin_again_at_the_high_one() {
        let settings = Storage {
            pause_below_bytes: 10,
            resume_above_bytes: 20,
            ..Storage::default()
        };
        let mut room = Room::new(&settings);
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
}
