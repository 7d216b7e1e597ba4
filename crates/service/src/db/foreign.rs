//! Somebody else's SQLite file: read, and never changed. Everything in it is taken as text, for what a column is
//! declared as says little about what lies in it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{ErrorCode, OpenFlags};

use super::Value;

/// The first bytes of every SQLite file (sqlite.org/fileformat.html, section 1.3).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// Where the header says whether it is written through a write-ahead log: 2 if so.
const WRITE_VERSION_AT: usize = 18;
/// What the copy is called.
const COPY: &str = "copy.sqlite3";
/// How the names of what the engine keeps beside a file end.
const LOG: &str = "-wal";
const JOURNAL: &str = "-journal";
const PATIENCE: Duration = Duration::from_secs(10);

/// Why it cannot be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read at all.
    #[error("cannot read {path}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: Arc<std::io::Error>,
    },
    /// It is something else.
    #[error("{path} is not a SQLite database")]
    NotADatabase {
        /// Which file.
        path: PathBuf,
    },
    /// It is damaged.
    #[error("{path} is damaged")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What the engine said.
        source: Arc<rusqlite::Error>,
    },
    /// Somebody holds it, or the engine refuses it for another reason.
    #[error("{path} cannot be read as a database")]
    Refused {
        /// Which file.
        path: PathBuf,
        /// What the engine said.
        source: Arc<rusqlite::Error>,
    },
}

impl Error {
    /// What the engine said of a file.
    fn of(path: &Path, source: rusqlite::Error) -> Self {
        let (path, code) = (path.to_owned(), source.sqlite_error_code());
        let source = Arc::new(source);
        match code {
            Some(ErrorCode::NotADatabase) => Self::NotADatabase { path },
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { path, source },
            _ => Self::Refused { path, source },
        }
    }
}

/// An open file; cheap to clone.
#[derive(Clone)]
pub struct Foreign {
    path: Arc<PathBuf>,
    connection: Arc<Mutex<rusqlite::Connection>>,
    /// Removed when the last clone goes.
    _copy: Option<Arc<Copy>>,
}

/// One row, everything as text.
pub struct ForeignRow {
    names: Arc<[String]>,
    cells: Vec<Option<String>>,
}

impl ForeignRow {
    /// What the column holds; nothing when it is empty or there is none of that name.
    pub fn text(&self, column: &str) -> Option<&str> {
        let at = self.names.iter().position(|name| name == column)?;
        self.cells.get(at)?.as_deref()
    }

    /// What the column holds, if that is a whole number.
    pub fn int(&self, column: &str) -> Option<i64> {
        self.text(column)?.trim().parse().ok()
    }
}

/// A copy of a file whose write-ahead log would have to be taken in before it can be read.
struct Copy(PathBuf);

impl Copy {
    /// Copies the file, and what lies beside it under its name and these endings, into a folder that is only ours to
    /// read.
    fn of(path: &Path, endings: &[&str], folder: &Path) -> std::io::Result<Self> {
        let mut making = std::fs::DirBuilder::new();
        making.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut making, 0o700);
        making.create(folder)?;
        let copy = Self(folder.to_owned());
        std::fs::copy(path, folder.join(COPY))?;
        for end in endings {
            let file = beside(path, end);
            if file.exists() {
                std::fs::copy(file, folder.join(format!("{COPY}{end}")))?;
            }
        }
        Ok(copy)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // What cannot be removed is a copy in the data folder, and nothing depends on it.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Foreign {
    /// Opens `path` for reading. `scratch` is a folder that may be made for a copy, where the file cannot be read
    /// without being changed.
    pub async fn open(path: &Path, scratch: &Path) -> Result<Self, Error> {
        let (path, scratch) = (path.to_owned(), scratch.to_owned());
        let at = path.clone();
        let opening = tokio::task::spawn_blocking(move || Self::open_now(&path, &scratch));
        opening.await.unwrap_or_else(|_| {
            Err(Error::Unreadable {
                path: at,
                source: Arc::new(std::io::ErrorKind::Interrupted.into()),
            })
        })
    }

