//! Answers with a stored file: ranges, validators, names; nothing that a browser would run.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::time::UNIX_EPOCH;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::stream;
use sha2::{Digest as _, Sha256};

use super::ascii_name;
use super::error::{ApiError, Result};
use crate::access::links::Disposition;
use crate::app::App;
use crate::derived::{self, Content};
use crate::i18n::keys as texts;
use crate::media::{Media, hex};
use crate::storage::{Storage, StoredReader};
use crate::terminal::letters;

/// Bytes that are read at once.
const PIECE_BYTES: usize = 256 << 10;

/// Types that browsers show and never run. Everything else is downloaded.
const INLINE_TYPES: [&str; 17] = [
    "application/json",
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/gif",
    "audio/ogg",
    "audio/opus",
    "audio/mpeg",
    "audio/mp4",
    "audio/aac",
    "audio/amr",
    "audio/wav",
    "audio/x-m4a",
    "video/mp4",
    "video/webm",
    "video/3gpp",
    "video/quicktime",
];

/// The bytes of an answer, for the OpenAPI document.
#[derive(utoipa::ToSchema)]
#[schema(value_type = String, format = Binary)]
pub struct Binary(#[expect(dead_code, reason = "only its schema is used")] Vec<u8>);

/// A part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    first: u64,
    length: u64,
}

#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    Whole,
    Part(Part),
    /// Outside the file.
    Nothing,
}

/// Caches ask each time, and get 304: what was revoked or erased must not be shown again.
const VALIDATED: &str = "private, no-cache";

/// The file of a media.
pub async fn of_media(
    app: &App,
    media: &Media,
    headers: &HeaderMap,
    disposition: Disposition,
) -> Result<Response> {
    let (Some(path), Some(sha256), Some(size)) = (media.path(), media.sha256, media.size) else {
        return Err(ApiError::not_found(texts::api::NOT_STORED));
    };
    let missing = || ApiError::not_found(texts::api::FILE_MISSING);
    let opened = path.to_owned();
    let opening = move |storage: &Storage| storage.open_stored(&opened);
    let file = app.storage.blocking(opening).await.map_err(|error| {
        let error = crate::telemetry::chain(&error);
        tracing::error!(media = %media.id, error, "a stored file cannot be opened");
        missing()
    })?;
    if file.size_bytes().ok() != Some(size) {
        tracing::error!(media = %media.id, "a stored file does not have its length");
        return Err(missing());
    }
    let etag = format!("\"{}\"", hex(&sha256));
    let mime = media.mime.as_deref().unwrap_or("application/octet-stream");
    let mut response = respond(ContentSource::File(file), size, &etag, headers)?;
    describe(response.headers_mut(), mime, &name_of(media), disposition);
    Ok(response)
}

/// A voice note in Ogg as MP4. Its length and its ranges are known, because the whole is made first.
pub async fn voice_as_mp4(
    app: &App,
    media: &Media,
    headers: &HeaderMap,
    disposition: Disposition,
) -> Result<Response> {
    let none = || ApiError::new(StatusCode::NOT_ACCEPTABLE, texts::api::NOT_A_VOICE_NOTE);
    let may_be_ogg = media
        .mime
        .as_deref()
        .is_some_and(|mime| mime.ends_with("/ogg"));
    if media.path().is_some() && !may_be_ogg {
        return Err(none());
    }
    let made = app.derived.mp4(media).await;
    let shown = Shown {
        mime: "audio/mp4; codecs=opus",
        extension: "mp4",
        disposition,
    };
    let sha256 = media.sha256.unwrap_or_default();
    let etag = |_: Option<&StoredReader>| Some(format!("\"{}-mp4\"", hex(&sha256)));
    shown.content(
        media,
        made.map_err(|error| not_made(error, none))?,
        etag,
        headers,
    )
}

/// The sound of a media as AAC, if `ffmpeg` can make it.
pub async fn sound_as_aac(
    app: &App,
    media: &Media,
    headers: &HeaderMap,
    disposition: Disposition,
) -> Result<Response> {
    let none = || ApiError::not_found(texts::api::NO_AAC);
    let made = app.derived.aac(media).await;
    let shown = Shown {
        mime: "audio/aac",
        extension: "aac",
        disposition,
    };
    let sha256 = media.sha256.unwrap_or_default();
    // Another run of the program may write other bytes.
    let etag = |file: Option<&StoredReader>| {
        let file = file?;
        let made_at = file.modified()?.duration_since(UNIX_EPOCH).ok()?;
        let (length, made_at) = (file.size_bytes().ok()?, made_at.as_nanos());
        Some(format!("\"{}-aac-{length:x}-{made_at:x}\"", hex(&sha256)))
    };
    shown.content(
        media,
        made.map_err(|error| not_made(error, none))?,
        etag,
        headers,
    )
}

