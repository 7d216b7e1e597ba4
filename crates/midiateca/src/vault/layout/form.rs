//! What bytes are, and what their file's name ends in.

use crate::media::MediaKind;

/// What the bytes are and what their file's name ends in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// The type, without parameters.
    pub mime: String,
    /// The extension, without a dot.
    pub extension: &'static str,
}

/// Reads the form from the bytes first, from the declared type second, from the declared name third.
pub fn form(head: &[u8], kind: MediaKind, declared: Option<&str>, file_name: Option<&str>) -> Form {
    let declared = declared.map(|mime| {
        mime.split(';')
            .next()
            .unwrap_or("")
            .trim()
            .to_ascii_lowercase()
    });
    let sniffed = infer::get(head).map(|found| canonical(found.mime_type(), kind));
    // A zip may be a newer office file, and text says little: there the declared type knows more.
    let vague = matches!(
        sniffed,
        None | Some("application/zip" | "application/x-ole-storage" | "text/plain" | "text/xml")
    );
    let named = file_name
        .and_then(|name| name.rsplit_once('.'))
        .map(|(_, extension)| extension.to_ascii_lowercase());
    let by_name = named
        .as_deref()
        .and_then(|extension| FORMS.iter().find(|(_, known)| *known == extension));
    let told = declared
        .as_deref()
        .and_then(|mime| FORMS.iter().find(|(known, _)| *known == mime));
    let by_told = told.filter(|_| vague || sniffed.is_none());
    let by_bytes = sniffed.and_then(|mime| FORMS.iter().find(|(known, _)| *known == mime));
    let by_name = by_name.filter(|_| vague);
    let (mime, extension) = match (vague, by_bytes) {
        (false, Some(found)) => *found,
        _ => by_told
            .or(by_name)
            .or(by_bytes)
            .copied()
            .unwrap_or(("application/octet-stream", "bin")),
    };
    let mime = if extension == "bin" {
        declared
            .filter(|mime| mime.contains('/'))
            .unwrap_or_else(|| mime.to_owned())
    } else {
        mime.to_owned()
    };
    Form { mime, extension }
}

fn canonical(mime: &'static str, kind: MediaKind) -> &'static str {
    match mime {
        "audio/opus" | "application/ogg" | "video/ogg" => "audio/ogg",
        "audio/x-wav" => "audio/wav",
        "audio/m4a" | "audio/x-m4a" => "audio/mp4",
        "video/mp4" if kind == MediaKind::Audio => "audio/mp4",
        "video/x-m4v" => "video/mp4",
        other => other,
    }
}

/// Types and extensions, first match wins in either direction. Generic tables name `jfif`, `oga` or `asm` here.
pub(super) const FORMS: &[(&str, &str)] = &[
    ("image/jpeg", "jpg"),
    ("image/jpg", "jpg"),
    ("image/png", "png"),
    ("image/webp", "webp"),
    ("image/gif", "gif"),
    ("image/heic", "heic"),
    ("image/heif", "heif"),
    ("image/avif", "avif"),
    ("image/bmp", "bmp"),
    ("image/tiff", "tiff"),
    ("image/svg+xml", "svg"),
    ("audio/ogg", "ogg"),
    ("audio/opus", "ogg"),
    ("audio/mp4", "m4a"),
    ("audio/x-m4a", "m4a"),
    ("audio/mpeg", "mp3"),
    ("audio/mp3", "mp3"),
    ("audio/aac", "aac"),
    ("audio/amr", "amr"),
    ("audio/wav", "wav"),
    ("audio/x-flac", "flac"),
    ("audio/flac", "flac"),
    ("video/mp4", "mp4"),
    ("video/3gpp", "3gp"),
    ("video/quicktime", "mov"),
    ("video/webm", "webm"),
    ("video/x-matroska", "mkv"),
    ("video/x-msvideo", "avi"),
    ("video/mpeg", "mpg"),
    ("application/was", "was"),
    ("application/pdf", "pdf"),
    (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "docx",
    ),
    (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "xlsx",
    ),
    (
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "pptx",
    ),
    ("application/msword", "doc"),
    ("application/vnd.ms-excel", "xls"),
    ("application/vnd.ms-powerpoint", "ppt"),
    ("application/vnd.oasis.opendocument.text", "odt"),
    ("application/vnd.oasis.opendocument.spreadsheet", "ods"),
    ("application/rtf", "rtf"),
    ("text/rtf", "rtf"),
    ("text/plain", "txt"),
    ("text/csv", "csv"),
    ("text/html", "html"),
    ("text/xml", "xml"),
    ("application/xml", "xml"),
    ("application/json", "json"),
    ("text/vcard", "vcf"),
    ("text/x-vcard", "vcf"),
    ("text/calendar", "ics"),
    ("application/zip", "zip"),
    ("application/x-zip-compressed", "zip"),
    ("application/vnd.rar", "rar"),
    ("application/x-7z-compressed", "7z"),
    ("application/gzip", "gz"),
    ("application/x-tar", "tar"),
    ("application/vnd.android.package-archive", "apk"),
    ("application/epub+zip", "epub"),
    ("application/vnd.microsoft.portable-executable", "exe"),
    ("application/x-pkcs12", "p12"),
    ("application/x-pkcs12", "pfx"),
    ("application/postscript", "ps"),
    ("image/vnd.dwg", "dwg"),
    ("application/x-cdr", "cdr"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_decide_then_the_type_then_the_name() {
        let ogg = b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead";
        type Case = (
            &'static [u8],
            MediaKind,
            Option<&'static str>,
            Option<&'static str>,
            &'static str,
        );
        let cases: [Case; 8] = [
            (ogg, MediaKind::Audio, Some("audio/mpeg"), None, "ogg"),
            (
                b"\xff\xd8\xff\xe0\0\x10JFIF",
                MediaKind::Image,
                Some("image/png"),
                None,
                "jpg",
            ),
            (
                b"PK\x03\x04\0\0\0\0",
                MediaKind::Document,
                Some("application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
                None,
                "docx",
            ),
            (
                b"a;b\n1;2\n",
                MediaKind::Document,
                Some("text/csv; charset=utf-8"),
                None,
                "csv",
            ),
            (
                b"????",
                MediaKind::Document,
                Some("application/octet-stream"),
                Some("planta.DWG"),
                "dwg",
            ),
            (
                b"????",
                MediaKind::Document,
                None,
                Some("x.../../sh"),
                "bin",
            ),
            (
                b"????",
                MediaKind::Audio,
                Some("audio/ogg; codecs=opus"),
                None,
                "ogg",
            ),
            (
                b"%PDF-1.7",
                MediaKind::Document,
                Some("image/jpeg"),
                Some("a.jpg"),
                "pdf",
            ),
        ];
        for (head, kind, declared, name, extension) in cases {
            assert_eq!(
                form(head, kind, declared, name).extension,
                extension,
                "{declared:?} {name:?}"
            );
        }
    }
}
