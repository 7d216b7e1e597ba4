//! Checks that the database at its path is still the open one.
//!
//! A deleted, renamed or replaced database stays open, and commits to it succeed, but the next process that opens the
//! path does not find them. So the committer checks the path before and after every group. Device, inode, length and
//! time only trigger the real check, because some file systems change them: a new commit is written through the open
//! connection, the write-ahead log is written back, and the file is read again by its path.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::reader::Readers;
use super::state::{Found, Stamp, State, displaced, id, length, stamp};
use crate::db::Error;
use crate::disk::{FileId, with_suffix};

/// The write-ahead log's magic number, header length and frame header length (sqlite.org/fileformat.html).
const LOG_MAGIC: u32 = 0x377f_0682;
const LOG_HEADER_BYTES: u64 = 32;
const FRAME_HEADER_BYTES: u64 = 24;
/// The expensive checks (the index, and the header of a log that does not look truncated) are repeated only after
/// this long.
const EXAMINATION_LASTS: Duration = Duration::from_millis(20);
/// Another process may be writing the log back during a read.
const READS: usize = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamps {
    database: Option<Stamp>,
    log: Option<Stamp>,
    index: Option<Stamp>,
}

impl Stamps {
    /// Ignores the log's and the index's times and lengths, which every commit changes, and the database's blocks,
    /// which some file systems allocate later.
    fn files(&self) -> (Option<Stamp>, Option<FileId>, Option<FileId>) {
        let database = self.database.map(|stamp| Stamp { blocks: 0, ..stamp });
        (database, id(self.log), id(self.index))
    }

    /// Whether the log grew after it was truncated in place: the hole before the new frames has no blocks.
    fn has_hole_in_log(&self, before: &Self) -> bool {
        let blocks = |stamp: Option<Stamp>| stamp.map_or(0, |stamp| stamp.blocks);
        length(self.log) > length(before.log) && blocks(self.log) <= blocks(before.log)
    }
}

/// Identifies a database and its last commit.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seal {
    id: String,
    commits: i64,
    nonce: i64,
}

impl Seal {
    fn read(connection: &Connection) -> Result<Self, Error> {
        let rows = connection.rows("select id, commits, nonce from identity", &[])?;
        let row = rows.first().ok_or(Error::Malformed {
            column: "identity.id".to_owned(),
        })?;
        Ok(Self {
            id: row.text("id")?,
            commits: row.int("commits")?,
            nonce: row.int("nonce")?,
        })
    }

    /// The file's own state, without its write-ahead log.
    fn in_file(path: &Path) -> Result<Self, Error> {
        let mut read = Self::read(&Connection::open_file_only(path)?);
        for _ in 1..READS {
            if read.is_ok() {
                break;
            }
            read = Self::read(&Connection::open_file_only(path)?);
        }
        read
    }
}

/// Numbers the group that is about to commit.
pub(super) fn count_commit(connection: &Connection) -> Result<(), Error> {
    let sql = "update identity set commits = commits + 1, nonce = $1";
    let nonce: i64 = rand::random();
    connection.run(sql, &[nonce.into()]).map(drop)
}

/// Watches the files of the writing connection.
pub(super) struct Watch {
    path: PathBuf,
    log: PathBuf,
    index: PathBuf,
    id: String,
    known: Stamps,
    /// A commit number that is known to be in the file itself.
    folded: Option<i64>,
    /// When the index and the log's header were last read.
    examined_at: Option<Instant>,
    /// The last refusal, so that the same state is not examined again.
    refused: Option<(Stamps, Found)>,
    /// The last commit of a connection that was closed and could not be reopened.
    closed_at: Option<Seal>,
    state: State,
}

