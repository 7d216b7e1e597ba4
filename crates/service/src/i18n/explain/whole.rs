//! Errors of imports, backups and other programs' databases.

use std::fmt::Display;

use super::super::Language;
use super::super::keys::errors as words;
use super::Cause;
use super::ground::{coordination, db, opening, secrets, storage};
use crate::db::foreign;
use crate::instances::LARGEST_CLIENT;
use crate::ops::backup;
use crate::ops::clients::ClientError;
use crate::ops::import::multichat;
use crate::terminal::plain;

pub(super) fn takeover(error: &multichat::Error, lang: Language) -> Cause {
    use multichat::Error;
    match error {
        Error::Foreign(error) => foreign(error, lang),
        Error::OtherDatabase { path, table } => Cause::new(
            lang,
            words::IMPORT_OTHER_DATABASE,
            &[("path", &path.display()), ("table", table)],
        ),
        Error::Media { path, .. } => Cause::with(
            lang,
            words::READ_FAILED,
            words::SEE_OWNER,
            &[("path", &path.display())],
        ),
        Error::OwnStorage { path } => Cause::new(
            lang,
            words::IMPORT_OWN_STORAGE,
            &[("path", &path.display())],
        ),
        Error::Stopped => Cause::new(lang, words::IMPORT_STOPPED, &[]),
        Error::Conflicts(conflicts) => {
            let each = conflicts.iter().map(|it| conflict(it, lang));
            let all = each.collect::<Vec<_>>().join("; ");
            let (what, hint) = (words::IMPORT_CONFLICTS, words::IMPORT_CONFLICTS_HINT);
            Cause::with(lang, what, hint, &[("conflicts", &all)])
        }
        Error::NotEnoughSpace {
            mode,
            needed,
            free,
            floor,
        } => Cause::new(
            lang,
            match mode {
                multichat::Mode::Link => words::IMPORT_NO_SPACE_TO_LINK,
                multichat::Mode::Copy | multichat::Mode::DryRun => words::IMPORT_NO_SPACE,
            },
            &[
                ("needed", &lang.bytes(*needed)),
                ("free", &lang.bytes(*free)),
                ("floor", &lang.bytes(*floor)),
            ],
        ),
        Error::Db(error) => db(error, lang),
        Error::Secrets(error) => secrets(error, lang),
        Error::Coordination(error) => coordination(error, lang),
        Error::Storage(error) => storage(error, lang),
    }
}

fn conflict(conflict: &multichat::Conflict, lang: Language) -> String {
    match conflict {
        multichat::Conflict::Client { id, theirs, ours } => lang.fill(
            words::IMPORT_CONFLICT_CLIENT,
            &[
                ("id", id),
                ("theirs", &plain(theirs)),
                ("ours", &plain(ours)),
            ],
        ),
        multichat::Conflict::Instance { id, theirs, ours } => lang.fill(
            words::IMPORT_CONFLICT_INSTANCE,
            &[("id", &plain(id)), ("theirs", theirs), ("ours", ours)],
        ),
    }
}

pub(super) fn client(error: &ClientError, lang: Language) -> Cause {
    match error {
        ClientError::Name => Cause::new(lang, words::CLIENT_NO_NAME, &[]),
        ClientError::Number { number } => {
            let values: [(&str, &dyn Display); 2] =
                [("number", number), ("largest", &LARGEST_CLIENT)];
            Cause::new(lang, words::CLIENT_NUMBER, &values)
        }
        ClientError::Taken { name } => {
            Cause::new(lang, words::CLIENT_TAKEN, &[("name", &plain(name))])
        }
        ClientError::Removed { client } => {
            let name = plain(&client.name);
            let values: [(&str, &dyn Display); 2] = [("client", &client.id), ("name", &name)];
            Cause::new(lang, words::CLIENT_NUMBER_REMOVED, &values)
        }
        ClientError::NoClient { client } => Cause::with(
            lang,
            words::UNKNOWN_CLIENT,
            words::LIST_CLIENTS,
            &[("client", client)],
        ),
        ClientError::HasMedia { client, media } => Cause::with(
            lang,
            words::CLIENT_HAS_MEDIA,
            words::REMOVE_CLIENT_AND_KEEP_FILES,
            &[("client", client), ("media", media)],
        ),
        ClientError::Db(error) => db(error, lang),
    }
}

