//! Reads another program's SQLite file and never changes it. All values are read as text, because the declared type
//! of a column says little about its content.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{ErrorCode, OpenFlags};

use crate::db::Value;
use crate::disk::with_suffix;

/// The first bytes of every SQLite file (sqlite.org/fileformat.html, section 1.3).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// The header's write version: 2 means write-ahead log.
const WRITE_VERSION_AT: usize = 18;
const COPY: &str = "copy.sqlite3";
/// The suffixes of SQLite's files next to a database.
const LOG: &str = "-wal";
const JOURNAL: &str = "-journal";
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        path: PathBuf,
        source: Arc<std::io::Error>,
    },
    /// The file is not a database.
    #[error("{path} is not a SQLite database")]
    NotADatabase { path: PathBuf },
    /// The database is corrupt.
    #[error("{path} is damaged")]
    Damaged {
        path: PathBuf,
        source: Arc<rusqlite::Error>,
    },
    /// Locked by another process, or refused by the engine for another reason.
    #[error("{path} cannot be read as a database")]
    Refused {
        path: PathBuf,
        source: Arc<rusqlite::Error>,
    },
}

impl Error {
    fn new(path: &Path, source: rusqlite::Error) -> Self {
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
    /// Removed with the last clone.
    _copy: Option<Arc<Copy>>,
}

/// A row with all values as text.
pub struct ForeignRow {
    names: Arc<[String]>,
    cells: Vec<Option<String>>,
}

impl ForeignRow {
    /// None when it is null or the column does not exist.
    pub fn text(&self, column: &str) -> Option<&str> {
        let at = self.names.iter().position(|name| name == column)?;
        self.cells.get(at)?.as_deref()
    }

    /// None when it is not an integer.
    pub fn int(&self, column: &str) -> Option<i64> {
        self.text(column)?.trim().parse().ok()
    }
}

/// A copy of a file that cannot be read without recovering its write-ahead log.
struct Copy(PathBuf);

impl Copy {
    /// Copies the file, and its files with these suffixes, into a private folder.
    fn create(path: &Path, suffixes: &[&str], folder: &Path) -> std::io::Result<Self> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
        let copy = Self(folder.to_owned());
        std::fs::copy(path, folder.join(COPY))?;
        for suffix in suffixes {
            let file = with_suffix(path, suffix);
            if file.exists() {
                std::fs::copy(file, folder.join(format!("{COPY}{suffix}")))?;
            }
        }
        Ok(copy)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // Nothing depends on a leftover copy in the data folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Foreign {
    /// Opens `path` read-only. Uses the folder `scratch` for a copy when the file cannot be read without a change.
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
        // SQLite keeps its files next to the real file, not next to a link.
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
        // With a write-ahead log, or a journal that a crash left, even reading would write files.
        if is_logged || with_suffix(path, JOURNAL).exists() {
            copy = Some(Arc::new(
                Copy::create(path, &[LOG, JOURNAL], scratch).map_err(unreadable)?,
            ));
            opened = scratch.join(COPY);
            flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        }
        let refused = |source: rusqlite::Error| Error::new(named, source);
        let connection = rusqlite::Connection::open_with_flags(opened, flags).map_err(refused)?;
        connection.busy_timeout(PATIENCE).map_err(refused)?;
        if copy.is_some() {
            // The file may have changed during the copy.
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

    /// Empty when the table does not exist.
    pub async fn columns(&self, table: &str) -> Result<Vec<String>, Error> {
        let sql = "select name from pragma_table_info($1)".to_owned();
        let rows = self.rows(sql, vec![Value::from(table)]).await?;
        let name = |row: &ForeignRow| row.text("name").map(str::to_owned);
        Ok(rows.iter().filter_map(name).collect())
    }

    /// User input belongs in `values`.
    pub async fn rows(&self, sql: String, values: Vec<Value>) -> Result<Vec<ForeignRow>, Error> {
        let this = self.clone();
        let reading = tokio::task::spawn_blocking(move || this.rows_now(&sql, &values));
        let outcome = reading.await.unwrap_or(Err(rusqlite::Error::InvalidQuery));
        outcome.map_err(|source| Error::new(&self.path, source))
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

/// Checks early that the file is a database.
pub fn check(path: &Path) -> Result<(), Error> {
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

/// Whether the file uses a write-ahead log; None when it is not a SQLite file.
fn header(path: &Path) -> std::io::Result<Option<bool>> {
    use std::io::Read as _;
    // Opening a pipe would block.
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
