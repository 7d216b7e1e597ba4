//! Reads the program's database without the program: before it starts on a disk, and what no command prints.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use rusqlite::Error::FromSqlConversionFailure;
use rusqlite::types::Type;
use rusqlite::{Connection, OpenFlags, Row};

use crate::events::{Event, Notification};
use crate::law::{Part, Texts, hex};

/// The name of the database.
pub const FILE: &str = "midiateca.db";

/// A row that says `stored`.
#[derive(Debug)]
pub struct Stored {
    pub message_id: String,
    pub path: String,
    /// In hexadecimal digits.
    pub sha256: String,
}

/// Rows of a database.
#[derive(Debug, Default)]
pub struct Database {
    /// The message of each media, by the media's id.
    pub messages: BTreeMap<String, String>,
    /// By message; of those that have one.
    pub captions: BTreeMap<String, String>,
    pub stored: Vec<Stored>,
    pub parts: Vec<Part>,
    /// The raw deliveries and their long texts that are in rows, each with a name.
    pub bodies: Texts,
    /// In the order of their numbers.
    pub events: Vec<Event>,
    pub notifications: Vec<Notification>,
}

impl Database {
    /// Reads the database of a folder that no program has open, from a copy, because reading it may change it. Empty when
    /// there is none. An error when it is damaged.
    pub fn at_rest(folder: &Path) -> anyhow::Result<Self> {
        let copy = tempfile::tempdir()?;
        for ending in ["", "-wal", "-journal"] {
            let name = format!("{FILE}{ending}");
            if folder.join(&name).exists() {
                std::fs::copy(folder.join(&name), copy.path().join(&name))?;
            }
        }
        let file = copy.path().join(FILE);
        if !file.exists() {
            return Ok(Self::default());
        }
        let connection = Connection::open(file)?;
        let check: String = connection.query_row("pragma integrity_check", [], |row| row.get(0))?;
        anyhow::ensure!(check == "ok", "the database is damaged: {check}");
        Self::read(&connection)
    }

    /// Reads the database of a folder while a program has it open.
    pub fn in_use(folder: &Path) -> anyhow::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        Self::read(&Connection::open_with_flags(folder.join(FILE), flags)?)
    }

    fn read(connection: &Connection) -> anyhow::Result<Self> {
        let tables: i64 = connection.query_row(
            "select count(*) from sqlite_schema where name in ('media', 'deliveries', 'delivery_parts')",
            [],
            |row| row.get(0),
        )?;
        // The first migrations are not committed yet.
        if tables < 3 {
            return Ok(Self::default());
        }
        let stored = "select message_id, path, sha256 from media where status = 'stored'";
        let parts = "select delivery, file, start, length, media is null from delivery_parts where file is not null";
        let bodies = "select 'delivery ' || id, body_lz4, true from deliveries union all
            select 'text ' || delivery || ' ' || n, text, false from delivery_parts where text is not null";
        let pair = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let captions = "select message_id, caption from media where caption is not null";
        Ok(Self {
            messages: rows(connection, "select id, message_id from media", pair)?,
            captions: rows(connection, captions, pair)?,
            stored: rows(connection, stored, |row| {
                Ok(Stored {
                    message_id: row.get(0)?,
                    path: row.get(1)?,
                    sha256: hex(&row.get::<_, Vec<u8>>(2)?),
                })
            })?,
            parts: rows(connection, parts, |row| {
                Ok(Part {
                    delivery: row.get(0)?,
                    file: row.get(1)?,
                    start: usize::try_from(row.get::<_, i64>(2)?).unwrap_or(usize::MAX),
                    length: usize::try_from(row.get::<_, i64>(3)?).unwrap_or(usize::MAX),
                    is_needed: row.get(4)?,
                })
            })?,
            events: rows(
                connection,
                "select seq, kind, media from events order by seq",
                |row| {
                    Ok(Event {
                        seq: row.get(0)?,
                        kind: row.get(1)?,
                        media: row.get(2)?,
                    })
                },
            )?,
            notifications: rows(
                connection,
                "select event, status, attempts from notifications",
                |row| {
                    Ok(Notification {
                        event: row.get(0)?,
                        status: row.get(1)?,
                        attempts: row.get(2)?,
                    })
                },
            )?,
            bodies: rows(connection, bodies, |row| {
                let (name, bytes): (_, Vec<u8>) = (row.get(0)?, row.get(1)?);
                let is_compressed: bool = row.get(2)?;
                let body = is_compressed.then(|| lz4_flex::decompress_size_prepended(&bytes));
                let body = body.unwrap_or(Ok(bytes));
                let wrong = |error| FromSqlConversionFailure(1, Type::Blob, Box::new(error));
                Ok((name, body.map_err(wrong)?))
            })?,
        })
    }
}

fn rows<T, C: FromIterator<T>>(
    connection: &Connection,
    sql: &str,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> anyhow::Result<C> {
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], read)?;
    rows.collect::<Result<_, _>>().context("the database")
}
