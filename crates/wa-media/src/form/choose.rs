//! From what the bytes show, the declared type and the name: one answer.

use super::Form;
use super::evidence::{Evidence, Guess};
use super::types::Type;
use crate::MediaKind;

const LONGEST_EXTENSION: usize = 8;
const UNKNOWN: &str = "application/octet-stream";

/// Types that are declared when nothing is known.
const NOTHING_SAID: &[&str] = &[
    "",
    UNKNOWN,
    "binary/octet-stream",
    "application/binary",
    "application/x-binary",
    "application/unknown",
    "application/x-unknown",
    "application/download",
    "application/x-download",
    "application/force-download",
    "*/*",
];

/// Executed by some web server, or by a browser as a script of the server that the file lies on.
const EXECUTED: &[&str] = &[
    "php", "phps", "pht", "phtm", "phtml", "phar", "inc", "jsp", "jspx", "jspf", "jsw", "jsv",
    "jhtml", "asp", "aspx", "asa", "asax", "ascx", "ashx", "asmx", "axd", "cshtml", "vbhtml",
    "cdx", "idc", "htr", "config", "cgi", "fcgi", "pl", "pm", "plx", "py", "pyc", "pyo", "pyw",
    "wsgi", "rb", "rhtml", "erb", "lua", "tcl", "sh", "bash", "zsh", "ksh", "csh", "fish", "bat",
    "cmd", "com", "ps1", "psm1", "htaccess", "htpasswd", "htgroup", "htdigest", "shtml", "shtm",
    "stm", "ssi", "cfm", "cfml", "cfc", "hta", "htc", "htx", "vbs", "vbe", "vb", "wsf", "wsh",
    "wsc", "sct", "js", "mjs", "cjs", "jse", "wasm", "swf", "xhtml", "xht", "xhtm", "svgz", "xsl",
    "xslt", "xbl", "appcache",
];
/// Run by a browser: never by name alone.
const ACTIVE: &[&str] = &["html", "svg"];

/// An extension of the sender's name.
enum Named {
    Known(&'static Type),
    Plain(String),
}

struct Declared {
    /// In lower case, without parameters.
    mime: String,
    known: Option<&'static Type>,
}

pub(super) fn choose(
    evidence: &Evidence,
    kind: MediaKind,
    declared: Option<&str>,
    file_name: Option<&str>,
) -> Form {
    let declared = declared.map(read_declared).filter(says_something);
    let shown = evidence.guess.as_ref().map(Guess::extension);
    let named = file_name
        .and_then(read_name)
        .filter(|named| may_be_named(named, shown));
    let by_type = declared
        .as_ref()
        .and_then(|declared| declared.known)
        .filter(|known| evidence.allows(known) && !EXECUTED.contains(&known.extension));
    let named = named.filter(|named| match named {
        Named::Known(known) => evidence.allows(known),
        Named::Plain(_) => evidence.allows_unknown(),
    });
    let said = declared.as_ref().map(|declared| declared.mime.as_str());
    match best(evidence, kind, by_type, named) {
        Best::Type(known) => Form {
            mime: mime_of(known, kind, said),
            extension: extension_of(known, kind).to_owned(),
        },
        Best::Plain(extension) => Form {
            mime: mime_with(evidence, said),
            extension,
        },
        Best::Guess(guess) => Form {
            extension: guess.extension().to_owned(),
            mime: guess.mime().to_owned(),
        },
        Best::Nothing => Form {
            mime: mime_with(evidence, said),
            extension: "bin".to_owned(),
        },
    }
}

enum Best<'a> {
    Type(&'static Type),
    Plain(String),
    Guess(&'a Guess),
    Nothing,
}

/// Of answers that the bytes allow, the most specific.
fn best<'a>(
    evidence: &'a Evidence,
    kind: MediaKind,
    by_type: Option<&'static Type>,
    named: Option<Named>,
) -> Best<'a> {
    let is_file = kind == MediaKind::Document;
    let shown = evidence.guess.as_ref().map(Guess::extension);
    let claimed = match (by_type, named) {
        (None, None) => None,
        (Some(by_type), None) => Some(Best::Type(by_type)),
        (None, Some(Named::Known(by_name))) => Some(Best::Type(by_name)),
        (None, Some(Named::Plain(extension))) => {
            // A number at the end of a sentence is no extension where anything is known.
            let is_number = extension.bytes().all(|byte| byte.is_ascii_digit());
            let knows = evidence.sure.is_some_and(|sure| sure.extension != "txt");
            (!is_number || !knows).then_some(Best::Plain(extension))
        }
        (Some(by_type), Some(Named::Known(by_name))) => {
            let name_wins = match () {
                // What the bytes look like themselves decides between two that differ.
                () if shown == Some(by_name.extension) => is_file,
                () if by_name.is_within(by_type) => true,
                () if by_type.is_within(by_name) => false,
                () if by_type.is_vague() != by_name.is_vague() => by_type.is_vague(),
                () => is_file,
            };
            Some(Best::Type(if name_wins { by_name } else { by_type }))
        }
        (Some(by_type), Some(Named::Plain(extension))) => {
            let is_number = extension.bytes().all(|byte| byte.is_ascii_digit());
            let name_wins = by_type.is_vague() && !is_number;
            Some(if name_wins {
                Best::Plain(extension)
            } else {
                Best::Type(by_type)
            })
        }
    };
    // Where the bytes show more than their container, a claim that is only the container says less.
    let says_more = |claimed: &Best<'_>| match (claimed, evidence.sure) {
        (Best::Type(known), Some(sure)) if known.extension == sure.extension => {
            evidence.guess.is_none() || !sure.is_vague() || sure.extension == "txt"
        }
        _ => true,
    };
    if let Some(claimed) = claimed.filter(says_more) {
        return claimed;
    }
    match (&evidence.guess, evidence.sure) {
        (Some(guess), _) if !EXECUTED.contains(&guess.extension()) => Best::Guess(guess),
        (_, Some(sure)) if !sure.is_inner() => Best::Type(sure),
        _ => Best::Nothing,
    }
}

