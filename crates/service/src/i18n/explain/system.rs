//! I/O errors, by their kind.

use std::io::{self, ErrorKind};

use super::super::TextKey;
use super::super::keys::errors as words;
use super::{Cause, Explainer};
use crate::app::writing;
use crate::i18n::Language;
use crate::ops::probe::WriteFailure;

pub(super) fn io(error: &io::Error, explainer: Explainer) -> Cause {
    let lang = explainer.lang;
    if let Some(inner) = error.get_ref() {
        return explainer.cause(inner);
    }
    let is_about_writing = writing::of_system(error);
    let Some(known) = by_kind(error.kind()) else {
        return Cause::unknown(error).about_writing(is_about_writing);
    };
    let message = match error.raw_os_error() {
        Some(code) => lang.fill(
            words::SYSTEM,
            &[("what", &lang.say(known)), ("code", &code)],
        ),
        None => lang.say(known).to_owned(),
    };
    let hint = match error.kind() {
        ErrorKind::PermissionDenied => Some(words::SEE_OWNER),
        ErrorKind::NotFound => Some(words::SEE_PATH),
        _ => None,
    };
    let hint = hint.map(|hint| lang.say(hint).to_owned());
    Cause {
        page_hint: hint.clone(),
        hint,
        is_about_writing,
        ..Cause::of_text(known, message)
    }
}

/// A path that cannot be written, with a hint for the cause.
pub(super) fn write_failure(failure: &WriteFailure, lang: Language) -> Cause {
    let path: [(&str, &dyn std::fmt::Display); 1] = [("path", &failure.path.display())];
    let code = failure.cause.as_str();
    let hint = Some(lang.fill_code("causes", code, &path, &[]));
    Cause {
        code: Some(code.to_owned()),
        page_hint: hint.clone(),
        hint,
        ..Cause::new(lang, words::NOT_WRITABLE, &path)
    }
}

/// The kinds that a command meets. The enum is not exhaustive.
fn by_kind(kind: ErrorKind) -> Option<TextKey> {
    Some(match kind {
        ErrorKind::NotFound => words::PATH_NOT_FOUND,
        ErrorKind::PermissionDenied => words::PERMISSION_DENIED,
        ErrorKind::AlreadyExists => words::ALREADY_EXISTS,
        ErrorKind::NotADirectory => words::NOT_A_DIRECTORY,
        ErrorKind::IsADirectory => words::IS_A_DIRECTORY,
        ErrorKind::DirectoryNotEmpty => words::DIRECTORY_NOT_EMPTY,
        ErrorKind::ReadOnlyFilesystem => words::READ_ONLY,
        ErrorKind::StorageFull => words::NO_SPACE,
        ErrorKind::QuotaExceeded => words::QUOTA,
        ErrorKind::FileTooLarge => words::FILE_TOO_LARGE,
        ErrorKind::ResourceBusy => words::BUSY,
        ErrorKind::InvalidData => words::NOT_UTF8,
        ErrorKind::Interrupted => words::INTERRUPTED,
        ErrorKind::UnexpectedEof => words::UNEXPECTED_END,
        ErrorKind::AddrInUse => words::ADDRESS_IN_USE,
        ErrorKind::AddrNotAvailable => words::ADDRESS_NOT_AVAILABLE,
        ErrorKind::ConnectionRefused => words::CONNECTION_REFUSED,
        ErrorKind::ConnectionReset => words::CONNECTION_RESET,
        ErrorKind::NotConnected => words::NOT_CONNECTED,
        ErrorKind::BrokenPipe => words::BROKEN_PIPE,
        ErrorKind::TimedOut => words::SYSTEM_TIMEOUT,
        ErrorKind::HostUnreachable => words::HOST_UNREACHABLE,
        ErrorKind::NetworkUnreachable => words::NETWORK_UNREACHABLE,
        ErrorKind::NetworkDown => words::NETWORK_DOWN,
        ErrorKind::OutOfMemory => words::OUT_OF_MEMORY,
        _ => return None,
    })
}
