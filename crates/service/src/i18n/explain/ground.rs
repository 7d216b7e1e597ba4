//! Errors of the data folder, the database, the key, files and the HTTP server.

use std::fmt::Display;
use std::path::Path;

use super::super::keys::errors as words;
use super::super::{Language, TextKey};
use super::{Cause, Rest};
use crate::app::ListenError;
use crate::app::writing;
use crate::ops::holds::HoldError;
use crate::ops::{erasure, opening, retention, verify};
use crate::storage::{ConnectError, Found, RemoteCause};
use crate::terminal::plain;
use crate::{app, coordination, db, secrets, storage};

pub(super) fn app(error: &app::Error, lang: Language) -> Cause {
    match error {
        app::Error::Folder { path, .. } => Cause::with(
            lang,
            words::DATA_FOLDER_UNUSABLE,
            words::OTHER_FOLDER,
            &[("path", &path.display())],
        )
        .about_writing(true),
        app::Error::NoData { path } => {
            Cause::new(lang, words::DATA_MISSING, &[("path", &path.display())])
        }
        app::Error::Coordination(error) => coordination(error, lang),
        app::Error::Opening(error) => opening(error, lang),
        app::Error::Db(error) => db(error, lang),
        app::Error::Secrets(error) => secrets(error, lang),
        app::Error::Storage(error) => storage(error, lang),
    }
}

pub(super) fn coordination(error: &coordination::Error, lang: Language) -> Cause {
    let cause = match error {
        coordination::Error::Folder { path, .. } => Cause::with(
            lang,
            words::DATA_FOLDER_UNUSABLE,
            words::OTHER_FOLDER,
            &[("path", &path.display())],
        ),
        coordination::Error::Lock { path, .. } => Cause::with(
            lang,
            words::LOCK_UNUSABLE,
            words::OWN_LOCK,
            &[("path", &path.display())],
        ),
        coordination::Error::Served { path } => Cause::with(
            lang,
            words::SERVER_RUNNING,
            words::END_THE_OTHER,
            &[("path", &path.display())],
        ),
        coordination::Error::Maintenance { path } => Cause::with(
            lang,
            words::FILES_BUSY,
            words::WAIT_AND_AGAIN,
            &[("path", &path.display())],
        ),
        coordination::Error::Importing { path } => Cause::with(
            lang,
            words::IMPORT_RUNNING,
            words::WAIT_AND_AGAIN,
            &[("path", &path.display())],
        ),
    };
    cause.about_writing(writing::of_lease(error))
}

pub(super) fn opening(error: &opening::Error, lang: Language) -> Cause {
    match error {
        opening::Error::NoDatabase { path, trace } => {
            let values: [(&str, &dyn Display); 2] =
                [("path", &path.display()), ("trace", &trace.display())];
            Cause::with(lang, words::DATABASE_MISSING, words::FIND_DATABASE, &values)
        }
        opening::Error::WrongStorage { root, found } => unmatched_storage(root, *found, lang),
        opening::Error::UnknownStorage { root } => {
            let values = [("path", &root.display() as &dyn Display)];
            Cause::with(lang, words::STORAGE_UNKNOWN, words::STORAGE_RIGHT, &values)
        }
        opening::Error::Db(error) => db(error, lang),
        opening::Error::Storage(error) => storage(error, lang),
    }
}

fn unmatched_storage(root: &Path, found: Found, lang: Language) -> Cause {
    let (what, hint) = displaced_storage(found);
    Cause::with(lang, what, hint, &[("path", &root.display())])
}

/// The text and the hint for a displaced storage.
pub fn displaced_storage(found: Found) -> (TextKey, TextKey) {
    match found {
        Found::Missing => (words::STORAGE_MISSING, words::STORAGE_MOUNT),
        Found::Unmarked => (words::STORAGE_UNMARKED, words::STORAGE_MOUNT),
        Found::Other => (words::STORAGE_OF_OTHER_DATABASE, words::STORAGE_RIGHT),
    }
}

pub(super) fn db(error: &db::Error, lang: Language) -> Cause {
    let rest = match engine(error, lang) {
        _ if error.is_not_a_database() || error.is_busy() => Rest::Nothing,
        Some(engine) => Rest::Only(Box::new(engine)),
        None => Rest::Causes,
    };
    Cause {
        rest,
        is_about_writing: writing::of_db(error),
        ..of_db(error, lang)
    }
}