fn read_declared(declared: &str) -> Declared {
    let mime = declared.split([';', ',']).next().unwrap_or("");
    let mime = mime.trim().to_ascii_lowercase();
    let known = Type::of_mime(&mime);
    Declared { mime, known }
}

fn says_something(declared: &Declared) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/.+-_".contains(&byte);
    let is_type = declared.mime.split('/').count() == 2 && declared.mime.bytes().all(is_plain);
    is_type && !NOTHING_SAID.contains(&declared.mime.as_str())
}

/// A name that begins with its only dot has no extension.
fn read_name(name: &str) -> Option<Named> {
    let name = name
        .trim_end_matches(|letter: char| letter.is_whitespace() || matches!(letter, '\0' | '.'));
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let (stem, extension) = name.rsplit_once('.')?;
    let extension = extension.to_ascii_lowercase();
    if stem.is_empty() {
        return None;
    }
    if let Some(known) = Type::of_extension(&extension) {
        return Some(Named::Known(known));
    }
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let fits = (1..=LONGEST_EXTENSION).contains(&extension.len());
    (fits && extension.bytes().all(is_plain)).then_some(Named::Plain(extension))
}

fn may_be_named(named: &Named, shown: Option<&str>) -> bool {
    match named {
        Named::Known(known) => !ACTIVE.contains(&known.extension) || shown == Some(known.extension),
        // php3, php8 and the like.
        Named::Plain(extension) => {
            let without_version =
                extension.trim_end_matches(|letter: char| letter.is_ascii_digit());
            let is_php = without_version.starts_with('p') && EXECUTED.contains(&without_version);
            !is_php && !EXECUTED.contains(&extension.as_str())
        }
    }
}

fn extension_of(known: &'static Type, kind: MediaKind) -> &'static str {
    match (known.extension, kind) {
        ("mp4", MediaKind::Audio) => "m4a",
        ("ogv", MediaKind::Audio) => "ogg",
        ("ole" | "encrypted" | "iwork", _) => "bin",
        (extension, _) => extension,
    }
}

fn mime_of(known: &'static Type, kind: MediaKind, said: Option<&str>) -> String {
    let mime = match (known.extension, kind) {
        ("mp4", MediaKind::Audio) => "audio/mp4",
        ("ogv", MediaKind::Audio) => "audio/ogg",
        ("3gp", MediaKind::Audio) => "audio/3gpp",
        ("3g2", MediaKind::Audio) => "audio/3gpp2",
        ("webm", MediaKind::Audio) => "audio/webm",
        _ => match said.filter(|_| known.mimes.is_empty()) {
            Some(said) if Type::of_mime(said).is_none() => said,
            _ => known.mime(),
        },
    };
    mime.to_owned()
}

/// The media type of a file whose extension is in no table: as declared, unless the bytes are something else.
fn mime_with(evidence: &Evidence, said: Option<&str>) -> String {
    let family = |mime: &str| mime.split('/').next().unwrap_or("").to_owned();
    let fits = |said: &&str| match (Type::of_mime(said), evidence.sure) {
        (Some(known), _) => evidence.allows(known),
        (None, Some(sure)) => family(said) == "application" || family(said) == family(sure.mime()),
        (None, None) => true,
    };
    let known = evidence.sure.map_or(UNKNOWN, Type::mime);
    said.filter(fits).unwrap_or(known).to_owned()
}

/// Whether a type or name is one of text.
pub(super) fn is_declared_text(declared: Option<&str>, file_name: Option<&str>) -> bool {
    let text = Type::named("txt");
    let by_type = declared.map(read_declared).is_some_and(|declared| {
        let of_text = |known: &Type| known.is_within(text);
        declared.mime.starts_with("text/")
            || declared.known.is_some_and(of_text)
            || ["json", "html", "xml", "javascript"]
                .iter()
                .any(|word| declared.mime.contains(word))
    });
    let by_name = file_name.is_some_and(|name| {
        let is_script =
            |extension: &str| matches!(extension, "js" | "css" | "ts" | "php" | "jsx" | "vue");
        match read_name(name) {
            Some(Named::Known(known)) => known.is_within(text),
            Some(Named::Plain(extension)) => is_script(&extension),
            None => false,
        }
    });
    by_type || by_name
}
