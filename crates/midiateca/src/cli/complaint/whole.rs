//! What reads or writes everything at once: a takeover, a backup, somebody else's database.

use super::Told;
use super::ground::{app, db, opening, vault};
use crate::cli::language::Language;
use crate::cli::words::{backup as backups, errors as words, import};
use midiateca_service::db::foreign;
use midiateca_service::ops::backup;
use midiateca_service::ops::import::multichat;

pub(super) fn takeover(error: &multichat::Error, lang: Language) -> Told {
    use multichat::Error;
    let bytes = |count| indicatif::HumanBytes(count).to_string();
    match error {
        Error::Foreign(error) => foreign(error, lang),
        Error::OtherDatabase { path, table } => Told::new(
            lang,
            import::OTHER_DATABASE,
            &[("path", &path.display()), ("table", table)],
        ),
        Error::Media { path, .. } => Told::with(
            lang,
            words::UNREADABLE,
            words::SEE_OWNER,
            &[("path", &path.display())],
        ),
        Error::OwnStorage { path } => {
            Told::new(lang, import::OWN_STORAGE, &[("path", &path.display())])
        }
        Error::Stopped => Told::new(lang, import::STOPPED, &[]),
        Error::Conflicts(_) => Told::new(lang, import::CONFLICTS, &[]),
        Error::NoRoom {
            taking,
            needed,
            free,
            floor,
        } => Told::new(
            lang,
            match taking {
                multichat::Taking::Link => import::NO_ROOM_TO_LINK,
                multichat::Taking::Copy | multichat::Taking::DryRun => import::NO_ROOM,
            },
            &[
                ("needed", &bytes(*needed)),
                ("free", &bytes(*free)),
                ("floor", &bytes(*floor)),
            ],
        ),
        Error::Db(error) => db(error, lang),
        Error::App(error) => app(error, lang),
        Error::Vault(error) => vault(error, lang),
    }
}

pub(super) fn foreign(error: &foreign::Error, lang: Language) -> Told {
    match error {
        foreign::Error::Unreadable { path, .. } => {
            Told::new(lang, words::UNREADABLE, &[("path", &path.display())])
        }
        foreign::Error::NotADatabase { path } => {
            Told::new(lang, import::NOT_A_DATABASE, &[("path", &path.display())])
        }
        foreign::Error::Damaged { path, .. } => {
            Told::new(lang, import::DAMAGED, &[("path", &path.display())])
        }
        foreign::Error::Refused { path, .. } => Told::with(
            lang,
            words::UNREADABLE,
            words::MEND_COPY,
            &[("path", &path.display())],
        ),
    }
}

pub(super) fn backup(error: &backup::Error, lang: Language) -> Told {
    use backup::Error;
    match error {
        Error::Db(error) => db(error, lang),
        Error::Opening(error) => opening(error, lang),
        Error::Io { path, source } => {
            let values: [(&str, &dyn std::fmt::Display); 1] = [("path", &path.display())];
            match heals(source) {
                true => Told::with(lang, words::UNUSABLE, backups::AGAIN, &values),
                false => Told::new(lang, words::UNUSABLE, &values),
            }
        }
        Error::Within { target, other } => Told::new(
            lang,
            backups::WITHIN,
            &[("target", &target.display()), ("other", &other.display())],
        ),
        Error::Foreign { path } => Told::new(lang, backups::FOREIGN, &[("path", &path.display())]),
        Error::NotAFolder { path } => {
            Told::new(lang, backups::NOT_A_FOLDER, &[("path", &path.display())])
        }
        Error::NoKey { path } => Told::new(lang, backups::NO_KEY, &[("path", &path.display())]),
        Error::WrongKey { path } => {
            Told::new(lang, backups::WRONG_KEY, &[("path", &path.display())])
        }
        Error::Absent { path } => Told::new(lang, backups::ABSENT, &[("path", &path.display())]),
        Error::OtherDatabase { path } => {
            Told::new(lang, backups::OTHER_DATABASE, &[("path", &path.display())])
        }
        Error::Taken { path } => Told::new(lang, backups::TAKEN, &[("path", &path.display())]),
        Error::NoRoom { path, needed, free } => Told::new(
            lang,
            backups::NO_ROOM,
            &[
                ("path", &path.display()),
                ("needed", needed),
                ("free", free),
            ],
        ),
        Error::Damaged { problem } => Told::new(lang, backups::DAMAGED, &[("problem", problem)]),
    }
}

/// What passes by itself, so that the same command may do its work the next time.
fn heals(error: &std::io::Error) -> bool {
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