fn of_db(error: &db::Error, lang: Language) -> Cause {
    match error {
        error if error.is_busy() => {
            Cause::with(lang, words::DATABASE_BUSY, words::DATABASE_WAIT, &[])
        }
        db::Error::Unavailable(Some(db::EngineError::Postgres(_))) => Cause::with(
            lang,
            words::DATABASE_SERVER_REFUSES,
            words::DATABASE_CHECK_SERVER,
            &[],
        ),
        db::Error::Conflict(_) => {
            Cause::with(lang, words::DATABASE_CONFLICT, words::DATABASE_REPEAT, &[])
        }
        db::Error::Unavailable(_) => Cause::with(
            lang,
            words::DATABASE_UNAVAILABLE,
            words::DATABASE_MAKE_ROOM,
            &[],
        ),
        db::Error::Uncertain(cause) => of_db(cause, lang),
        db::Error::TooSlow => Cause::with(lang, words::QUERY_TOO_SLOW, words::NARROW_QUERY, &[]),
        db::Error::Displaced { path, found } => {
            let values: [(&str, &dyn Display); 1] = [("path", &path.display())];
            let (what, hint) = displaced(*found);
            Cause::with(lang, what, hint, &values)
        }
        db::Error::TooNew { version } => Cause::with(
            lang,
            words::DATABASE_TOO_NEW,
            words::DATABASE_USE_NEWER,
            &[("version", version)],
        ),
        db::Error::Foreign => Cause::with(
            lang,
            words::DATABASE_FOREIGN,
            words::DATABASE_NAME_RIGHT,
            &[],
        ),
        db::Error::UnsafeSqlite { found } => Cause::with(
            lang,
            words::DATABASE_UNSAFE,
            words::DATABASE_USE_RELEASED,
            &[("found", found)],
        ),
        db::Error::Malformed { column } => Cause::with(
            lang,
            words::DATABASE_MALFORMED,
            words::DATABASE_LOOK,
            &[("column", column)],
        ),
        db::Error::NoCopy { folder, .. } => Cause::with(
            lang,
            words::DATABASE_NO_COPY,
            words::DATABASE_SET_TMPDIR,
            &[("folder", &folder.display())],
        ),
        db::Error::Panicked => {
            Cause::with(lang, words::DATABASE_PANICKED, words::DATABASE_LOOK, &[])
        }
        db::Error::Statement(_) if error.is_not_a_database() => {
            Cause::with(lang, words::NOT_A_DATABASE, words::DATABASE_LOOK, &[])
        }
        db::Error::Statement(_) => Cause::with(
            lang,
            words::DATABASE_STATEMENT_FAILED,
            words::DATABASE_LOOK,
            &[],
        ),
    }
}

/// The text and the hint for a database that is missing but existed.
pub fn no_database() -> (TextKey, TextKey) {
    (words::DATABASE_MISSING, words::FIND_DATABASE)
}

/// The text and the hint for a storage whose files the database does not know.
pub fn unknown_storage() -> (TextKey, TextKey) {
    (words::STORAGE_UNKNOWN, words::STORAGE_RIGHT)
}

/// The engine's error. Its own messages are in English.
fn engine(error: &db::Error, lang: Language) -> Option<Cause> {
    let code = error.engine_code()?;
    let what = match code {
        8 => words::DATABASE_READ_ONLY,
        10 => words::DATABASE_IO,
        11 => words::DATABASE_CORRUPT,
        13 => words::DATABASE_DISK_FULL,
        14 => words::DATABASE_CANNOT_OPEN,
        _ => return None,
    };
    Some(Cause::new(lang, what, &[("code", &code)]))
}

/// The text and the hint for a displaced database.
pub fn displaced(found: db::Found) -> (TextKey, TextKey) {
    use db::Found;
    match found {
        Found::Missing => (words::DATABASE_DISPLACED, words::DATABASE_BRING_BACK),
        Found::Other => (words::DATABASE_REPLACED, words::DATABASE_BRING_BACK),
        Found::Older => (words::DATABASE_OLDER, words::DATABASE_BRING_BACK_OR_RESTART),
        Found::Damaged => (words::DATABASE_DAMAGED, words::DATABASE_RESTORE),
        Found::OtherLog => (words::DATABASE_LOG_REPLACED, words::DATABASE_RESTART),
        Found::Unproven => (words::DATABASE_UNCONFIRMED, words::DATABASE_LOOK),
    }
}