pub(super) fn foreign(error: &foreign::Error, lang: Language) -> Cause {
    match error {
        foreign::Error::Unreadable { path, .. } => {
            Cause::new(lang, words::READ_FAILED, &[("path", &path.display())])
        }
        foreign::Error::NotADatabase { path } => {
            Cause::new(lang, words::NOT_SQLITE, &[("path", &path.display())])
        }
        foreign::Error::Damaged { path, .. } => {
            Cause::new(lang, words::SOURCE_DAMAGED, &[("path", &path.display())])
        }
        foreign::Error::Refused { path, .. } => Cause::with(
            lang,
            words::READ_FAILED,
            words::COPY_DATABASE,
            &[("path", &path.display())],
        ),
    }
}

pub(super) fn backup(error: &backup::Error, lang: Language) -> Cause {
    use backup::Error;
    let (key, path) = match error {
        Error::Db(error) => return db(error, lang),
        Error::Opening(error) => return opening(error, lang),
        Error::Io { path, source } if is_retryable(source) => {
            let values: [(&str, &dyn std::fmt::Display); 1] = [("path", &path.display())];
            return Cause::with(lang, words::PATH_UNUSABLE, words::BACKUP_RUN_AGAIN, &values);
        }
        Error::Within { target, other } => {
            return Cause::new(
                lang,
                words::BACKUP_WITHIN_DATA,
                &[("target", &target.display()), ("other", &other.display())],
            );
        }
        Error::NoSpace { path, needed, free } => {
            return Cause::new(
                lang,
                words::BACKUP_NO_SPACE,
                &[
                    ("path", &path.display()),
                    ("needed", &lang.bytes(*needed)),
                    ("free", &lang.bytes(*free)),
                ],
            );
        }
        Error::Damaged { problem } => {
            let values: [(&str, &dyn std::fmt::Display); 1] = [("problem", problem)];
            return Cause::new(lang, words::BACKUP_DATABASE_DAMAGED, &values);
        }
        Error::NotAFile(place) => {
            let values: [(&str, &dyn std::fmt::Display); 1] = [("place", &place.display())];
            return Cause::with(
                lang,
                words::BACKUP_OF_SERVER,
                words::BACKUP_WITH_PG_DUMP,
                &values,
            );
        }
        Error::Io { path, .. } => (words::PATH_UNUSABLE, path),
        Error::Foreign(path) => (words::BACKUP_TARGET_FOREIGN, path),
        Error::NotAFolder(path) => (words::BACKUP_TARGET_NOT_A_DIRECTORY, path),
        Error::NoKey(path) => (words::BACKUP_KEY_MISSING, path),
        Error::WrongKey(path) => (words::BACKUP_WRONG_KEY, path),
        Error::Absent(path) => (words::BACKUP_TARGET_MISSING, path),
        Error::OtherDatabase(path) => (words::BACKUP_OTHER_DATABASE, path),
        Error::Busy(path) => (words::BACKUP_RUNNING, path),
    };
    Cause::new(lang, key, &[("path", &path.display())])
}

/// Whether the same command may succeed later without a change.
fn is_retryable(error: &std::io::Error) -> bool {
    use std::io::ErrorKind as K;
    matches!(
        error.kind(),
        K::Interrupted
            | K::TimedOut
            | K::WouldBlock
            | K::ResourceBusy
            | K::StaleNetworkFileHandle
            | K::HostUnreachable
            | K::NetworkUnreachable
            | K::NetworkDown
            | K::ConnectionReset
            | K::ConnectionAborted
    )
}
