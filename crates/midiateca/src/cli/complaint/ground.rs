//! What the program stands on: data folder, database, key, files, door.

use std::fmt::Display;
use std::path::Path;

use super::Told;
use crate::cli::context;
use crate::cli::language::{Language, plain};
use crate::cli::words::{Words, errors as words};
use midiateca_service::app::OpeningError;
use midiateca_service::http::ListenError;
use midiateca_service::ops::{erasure, retention, verify};
use midiateca_service::storage::Found;
use midiateca_service::{app, db, secrets, server, storage};

pub(super) fn context(error: &context::Error, lang: Language) -> Told {
    let context::Error::NoData { path } = error;
    let values = [("path", &path.display() as &dyn Display)];
    Told::with(lang, words::NO_DATA, words::NAME_DATA, &values)
}

pub(super) fn app(error: &app::Error, lang: Language) -> Told {
    match error {
        app::Error::Folder { path, .. } => Told::with(
            lang,
            words::FOLDER,
            words::OTHER_FOLDER,
            &[("path", &path.display())],
        ),
        app::Error::Lock { path, .. } => Told::with(
            lang,
            words::LOCK,
            words::OWN_LOCK,
            &[("path", &path.display())],
        ),
        app::Error::Taken { path } => Told::with(
            lang,
            words::TAKEN,
            words::END_THE_OTHER,
            &[("path", &path.display())],
        ),
        app::Error::Files { path } => Told::with(
            lang,
            words::FILES_HELD,
            words::WAIT_AND_AGAIN,
            &[("path", &path.display())],
        ),
        app::Error::Opening(error) => opening(error, lang),
        app::Error::Importing { path } => Told::with(
            lang,
            words::IMPORT_UNDER_WAY,
            words::WAIT_AND_AGAIN,
            &[("path", &path.display())],
        ),
        app::Error::Db(error) => db(error, lang),
        app::Error::Secrets(error) => secrets(error, lang),
        app::Error::Vault(error) => vault(error, lang),
    }
}

pub(super) fn opening(error: &OpeningError, lang: Language) -> Told {
    match error {
        OpeningError::NoDatabase { path, trace } => {
            let values: [(&str, &dyn Display); 2] =
                [("path", &path.display()), ("trace", &trace.display())];
            Told::with(lang, words::NO_DATABASE, words::FIND_DATABASE, &values)
        }
        OpeningError::WrongStorage { root, found } => storage(root, *found, lang),
        OpeningError::UnknownStorage { root } => {
            let values = [("path", &root.display() as &dyn Display)];
            Told::with(lang, words::STORAGE_UNKNOWN, words::STORAGE_RIGHT, &values)
        }
        OpeningError::Db(error) => db(error, lang),
        OpeningError::Vault(error) => vault(error, lang),
    }
}

fn storage(root: &Path, found: Found, lang: Language) -> Told {
    let (what, hint) = displaced_storage(found);
    Told::with(lang, what, hint, &[("path", &root.display())])
}

/// What is said of a storage that is not the right one, and what to do.
pub(in crate::cli) fn displaced_storage(found: Found) -> (Words, Words) {
    match found {
        Found::Missing => (words::STORAGE_MISSING, words::STORAGE_MOUNT),
        Found::Unmarked => (words::STORAGE_UNMARKED, words::STORAGE_MOUNT),
        Found::Other => (words::STORAGE_OTHER, words::STORAGE_RIGHT),
    }
}

pub(super) fn db(error: &db::Error, lang: Language) -> Told {
    match error {
        error if error.is_busy() => Told::with(lang, words::DB_BUSY, words::DB_WAIT, &[]),
        db::Error::Unavailable(_) => {
            Told::with(lang, words::DB_UNAVAILABLE, words::DB_MAKE_ROOM, &[])
        }
        db::Error::Displaced { path, found } => {
            let values: [(&str, &dyn Display); 1] = [("path", &path.display())];
            let (what, hint) = displaced(*found);
            Told::with(lang, what, hint, &values)
        }
        db::Error::TooNew { version } => Told::with(
            lang,
            words::DB_TOO_NEW,
            words::DB_USE_NEWER,
            &[("version", version)],
        ),
        db::Error::Foreign => Told::with(lang, words::DB_FOREIGN, words::DB_NAME_RIGHT, &[]),
        db::Error::UnsafeSqlite { found } => Told::with(
            lang,
            words::DB_UNSAFE,
            words::DB_USE_RELEASED,
            &[("found", found)],
        ),
        db::Error::Malformed { column } => Told::with(
            lang,
            words::DB_MALFORMED,
            words::DB_LOOK,
            &[("column", column)],
        ),
        db::Error::NoCopy { folder, .. } => Told::with(
            lang,
            words::DB_NO_COPY,
            words::DB_SET_TMPDIR,
            &[("folder", &folder.display())],
        ),
        db::Error::Panicked => Told::with(lang, words::DB_PANICKED, words::DB_LOOK, &[]),
        db::Error::Statement(_) if error.is_not_a_database() => {
            Told::with(lang, words::DB_NOT_ONE, words::DB_LOOK, &[])
        }
        db::Error::Statement(_) => Told::with(lang, words::DB_REFUSED, words::DB_LOOK, &[]),
    }
}

/// What the database engine answered; its own sentences are in English.
pub(super) fn engine(error: &db::Error, lang: Language) -> Option<Told> {
    let code = error.engine_code()?;
    let what = match code {
        8 => words::ENGINE_READ_ONLY,
        10 => words::ENGINE_IO,
        11 => words::ENGINE_CORRUPT,
        13 => words::ENGINE_FULL,
        14 => words::ENGINE_CANNOT_OPEN,
        _ => return None,
    };
    Some(Told::new(lang, what, &[("code", &code)]))
}