pub(super) fn secrets(error: &secrets::Error, lang: Language) -> Cause {
    match error {
        secrets::Error::KeyFile { path, .. } => Cause::with(
            lang,
            words::KEY_FILE_UNUSABLE,
            words::KEY_OWNER,
            &[("path", &path.display())],
        )
        .about_writing(true),
        secrets::Error::Missing { path } => Cause::with(
            lang,
            words::KEY_MISSING,
            words::KEY_BACK_OR_NEW,
            &[("path", &path.display())],
        ),
        secrets::Error::NotAKey { path } => Cause::with(
            lang,
            words::KEY_INVALID,
            words::KEY_RESTORE,
            &[("path", &path.display())],
        ),
        secrets::Error::Sealed => {
            Cause::with(lang, words::TOKEN_UNDECRYPTABLE, words::KEY_OR_TOKEN, &[])
        }
    }
}

pub(super) fn storage(error: &storage::Error, lang: Language) -> Cause {
    let cause = match error {
        storage::Error::Full(_) => Cause::with(lang, words::DISK_FULL, words::FREE_ROOM, &[]),
        storage::Error::Displaced { root, found } => unmatched_storage(root, *found, lang),
        storage::Error::Linked(path) => Cause::with(
            lang,
            words::PATH_BEHIND_LINK,
            words::LOOK_BEHIND_LINK,
            &[("path", &path.display())],
        ),
        storage::Error::Remote(error) => remote(error.cause, lang),
        storage::Error::NotConnected(error) => not_connected(error, lang),
        storage::Error::Io(_) => {
            Cause::with(lang, words::WRITE_FAILED, words::LOOK_AT_STORAGE, &[])
        }
    };
    cause.about_writing(writing::of_storage(error))
}

fn not_connected(error: &ConnectError, lang: Language) -> Cause {
    let cause = match error {
        ConnectError::NoCredentials => Cause::new(lang, words::BUCKET_CREDENTIALS_MISSING, &[]),
        ConnectError::CredentialsFile { path, .. } => {
            let text = words::BUCKET_CREDENTIALS_UNREADABLE;
            Cause::new(lang, text, &[("path", &path.display())])
        }
        ConnectError::Roots(error) => {
            let text = words::BUCKET_ROOTS_UNUSABLE;
            Cause::new(lang, text, &[("path", &error.path.display())])
        }
        ConnectError::Threads(_) | ConnectError::Settings(_) => {
            Cause::new(lang, words::BUCKET_SETTINGS_UNUSABLE, &[])
        }
    };
    Cause {
        rest: Rest::Nothing,
        ..cause
    }
}

fn remote(cause: RemoteCause, lang: Language) -> Cause {
    let text = match cause {
        RemoteCause::Denied => words::OBJECT_STORAGE_DENIED,
        RemoteCause::NoBucket => words::OBJECT_STORAGE_NO_BUCKET,
        RemoteCause::Unreachable => words::OBJECT_STORAGE_UNREACHABLE,
        RemoteCause::TimedOut => words::OBJECT_STORAGE_TIMED_OUT,
        RemoteCause::Busy => words::OBJECT_STORAGE_BUSY,
        RemoteCause::WrongRegion => words::OBJECT_STORAGE_WRONG_REGION,
        RemoteCause::ClockSkew => words::OBJECT_STORAGE_CLOCK_SKEW,
        RemoteCause::Incomplete => words::OBJECT_STORAGE_INCOMPLETE,
        RemoteCause::Unsupported => words::OBJECT_STORAGE_UNSUPPORTED,
        RemoteCause::Other => words::OBJECT_STORAGE_FAILED,
    };
    Cause {
        rest: Rest::Nothing,
        ..Cause::new(lang, text, &[])
    }
}