impl Watch {
    /// Starts with the files of a connection that was just opened.
    pub fn new(path: &Path, connection: &Connection) -> Result<Self, Error> {
        let mut watch = Self {
            path: path.to_owned(),
            log: with_suffix(path, "-wal"),
            index: with_suffix(path, "-shm"),
            // With a damaged identity the rest of the database can still be examined.
            id: Seal::read(connection).map_or_else(|_| String::new(), |seal| seal.id),
            known: Stamps {
                database: None,
                log: None,
                index: None,
            },
            folded: None,
            examined_at: None,
            refused: None,
            closed_at: None,
            state: State::default(),
        };
        watch.accept();
        if watch.folded.is_none() {
            // No checkpoint ran since the table was created.
            connection.rows("pragma wal_checkpoint(passive)", &[])?;
            watch.accept();
        }
        Ok(watch)
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn state(&self) -> State {
        self.state.clone()
    }

    fn stat(&self) -> Stamps {
        Stamps {
            database: stamp(&self.path),
            log: stamp(&self.log),
            index: stamp(&self.index),
        }
    }

    fn stat_database_and_log(&self) -> Stamps {
        Stamps {
            database: stamp(&self.path),
            log: stamp(&self.log),
            index: self.known.index,
        }
    }

    /// Accepts the files at the path as the open database.
    fn accept(&mut self) {
        self.known = self.stat();
        self.folded = Seal::in_file(&self.path).ok().map(|seal| seal.commits);
        self.refused = None;
        self.state.set_database(id(self.known.database));
    }

    /// Checks that the database at the path is the open one. Reopens a connection whose write-ahead log was removed.
    pub fn check(
        &mut self,
        connection: &mut Rc<Connection>,
        readers: &Readers,
    ) -> Result<(), Error> {
        let is_due = |at: Instant| at.elapsed() >= EXAMINATION_LASTS;
        let is_due = self.examined_at.is_none_or(is_due) || self.refused.is_some();
        let found = if is_due {
            self.stat()
        } else {
            self.stat_database_and_log()
        };
        let checked = self.compare(&found, is_due, connection, readers);
        if is_due {
            self.examined_at = checked.is_ok().then(Instant::now);
        }
        if let Err(refusal) = checked
            && refusal != Found::Unproven
        {
            self.refused = Some((found, refusal));
        }
        self.note(checked.err());
        checked.map_err(|found| displaced(&self.path, found))
    }

    fn compare(
        &mut self,
        found: &Stamps,
        is_examined: bool,
        connection: &mut Rc<Connection>,
        readers: &Readers,
    ) -> Result<(), Found> {
        let is_open = self.closed_at.is_none();
        if is_open && found.files() == self.known.files() {
            let log = length(found.log);
            let is_shorter = log < length(self.known.log);
            let is_suspect = is_examined || is_shorter || found.has_hole_in_log(&self.known);
            if is_shorter && !is_log_complete(connection, &self.log)
                || is_suspect && log > 0 && !has_header(&self.log)
            {
                return Err(Found::OtherLog);
            }
            self.known = *found;
            return Ok(());
        }
        if let Some((refused, why)) = &self.refused
            && refused.files() == found.files()
        {
            return Err(*why);
        }
        if found.database.is_none() {
            return Err(Found::Missing);
        }
        let in_file = self.read_file()?;
        let is_same_file = id(found.database) == id(self.known.database)
            && id(found.log) == id(self.known.log)
            && id(found.index) == id(self.known.index);
        if is_same_file && is_open {
            // A checkpoint ran, most often by this connection.
            self.folded = in_file.map(|seal| seal.commits).or(self.folded);
            self.known = *found;
            return Ok(());
        }
        let last = match &self.closed_at {
            Some(last) => last.clone(),
            None => self.find_last(found, connection, in_file.as_ref())?,
        };
        let needs_log = in_file.is_some_and(|seal| seal.commits < last.commits);
        self.reopen(connection, readers, last, needs_log)
    }

    /// The commit that a reopened database must have.
    fn find_last(
        &self,
        found: &Stamps,
        connection: &Connection,
        in_file: Option<&Seal>,
    ) -> Result<Seal, Found> {
        let last = Seal::read(connection).map_err(|_| Found::Unproven)?;
        let is_other_file = id(found.database) != id(self.known.database);
        let is_same_log = found.log.is_some() && id(found.log) == id(self.known.log);
        // A copy replaced the file, and the log that completes it still exists. A checkpoint through the connection
        // would empty the log into the deleted file.
        if is_other_file && is_same_log && in_file.is_some_and(|seal| *seal != last) {
            return Ok(last);
        }
        self.prove(connection, in_file, last)
    }

    /// The state of the file at the path. None when it is undetermined: the log is not written back, or only in part
    /// because of a reader. Fails when it cannot be the open database.
    fn read_file(&self) -> Result<Option<Seal>, Found> {
        let is_shorter = length(stamp(&self.path)) < length(self.known.database);
        match Seal::in_file(&self.path) {
            Ok(seal) if seal.id != self.id => Err(Found::Other),
            Ok(seal) if self.folded.is_some_and(|folded| seal.commits < folded) => {
                Err(Found::Older)
            }
            Ok(seal) => Ok(Some(seal)),
            Err(_) if is_shorter => Err(Found::Damaged),
            Err(error) if self.folded.is_none() || error.is_inconsistent() => Ok(None),
            Err(_) => Err(Found::Damaged),
        }
    }

    /// Proves that a commit through the connection reaches the file at the path, or that the last one was there
    /// before. Returns the last commit that is there.
    fn prove(
        &self,
        connection: &Connection,
        before: Option<&Seal>,
        last: Seal,
    ) -> Result<Seal, Found> {
        let unproven = |_| Found::Unproven;
        connection.batch("begin immediate").map_err(unproven)?;
        let counted = count_commit(connection).and_then(|()| connection.batch("commit"));
        if counted.is_err() {
            // The engine may have rolled back already.
            let _ = connection.batch("rollback");
            return Err(Found::Unproven);
        }
        let now = Seal::read(connection).map_err(unproven)?;
        if !connection.fold().map_err(unproven)? {
            return Err(Found::Unproven);
        }
        let is_log_empty = length(stamp(&self.log)) == 0;
        match Seal::in_file(&self.path) {
            Ok(seal) if seal == now && is_log_empty => Ok(now),
            Ok(seal) if seal == now => Err(Found::OtherLog),
            // A copy of the last state replaced the file.
            Ok(_) if before == Some(&last) && is_log_empty => Ok(last),
            Ok(_) => Err(Found::Older),
            Err(_) => Err(Found::Other),
        }
    }

    /// Closes every connection of this process and opens the file at the path, which must contain this commit.
    fn reopen(
        &mut self,
        connection: &mut Rc<Connection>,
        readers: &Readers,
        last: Seal,
        needs_log: bool,
    ) -> Result<(), Found> {
        let Some(_places) = readers.close_idle() else {
            return Err(Found::Unproven);
        };
        if self.closed_at.is_none() {
            connection.leave_files_alone();
            *connection = Rc::new(Connection::in_memory().map_err(|_| Found::Unproven)?);
            self.closed_at = Some(last.clone());
        }
        let opened = Connection::open_existing(&self.path, readers.busy_timeout())
            .map_err(|_| Found::Unproven)?;
        if let Err(found) = examine(&opened, &last, needs_log) {
            opened.leave_files_alone();
            return Err(found);
        }
        *connection = Rc::new(opened);
        self.closed_at = None;
        self.accept();
        tracing::warn!(path = %self.path.display(), "the database was opened again, because its files changed");
        Ok(())
    }

    /// Before the connection is closed: leaves another database's files at the path alone.
    pub fn before_close(&self, connection: &Connection) {
        let found = self.stat();
        if id(found.database) != id(self.known.database) || id(found.log) != id(self.known.log) {
            connection.leave_files_alone();
        }
    }

    /// Logs a change once.
    fn note(&self, found: Option<Found>) {
        let before = self.state.replace_found(found);
        let path = self.path.display();
        match (before, found) {
            (None, Some(found)) => tracing::error!(
                %path,
                found = found.as_str(),
                "the database at its path is not the open one; nothing is acknowledged until it is back"
            ),
            (Some(_), None) => tracing::info!(%path, "the database is back at its path"),
            _ => {}
        }
    }
}

/// Checks that a reopened database has the last commit, and that a copy and a log together are sound.
fn examine(opened: &Connection, last: &Seal, needs_log: bool) -> Result<(), Found> {
    let unproven = |_| Found::Unproven;
    let seal = Seal::read(opened).map_err(unproven)?;
    if seal.id != last.id {
        return Err(Found::Other);
    }
    if seal.commits < last.commits {
        return Err(Found::Older);
    }
    if needs_log {
        let rows = opened
            .rows("pragma quick_check(1)", &[])
            .map_err(unproven)?;
        let first = rows.first().map(|row| row.text("quick_check"));
        match first {
            Some(Ok(said)) if said == "ok" => {}
            _ => return Err(Found::Damaged),
        }
    }
    Ok(())
}

/// Whether a log begins with a valid header, and not with the hole after a truncation.
fn has_header(log: &Path) -> bool {
    let mut magic = [0; 4];
    let read = std::fs::File::open(log).and_then(|mut file| file.read_exact(&mut magic));
    // The last bit is the byte order of checksums.
    read.is_err() || u32::from_be_bytes(magic) & !1 == LOG_MAGIC
}

/// Whether the log is long enough for the frames that the engine expects. Another process may have written it back
/// and truncated it, or be doing so.
fn is_log_complete(connection: &Connection, log: &Path) -> bool {
    let expected = || -> Result<u64, Error> {
        let rows = connection.rows("pragma wal_checkpoint(noop)", &[])?;
        let frames = rows.first().map_or(Ok(0), |row| row.int("log"))?;
        let rows = connection.rows("pragma page_size", &[])?;
        let page = rows.first().map_or(Ok(0), |row| row.count("page_size"))?;
        Ok(match u64::try_from(frames) {
            Ok(frames) if frames > 0 => LOG_HEADER_BYTES + frames * (page + FRAME_HEADER_BYTES),
            _ => 0,
        })
    };
    (0..READS).any(|_| expected().is_ok_and(|bytes| length(stamp(log)) >= bytes))
}