    fn open_now(named: &Path, scratch: &Path) -> Result<Self, Error> {
        // What the engine keeps beside a file lies beside the file itself, not beside a link to it.
        let real = named.is_symlink().then(|| std::fs::canonicalize(named));
        let real = real.transpose().map_err(|source| Error::Unreadable {
            path: named.to_owned(),
            source: Arc::new(source),
        })?;
        let path = real.as_deref().unwrap_or(named);
        let unreadable = |source: std::io::Error| Error::Unreadable {
            path: path.to_owned(),
            source: Arc::new(source),
        };
        let is_logged = header(path)
            .map_err(unreadable)?
            .ok_or(Error::NotADatabase {
                path: path.to_owned(),
            })?;
        let mut flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut copy = None;
        let mut opened = path.to_owned();
        // With a log, or a journal that a crash left, the engine would write beside the file even to read it.
        if is_logged || beside(path, JOURNAL).exists() {
            copy = Some(Arc::new(
                Copy::of(path, &[LOG, JOURNAL], scratch).map_err(unreadable)?,
            ));
            opened = scratch.join(COPY);
            flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        }
        let refused = |source: rusqlite::Error| Error::of(named, source);
        let connection = rusqlite::Connection::open_with_flags(opened, flags).map_err(refused)?;
        connection.busy_timeout(PATIENCE).map_err(refused)?;
        if copy.is_some() {
            // Somebody may have written while it was copied.
            let sound: String = connection
                .query_row("pragma quick_check(1)", [], |row| row.get(0))
                .map_err(refused)?;
            if sound != "ok" {
                let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
                return Err(refused(rusqlite::Error::SqliteFailure(code, Some(sound))));
            }
        }
        Ok(Self {
            path: Arc::new(named.to_owned()),
            connection: Arc::new(Mutex::new(connection)),
            _copy: copy,
        })
    }

    /// The columns of a table; none when there is no such table.
    pub async fn columns(&self, table: &str) -> Result<Vec<String>, Error> {
        let sql = "select name from pragma_table_info($1)".to_owned();
        let rows = self.rows(sql, vec![Value::from(table)]).await?;
        let name = |row: &ForeignRow| row.text("name").map(str::to_owned);
        Ok(rows.iter().filter_map(name).collect())
    }

    /// All rows of a query. User input belongs in `values`.
    pub async fn rows(&self, sql: String, values: Vec<Value>) -> Result<Vec<ForeignRow>, Error> {
        let this = self.clone();
        let reading = tokio::task::spawn_blocking(move || this.rows_now(&sql, &values));
        let outcome = reading.await.unwrap_or(Err(rusqlite::Error::InvalidQuery));
        outcome.map_err(|source| Error::of(&self.path, source))
    }

    fn rows_now(&self, sql: &str, values: &[Value]) -> Result<Vec<ForeignRow>, rusqlite::Error> {
        let connection = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut statement = connection.prepare_cached(sql)?;
        let names: Arc<[String]> = statement.column_names().map(str::to_owned).collect();
        let mut found = statement.query(rusqlite::params_from_iter(values))?;
        let mut rows = Vec::new();
        while let Some(row) = found.next()? {
            let cells = (0..names.len()).map(|at| row.get_ref(at).map(as_text));
            rows.push(ForeignRow {
                names: Arc::clone(&names),
                cells: cells.collect::<Result<_, _>>()?,
            });
        }
        Ok(rows)
    }
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// Whether there is a database to be read, before anything else is done.
pub fn look(path: &Path) -> Result<(), Error> {
    match header(path) {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(Error::NotADatabase {
            path: path.to_owned(),
        }),
        Err(source) => Err(Error::Unreadable {
            path: path.to_owned(),
            source: Arc::new(source),
        }),
    }
}

/// Whether the file is written through a log; nothing when it is no SQLite file.
fn header(path: &Path) -> std::io::Result<Option<bool>> {
    use std::io::Read as _;
    // A pipe would be waited for.
    if !std::fs::metadata(path)?.is_file() {
        return Ok(None);
    }
    let mut head = Vec::new();
    std::fs::File::open(path)?.take(32).read_to_end(&mut head)?;
    Ok(head
        .starts_with(MAGIC)
        .then(|| head.get(WRITE_VERSION_AT) == Some(&2)))
}

fn as_text(cell: ValueRef<'_>) -> Option<String> {
    match cell {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
    }
}
