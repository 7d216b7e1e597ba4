//! What the system said, by its kind, and the terminal.

use std::io::{self, ErrorKind};

use super::Told;
use crate::cli::language::Language;
use crate::cli::monitor;
use crate::cli::words::{Words, errors as words};

pub(super) fn io(error: &io::Error, lang: Language) -> Told {
    if let Some(inner) = error.get_ref() {
        return Told::of(inner, lang);
    }
    let Some(known) = by_kind(error.kind()) else {
        return Told::unknown(error);
    };
    let what = match error.raw_os_error() {
        Some(code) => lang.fill(
            words::SYSTEM,
            &[("what", &lang.say(known)), ("code", &code)],
        ),
        None => lang.say(known).to_owned(),
    };
    let next = match error.kind() {
        ErrorKind::PermissionDenied => Some(words::SEE_OWNER),
        ErrorKind::NotFound => Some(words::SEE_PATH),
        _ => None,
    };
    let next = next.map(|next| lang.say(next).to_owned());
    Told {
        what,
        next,
        is_known: true,
    }
}

/// The resolver's answer has no kind of its own, only the standard library's sentence.
pub(super) fn name(error: &(dyn std::error::Error + 'static), lang: Language) -> Option<Told> {
    let is_lookup = error
        .to_string()
        .starts_with("failed to lookup address information");
    is_lookup.then(|| Told::with(lang, words::UNKNOWN_NAME, words::LOOK_AT_RESOLVER, &[]))
}

/// The kinds that a command meets; there are more, and they grow with the language.
fn by_kind(kind: ErrorKind) -> Option<Words> {
    Some(match kind {
        ErrorKind::NotFound => words::NOT_FOUND,
        ErrorKind::PermissionDenied => words::PERMISSION_DENIED,
        ErrorKind::AlreadyExists => words::ALREADY_EXISTS,
        ErrorKind::NotADirectory => words::NOT_A_FOLDER,
        ErrorKind::IsADirectory => words::IS_A_FOLDER,
        ErrorKind::DirectoryNotEmpty => words::FOLDER_NOT_EMPTY,
        ErrorKind::ReadOnlyFilesystem => words::READ_ONLY,
        ErrorKind::StorageFull => words::NO_ROOM,
        ErrorKind::QuotaExceeded => words::QUOTA,
        ErrorKind::FileTooLarge => words::FILE_TOO_LARGE,
        ErrorKind::ResourceBusy => words::BUSY,
        ErrorKind::InvalidData => words::NOT_UTF8,
        ErrorKind::Interrupted => words::INTERRUPTED,
        ErrorKind::UnexpectedEof => words::ENDED,
        ErrorKind::AddrInUse => words::ADDRESS_IN_USE,
        ErrorKind::AddrNotAvailable => words::ADDRESS_NOT_OURS,
        ErrorKind::ConnectionRefused => words::CONNECTION_REFUSED,
        ErrorKind::ConnectionReset => words::CONNECTION_RESET,
        ErrorKind::NotConnected => words::NOT_CONNECTED,
        ErrorKind::BrokenPipe => words::BROKEN_PIPE,
        ErrorKind::TimedOut => words::OS_TIMED_OUT,
        ErrorKind::HostUnreachable => words::HOST_UNREACHABLE,
        ErrorKind::NetworkUnreachable => words::NETWORK_UNREACHABLE,
        ErrorKind::NetworkDown => words::NETWORK_DOWN,
        ErrorKind::OutOfMemory => words::OUT_OF_MEMORY,
        _ => return None,
    })
}

pub(super) fn terminal(error: &monitor::Error, lang: Language) -> Told {
    match error {
        monitor::Error::Panicked => Told::new(lang, words::TERMINAL_PANICKED, &[]),
        monitor::Error::NotTaken(_) => {
            Told::with(lang, words::TERMINAL_NOT_TAKEN, words::USE_LINES, &[])
        }
        monitor::Error::NoKeys => Told::with(lang, words::TERMINAL_NO_KEYS, words::USE_LINES, &[]),
    }
}