/// `none` says that nothing can be made.
pub fn not_made(error: derived::Error, none: impl FnOnce() -> ApiError) -> ApiError {
    match error {
        derived::Error::NotStored => ApiError::not_found(texts::api::NOT_STORED),
        derived::Error::Missing(_) => ApiError::not_found(texts::api::FILE_MISSING),
        derived::Error::Absent => none(),
        derived::Error::Busy => ApiError::busy(),
    }
}

/// Answers with what was made from the file of a media.
pub fn of_bytes(media: &Media, bytes: Bytes, mime: &str, headers: &HeaderMap) -> Result<Response> {
    let (_, extension) = mime.split_once('/').unwrap_or_default();
    let shown = Shown {
        mime,
        extension,
        disposition: Disposition::Inline,
    };
    let (size, etag) = (bytes.len() as u64, etag_of(&bytes));
    shown.respond(media, ContentSource::Memory(bytes), size, &etag, headers)
}

fn etag_of(bytes: &[u8]) -> String {
    format!("\"{}\"", hex(&Sha256::digest(bytes)))
}

/// How bytes are shown that are not the stored file.
struct Shown<'a> {
    mime: &'a str,
    extension: &'a str,
    disposition: Disposition,
}

impl Shown<'_> {
    /// `etag` is of a kept file, if there is one; None when that cannot be said.
    fn content(
        &self,
        media: &Media,
        content: Content,
        etag: impl FnOnce(Option<&StoredReader>) -> Option<String>,
        headers: &HeaderMap,
    ) -> Result<Response> {
        let (source, size, etag) = match content {
            Content::Memory(bytes) => {
                let etag = etag(None).unwrap_or_else(|| etag_of(&bytes));
                let size = bytes.len() as u64;
                (ContentSource::Memory(bytes), size, etag)
            }
            Content::File(file) => {
                let size = file.size_bytes().ok();
                let found = size.zip(etag(Some(&file)));
                let (size, etag) = found.ok_or_else(ApiError::unavailable)?;
                (ContentSource::File(file), size, etag)
            }
        };
        self.respond(media, source, size, &etag, headers)
    }

    fn respond(
        &self,
        media: &Media,
        source: ContentSource,
        size: u64,
        etag: &str,
        headers: &HeaderMap,
    ) -> Result<Response> {
        let mut response = respond(source, size, etag, headers)?;
        let name = name_of(media);
        let stem = name
            .rsplit_once('.')
            .map_or(name.as_str(), |(stem, _)| stem);
        let name = format!("{stem}.{}", self.extension);
        describe(response.headers_mut(), self.mime, &name, self.disposition);
        Ok(response)
    }
}

enum ContentSource {
    File(StoredReader),
    Memory(Bytes),
}

fn respond(file: ContentSource, size: u64, etag: &str, headers: &HeaderMap) -> Result<Response> {
    let mut response = if is_known(headers, etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        match wanted(headers, size, etag) {
            Wanted::Nothing => {
                let status = StatusCode::RANGE_NOT_SATISFIABLE;
                let error = ApiError::new(status, texts::api::RANGE_NOT_SATISFIABLE);
                return Err(error.header(header::CONTENT_RANGE, format!("bytes */{size}")));
            }
            Wanted::Whole => with_body(
                file,
                StatusCode::OK,
                Part {
                    first: 0,
                    length: size,
                },
            ),
            Wanted::Part(part) => {
                let mut response = with_body(file, StatusCode::PARTIAL_CONTENT, part);
                let last = part.first + part.length - 1;
                let range = format!("bytes {}-{last}/{size}", part.first);
                set(response.headers_mut(), header::CONTENT_RANGE, &range);
                response
            }
        }
    };
    set(response.headers_mut(), header::ETAG, etag);
    Ok(response)
}

fn with_body(source: ContentSource, status: StatusCode, part: Part) -> Response {
    let body = match source {
        ContentSource::File(mut file) => {
            file.limit(part.first + part.length);
            Body::from_stream(pieces(file, part))
        }
        ContentSource::Memory(bytes) => {
            let (first, length) = (part.first, part.length);
            let range = usize::try_from(first)
                .ok()
                .zip(usize::try_from(length).ok());
            let part = range.map(|(first, length)| bytes.slice(first..first + length));
            Body::from(part.unwrap_or_default())
        }
    };
    let mut response = (status, body).into_response();
    let length = part.length.to_string();
    set(response.headers_mut(), header::CONTENT_LENGTH, &length);
    response
}