pub(super) fn retention(error: &retention::Error, lang: Language) -> Cause {
    match error {
        retention::Error::Db(error) => db(error, lang),
        retention::Error::Coordination(error) => coordination(error, lang),
        retention::Error::Storage(_) => {
            Cause::with(lang, words::REMOVE_FAILED, words::RUN_AGAIN, &[])
        }
        retention::Error::ClockNotTrusted => {
            Cause::with(lang, words::CLOCK_NOT_TRUSTED, words::ACCEPT_CLOCK, &[])
        }
    }
}

pub(super) fn erasure(error: &erasure::Error, lang: Language) -> Cause {
    match error {
        erasure::Error::Db(error) => db(error, lang),
        erasure::Error::Coordination(error) => coordination(error, lang),
        erasure::Error::Storage(_) => {
            Cause::with(lang, words::REMOVE_FAILED, words::RUN_AGAIN, &[])
        }
        erasure::Error::UnknownContact { contact } => Cause::new(
            lang,
            words::UNKNOWN_CONTACT,
            &[("contact", &plain(contact))],
        ),
        erasure::Error::SeveralPeople { id, count } => {
            let values: [(&str, &dyn Display); 2] = [("id", id), ("count", count)];
            Cause::new(lang, words::SEVERAL_PEOPLE, &values)
        }
        erasure::Error::SeveralCountries { contact, known } => {
            let (contact, known) = (plain(contact), known.join(", "));
            let values: [(&str, &dyn Display); 2] = [("contact", &contact), ("known", &known)];
            Cause::new(lang, words::SEVERAL_COUNTRIES, &values)
        }
        erasure::Error::OnHold { hold } => Cause::new(lang, words::ON_HOLD, &[("hold", hold)]),
    }
}

pub(super) fn hold(error: &HoldError, lang: Language) -> Cause {
    match error {
        HoldError::SeveralTargets => Cause::new(lang, words::HOLD_SEVERAL_TARGETS, &[]),
        HoldError::Target => Cause::new(lang, words::HOLD_TARGET_INVALID, &[]),
        HoldError::Reason => Cause::new(lang, words::HOLD_REASON_INVALID, &[]),
        HoldError::NoClient { client } => Cause::with(
            lang,
            words::UNKNOWN_CLIENT,
            words::ADD_CLIENT,
            &[("client", client)],
        ),
        HoldError::Contact(error) => erasure(error, lang),
        HoldError::Db(error) => db(error, lang),
    }
}

pub(super) fn verify(error: &verify::Error, lang: Language) -> Cause {
    match error {
        verify::Error::Db(error) => db(error, lang),
        verify::Error::Coordination(error) => coordination(error, lang),
        verify::Error::Retention(error) => retention(error, lang),
        verify::Error::Panicked(error) => Cause::unknown(error),
        verify::Error::MostMissing { missing, stored } => {
            let values: [(&str, &dyn Display); 2] = [("missing", missing), ("stored", stored)];
            Cause::with(
                lang,
                words::MOST_FILES_MISSING,
                words::ALLOW_MISSING,
                &values,
            )
        }
        verify::Error::FolderMissing { folder, missing } => {
            let folder = format!("media_storage/{}", plain(folder));
            let values: [(&str, &dyn Display); 2] = [("missing", missing), ("folder", &folder)];
            Cause::with(lang, words::FOLDER_MISSING, words::ALLOW_MISSING, &values)
        }
        verify::Error::ManyOrphaned { orphaned, files } => {
            let values: [(&str, &dyn Display); 2] = [("orphaned", orphaned), ("files", files)];
            Cause::with(
                lang,
                words::MANY_FILES_ORPHANED,
                words::ALLOW_ORPHANED,
                &values,
            )
        }
    }
}

pub(super) fn listen(error: &ListenError, lang: Language) -> Cause {
    let values: [(&str, &dyn Display); 1] = [("address", &error.address)];
    Cause::with(lang, words::LISTEN_FAILED, words::OTHER_ADDRESS, &values)
}

pub(super) fn server(error: &app::StartError, lang: Language) -> Cause {
    match error {
        app::StartError::Listen(error) => listen(error, lang),
        app::StartError::NoAddress => Cause::unknown(error),
        app::StartError::App(error) => app(error, lang),
        app::StartError::Coordination(error) => coordination(error, lang),
        app::StartError::Db(error) => db(error, lang),
    }
}