/// What is said of a database that is not at its path, and what to do.
pub(in crate::cli) fn displaced(found: db::Found) -> (Words, Words) {
    use db::Found;
    match found {
        Found::Missing => (words::DB_GONE, words::DB_BRING_BACK),
        Found::Other => (words::DB_OTHER, words::DB_BRING_BACK),
        Found::Older => (words::DB_OLDER, words::DB_BRING_BACK_OR_RESTART),
        Found::Damaged => (words::DB_DAMAGED, words::DB_RESTORE),
        Found::OtherLog => (words::DB_OTHER_LOG, words::DB_RESTART),
        Found::Unproven => (words::DB_UNPROVEN, words::DB_LOOK),
    }
}

pub(super) fn secrets(error: &secrets::Error, lang: Language) -> Told {
    match error {
        secrets::Error::KeyFile { path, .. } => Told::with(
            lang,
            words::KEY_FILE,
            words::KEY_OWNER,
            &[("path", &path.display())],
        ),
        secrets::Error::Missing { path } => Told::with(
            lang,
            words::KEY_MISSING,
            words::KEY_BACK_OR_NEW,
            &[("path", &path.display())],
        ),
        secrets::Error::NotAKey { path } => Told::with(
            lang,
            words::NOT_A_KEY,
            words::KEY_RESTORE,
            &[("path", &path.display())],
        ),
        secrets::Error::Sealed => Told::with(lang, words::SEALED, words::KEY_OR_TOKEN, &[]),
    }
}

pub(super) fn vault(error: &storage::Error, lang: Language) -> Told {
    match error {
        storage::Error::Full(_) => Told::with(lang, words::DISK_FULL, words::FREE_ROOM, &[]),
        storage::Error::Displaced { root, found } => storage(root, *found, lang),
        storage::Error::Linked(path) => Told::with(
            lang,
            words::BEHIND_LINK,
            words::LOOK_BEHIND_LINK,
            &[("path", &path.display())],
        ),
        storage::Error::Io(_) => Told::with(lang, words::NOT_WRITTEN, words::LOOK_AT_STORAGE, &[]),
    }
}

pub(super) fn retention(error: &retention::Error, lang: Language) -> Told {
    match error {
        retention::Error::Db(error) => db(error, lang),
        retention::Error::App(error) => app(error, lang),
        retention::Error::Vault(_) => Told::with(lang, words::NOT_REMOVED, words::RUN_AGAIN, &[]),
        retention::Error::ClockNotTrusted => {
            Told::with(lang, words::CLOCK_NOT_TRUSTED, words::ACCEPT_CLOCK, &[])
        }
    }
}

pub(super) fn erasure(error: &erasure::Error, lang: Language) -> Told {
    match error {
        erasure::Error::Db(error) => db(error, lang),
        erasure::Error::App(error) => app(error, lang),
        erasure::Error::Vault(_) => Told::with(lang, words::NOT_REMOVED, words::RUN_AGAIN, &[]),
        erasure::Error::UnknownContact { contact } => {
            Told::new(lang, words::NOBODY, &[("contact", &plain(contact))])
        }
        erasure::Error::SeveralPeople { id, count } => {
            let values: [(&str, &dyn Display); 2] = [("name", id), ("count", count)];
            Told::new(lang, words::SEVERAL_PEOPLE, &values)
        }
        erasure::Error::SeveralCountries { contact, known } => {
            let (contact, held) = (plain(contact), known.join(", "));
            let values: [(&str, &dyn Display); 2] = [("contact", &contact), ("held", &held)];
            Told::new(lang, words::SEVERAL_COUNTRIES, &values)
        }
    }
}

pub(super) fn verify(error: &verify::Error, lang: Language) -> Told {
    use crate::cli::words::scrub as words;
    match error {
        verify::Error::Db(error) => db(error, lang),
        verify::Error::App(error) => app(error, lang),
        verify::Error::Retention(error) => retention(error, lang),
        verify::Error::Panicked(error) => Told::unknown(error),
        verify::Error::MostMissing { missing, stored } => {
            let values: [(&str, &dyn Display); 2] = [("missing", missing), ("stored", stored)];
            Told::with(lang, words::MOST_MISSING, words::ALLOW_MISSING, &values)
        }
        verify::Error::FolderMissing { folder, missing } => {
            let folder = format!("media_storage/{}", plain(folder));
            let values: [(&str, &dyn Display); 2] = [("missing", missing), ("folder", &folder)];
            Told::with(lang, words::FOLDER_MISSING, words::ALLOW_MISSING, &values)
        }
        verify::Error::ManyOrphaned { orphaned, files } => {
            let values: [(&str, &dyn Display); 2] = [("orphaned", orphaned), ("files", files)];
            Told::with(lang, words::MANY_ORPHANED, words::ALLOW_ORPHANED, &values)
        }
    }
}

pub(super) fn listen(error: &ListenError, lang: Language) -> Told {
    let values: [(&str, &dyn Display); 1] = [("address", &error.address)];
    Told::with(lang, words::LISTEN, words::OTHER_ADDRESS, &values)
}

pub(super) fn server(error: &server::Error, lang: Language) -> Told {
    match error {
        server::Error::Listen(error) => listen(error, lang),
        server::Error::NoAddress => Told::unknown(error),
        server::Error::App(error) => app(error, lang),
        server::Error::Db(error) => db(error, lang),
    }
}