/// Reads a part of a file piece by piece, away from the async threads.
fn pieces(
    file: StoredReader,
    part: Part,
) -> impl futures_util::Stream<Item = std::io::Result<Bytes>> + Send {
    stream::try_unfold((file, part), async |(mut file, part)| {
        if part.length == 0 {
            return Ok(None);
        }
        let reading = tokio::task::spawn_blocking(move || {
            let wanted = usize::try_from(part.length).map_or(PIECE_BYTES, |n| n.min(PIECE_BYTES));
            let mut piece = vec![0; wanted];
            file.seek(SeekFrom::Start(part.first))?;
            file.read_exact(&mut piece)?;
            Ok::<_, std::io::Error>((file, piece))
        });
        let (file, piece) = reading.await.map_err(std::io::Error::other)??;
        let read = piece.len() as u64;
        let rest = Part {
            first: part.first + read,
            length: part.length - read,
        };
        Ok(Some((Bytes::from(piece), (file, rest))))
    })
}

fn set(headers: &mut HeaderMap, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Headers that make an untrusted file harmless in a browser.
fn describe(headers: &mut HeaderMap, mime: &str, name: &str, disposition: Disposition) {
    let is_shown = disposition == Disposition::Inline && INLINE_TYPES.contains(&essence(mime));
    let disposition = if is_shown {
        Disposition::Inline
    } else {
        Disposition::Attachment
    };
    set(headers, header::CONTENT_TYPE, mime);
    set(
        headers,
        header::CONTENT_DISPOSITION,
        &content_disposition(disposition, name),
    );
    set(headers, header::ACCEPT_RANGES, "bytes");
    set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(
        headers,
        header::CONTENT_SECURITY_POLICY,
        "sandbox; default-src 'none'",
    );
    set(headers, header::REFERRER_POLICY, "no-referrer");
    set(
        headers,
        header::HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    set(headers, header::CACHE_CONTROL, VALIDATED);
}

fn essence(mime: &str) -> &str {
    mime.split(';').next().unwrap_or("").trim()
}

/// RFC 6266 with RFC 8187: a name in ASCII for old programs, and the whole one.
fn content_disposition(disposition: Disposition, name: &str) -> String {
    let ascii = ascii_name::of(name);
    let mut encoded = String::new();
    for byte in name.bytes() {
        // attr-char of RFC 8187.
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    format!(
        "{}; filename=\"{ascii}\"; filename*=UTF-8''{encoded}",
        disposition.as_str()
    )
}

/// The name that the sender gave, without folders and control characters and with the extension of the stored file; else the
/// name of the stored file.
pub fn name_of(media: &Media) -> String {
    let stored = media.last_path().and_then(|path| path.rsplit('/').next());
    let stored = stored.unwrap_or(media.id.as_str());
    let given = media.file_name.as_deref().unwrap_or("");
    let given = given.rsplit(['/', '\\']).next().unwrap_or("");
    let given: String = letters(given)
        .filter(|(letter, is_hostile)| !is_hostile && !"<>:\"|?*".contains(*letter))
        .map(|(letter, _)| letter)
        .take(150)
        .collect();
    let given = given.trim().trim_matches('.').trim();
    if given.is_empty() {
        return stored.to_owned();
    }
    let extension = stored.rsplit_once('.').map(|(_, extension)| extension);
    match extension {
        Some(extension) if !has_extension(given, extension) => format!("{given}.{extension}"),
        _ => given.to_owned(),
    }
}

fn has_extension(name: &str, extension: &str) -> bool {
    let found = name.rsplit_once('.').map(|(_, found)| found);
    found.is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

/// Whether `If-None-Match` has the validator.
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let mut lists = headers.get_all(header::IF_NONE_MATCH).iter();
    lists.any(|list| {
        let list = list.to_str().unwrap_or("");
        let mut tags = list.split(',').map(str::trim);
        tags.any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
    })
}

/// The requested range (RFC 9110, section 14). An unknown unit, and several ranges, mean the whole file.
fn wanted(headers: &HeaderMap, size: u64, etag: &str) -> Wanted {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    if headers.get(header::IF_RANGE).is_some() && text(header::IF_RANGE) != Some(etag) {
        return Wanted::Whole;
    }
    if headers.get_all(header::RANGE).iter().count() > 1 {
        return Wanted::Whole;
    }
    let Some(range) = text(header::RANGE) else {
        return Wanted::Whole;
    };
    let Some((unit, range)) = range.split_once('=') else {
        return Wanted::Whole;
    };
    let Some((first, last)) = range.trim().split_once('-') else {
        return Wanted::Whole;
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Wanted::Whole;
    }
    part(first.trim(), last.trim(), size).unwrap_or(Wanted::Whole)
}

/// None when it is no range.
fn part(first: &str, last: &str, size: u64) -> Option<Wanted> {
    let (first, last) = (digits(first)?, digits(last)?);
    let (first, end) = match (first, last) {
        (None, None) => return None,
        (None, Some(suffix)) => (
            size.saturating_sub(suffix),
            if suffix == 0 { 0 } else { size },
        ),
        (Some(first), None) => (first, size),
        (Some(first), Some(last)) if first > last => return None,
        (Some(first), Some(last)) => (first, last.saturating_add(1).min(size)),
    };
    Some(if first >= end {
        Wanted::Nothing
    } else {
        let length = end - first;
        Wanted::Part(Part { first, length })
    })
}

/// A number that may be missing; one beyond all sizes is as good as the largest. None when it is none.
fn digits(text: &str) -> Option<Option<u64>> {
    if text.is_empty() {
        return Some(None);
    }
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| Some(text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ETAG: &str = "\"e\"";

    fn asked(pairs: &[(header::HeaderName, &str)]) -> Wanted {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value.parse().unwrap());
        }
        wanted(&headers, 10, ETAG)
    }

    #[test]
    fn ranges_follow_rfc_9110() {
        let part = |first, length| Wanted::Part(Part { first, length });
        for (range, expected) in [
            ("bytes=0-", part(0, 10)),
            ("bytes=0-0", part(0, 1)),
            ("bytes=2-5", part(2, 4)),
            ("bytes=9-", part(9, 1)),
            ("bytes=5-99", part(5, 5)),
            ("bytes=0-18446744073709551615", part(0, 10)),
            ("bytes=0-99999999999999999999999", part(0, 10)),
            ("bytes=-3", part(7, 3)),
            ("bytes=-10", part(0, 10)),
            ("bytes=-99", part(0, 10)),
            ("Bytes=1-2", part(1, 2)),
            ("bytes = 1 - 2", part(1, 2)),
            ("bytes=10-", Wanted::Nothing),
            ("bytes=10-20", Wanted::Nothing),
            ("bytes=99999999999999999999-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=5-2", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("bytes=a-b", Wanted::Whole),
            ("bytes=+1-2", Wanted::Whole),
            ("bytes=0-1,3-4", Wanted::Whole),
            ("pages=0-1", Wanted::Whole),
            ("bytes", Wanted::Whole),
            ("", Wanted::Whole),
        ] {
            assert_eq!(asked(&[(header::RANGE, range)]), expected, "{range}");
        }
        let range = (header::RANGE, "bytes=0-1");
        assert_eq!(asked(&[range.clone(), range.clone()]), Wanted::Whole);
        assert_eq!(
            asked(&[range.clone(), (header::IF_RANGE, ETAG)]),
            part(0, 2)
        );
        for other in ["\"f\"", "W/\"e\"", "Tue, 24 Nov 2026 12:00:00 GMT"] {
            let asked = asked(&[range.clone(), (header::IF_RANGE, other)]);
            assert_eq!(asked, Wanted::Whole, "{other}");
        }
    }

    #[test]
    fn an_empty_file_has_no_range() {
        let mut headers = HeaderMap::new();
        assert_eq!(wanted(&headers, 0, ETAG), Wanted::Whole);
        headers.insert(header::RANGE, HeaderValue::from_static("bytes=0-"));
        assert_eq!(wanted(&headers, 0, ETAG), Wanted::Nothing);
    }

    #[test]
    fn validators_are_lists() {
        let known = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, text.parse().unwrap());
            is_known(&headers, ETAG)
        };
        assert!(known("\"e\"") && known("W/\"e\"") && known("\"a\", \"e\"") && known("*"));
        assert!(!known("\"f\"") && !known("e") && !known(""));
    }

    #[test]
    fn who_comes_when_too_many_wait_is_asked_to_come_again() {
        let none = || ApiError::not_found(texts::api::NO_AAC);
        let error = not_made(derived::Error::Busy, none);
        assert_eq!(error.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(error.extra_header(), Some((&header::RETRY_AFTER, "5")));
        let error = not_made(derived::Error::Absent, none);
        assert_eq!(error.status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn names_are_written_for_old_and_new_programs() {
        assert_eq!(
            content_disposition(Disposition::Attachment, "Ação \"1\".pdf"),
            "attachment; filename=\"Acao _1_.pdf\"; filename*=UTF-8''A%C3%A7%C3%A3o%20%221%22.pdf"
        );
        let hostile = content_disposition(Disposition::Inline, "a\r\nSet-Cookie: x=1");
        assert!(HeaderValue::from_str(&hostile).is_ok() && !hostile.contains('\n'));
    }
}
