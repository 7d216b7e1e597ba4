//! Errors of exports and of dossiers.

use std::fmt::Display;
use std::io::{self, ErrorKind};

use super::super::keys::errors as words;
use super::super::{Language, TextKey};
use super::Cause;
use super::ground::db;
use crate::ops::dossier::verify;
use crate::ops::export::{Error, Refusal, Target};

pub(super) fn export(error: &Error, lang: Language) -> Cause {
    match error {
        Error::Db(error) => db(error, lang),
        Error::Refused { target, refusal } => {
            let (message, hint) = texts_of(*refusal);
            Cause::with(lang, message, hint, &[("target", &target.display())])
        }
        Error::Target { target, .. } => {
            let values: [(&str, &dyn Display); 1] = [("target", &target.display())];
            Cause::new(lang, words::EXPORT_TARGET_UNREADABLE, &values)
        }
        Error::NoSpace {
            target,
            needed_bytes,
            free_bytes,
        } => Cause::with(
            lang,
            words::EXPORT_NO_SPACE,
            words::EXPORT_MAKE_SPACE,
            &[
                ("needed", &lang.bytes(*needed_bytes)),
                ("free", &lang.bytes(*free_bytes)),
                ("target", &target.shown()),
            ],
        ),
        Error::Failed {
            target,
            files,
            source,
        } => failed(target, *files, source, lang),
    }
}

pub(super) fn dossier(error: &verify::Error, lang: Language) -> Cause {
    let (key, path, name) = match error {
        verify::Error::Io { path, .. } => (words::DOSSIER_UNREADABLE, path, ""),
        verify::Error::NoArchive { path, .. } => (words::DOSSIER_NO_ARCHIVE, path, ""),
        verify::Error::Lacks { path, name } => (words::DOSSIER_LACKS, path, *name),
        verify::Error::TooLarge { path, name } => (words::DOSSIER_TOO_LARGE, path, *name),
        verify::Error::OtherFormat { path } => (words::DOSSIER_OTHER_FORMAT, path, ""),
    };
    Cause::new(lang, key, &[("path", &path.display()), ("name", &name)])
}

fn texts_of(refusal: Refusal) -> (TextKey, TextKey) {
    match refusal {
        Refusal::OnlyTar => (words::EXPORT_ONLY_TAR, words::EXPORT_NO_FORMAT),
        Refusal::OtherArchive => (words::EXPORT_OTHER_ARCHIVE, words::EXPORT_TAR_OR_ZIP),
        Refusal::InsideStorage => (words::EXPORT_INSIDE_STORAGE, words::EXPORT_OUTSIDE),
        Refusal::Exists => (words::EXPORT_TARGET_EXISTS, words::EXPORT_OTHER_NAME),
        Refusal::NoFolder => (words::EXPORT_FOLDER_MISSING, words::EXPORT_CREATE_FOLDER),
        Refusal::NotAFolder => (words::EXPORT_NOT_A_FOLDER, words::EXPORT_FOLDER_OR_ARCHIVE),
        Refusal::Foreign => (words::EXPORT_FOREIGN_FOLDER, words::EXPORT_OTHER_FOLDER),
        Refusal::Busy => (words::EXPORT_BUSY, words::EXPORT_WAIT),
    }
}

fn failed(target: &Target, files: u64, source: &io::Error, lang: Language) -> Cause {
    let is_blocked = matches!(
        source.kind(),
        ErrorKind::AlreadyExists | ErrorKind::IsADirectory | ErrorKind::NotADirectory
    );
    // Nothing could be created.
    let is_closed = files == 0
        && matches!(
            source.kind(),
            ErrorKind::NotFound | ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
        );
    let (message, hint) = match target {
        Target::Folder(_) | Target::Tar(_) | Target::Zip(_) if is_closed => {
            (words::EXPORT_FAILED, words::EXPORT_ELSEWHERE)
        }
        // A file in the place of a folder, or a folder in the place of a file: later runs fail too.
        Target::Folder(_) if is_blocked => (words::EXPORT_BLOCKED, words::EXPORT_MOVE_AWAY),
        Target::Folder(_) => (words::EXPORT_FAILED, words::EXPORT_CONTINUES),
        Target::Tar(_) | Target::Zip(_) => (words::EXPORT_FAILED, words::EXPORT_NOTHING_LEFT),
        Target::Stream | Target::ZipStream => (words::EXPORT_FAILED, words::EXPORT_CUT_SHORT),
    };
    let shown = target.shown();
    let values: [(&str, &dyn Display); 2] = [("files", &files), ("target", &shown)];
    Cause::with(lang, message, hint, &values)
}
