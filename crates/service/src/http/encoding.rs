//! `Content-Encoding` of webhooks: detects the codings of a body and decodes it.
//!
//! The header is not always right: proxies decode a body and keep the header, forwarders drop it, and some senders write a
//! charset there. So a body that begins like JSON is taken as it is, and one that begins like gzip or zstd is decoded.

use std::io::{self, Cursor, Read};

use axum::http::{HeaderMap, header};
use brotli_decompressor::Decompressor;
use bytes::Bytes;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use ruzstd::decoding::StreamingDecoder;

use crate::gateway::wide_text::WideText;

/// Sent in the answer to an unknown coding.
pub(super) const ACCEPTED: &str = "gzip, deflate, br, zstd";
/// More than one is already unusual.
const MOST_CODINGS: usize = 3;
const BROTLI_BUFFER_BYTES: usize = 4_096;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BodyCoding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

/// How to read a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BodyCodings {
    Plain,
    Coded(Decoding),
    /// The header names an unknown coding.
    Unknown,
}

/// Codings in the order in which they are decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decoding(Vec<BodyCoding>);

impl BodyCodings {
    pub(super) fn detect(headers: &HeaderMap, body: &[u8]) -> Self {
        if is_like_json(body) {
            return Self::Plain;
        }
        let mut codings = Vec::new();
        for value in headers.get_all(header::CONTENT_ENCODING) {
            let Ok(value) = value.to_str() else {
                return Self::Unknown;
            };
            for name in value.split(',').map(str::trim) {
                match name.to_ascii_lowercase().as_str() {
                    "" | "identity" => {}
                    "gzip" | "x-gzip" => codings.push(BodyCoding::Gzip),
                    "deflate" => codings.push(BodyCoding::Deflate),
                    "br" => codings.push(BodyCoding::Brotli),
                    "zstd" => codings.push(BodyCoding::Zstd),
                    _ => return Self::Unknown,
                }
            }
        }
        if codings.is_empty() {
            codings.extend(by_magic(body));
        }
        codings.reverse();
        match codings.len() {
            0 => Self::Plain,
            1..=MOST_CODINGS => Self::Coded(Decoding(codings)),
            _ => Self::Unknown,
        }
    }
}

impl Decoding {
    /// The decoded bytes. The caller bounds them.
    pub(super) fn read(&self, body: Bytes) -> io::Result<Box<dyn Read + Send>> {
        let mut reader: Box<dyn Read + Send> = Box::new(Cursor::new(body));
        for coding in &self.0 {
            reader = match coding {
                BodyCoding::Gzip => Box::new(MultiGzDecoder::new(reader)),
                BodyCoding::Deflate => deflate(reader)?,
                BodyCoding::Brotli => Box::new(Decompressor::new(reader, BROTLI_BUFFER_BYTES)),
                BodyCoding::Zstd => zstd(reader)?,
            };
        }
        Ok(reader)
    }
}

/// Deflate should have a zlib header (RFC 9110, 8.4.1.2), but some senders omit it.
fn deflate(mut reader: Box<dyn Read + Send>) -> io::Result<Box<dyn Read + Send>> {
    let mut head = [0; 2];
    reader.read_exact(&mut head)?;
    let is_zlib = head[0] & 0x0f == 8 && u16::from_be_bytes(head).is_multiple_of(31);
    let whole = Cursor::new(head).chain(reader);
    Ok(if is_zlib {
        Box::new(ZlibDecoder::new(whole))
    } else {
        Box::new(DeflateDecoder::new(whole))
    })
}

/// The longest beginning of a frame up to its sizes (RFC 8878, 3.1.1).
const ZSTD_HEAD_BYTES: u64 = 14;
/// The largest window that `Content-Encoding: zstd` may require (RFC 9659).
const LARGEST_WINDOW_BYTES: u64 = 8 << 20;

fn zstd(mut reader: Box<dyn Read + Send>) -> io::Result<Box<dyn Read + Send>> {
    let mut head = Vec::new();
    reader
        .by_ref()
        .take(ZSTD_HEAD_BYTES)
        .read_to_end(&mut head)?;
    if window_bytes(&head).is_none_or(|window| window > LARGEST_WINDOW_BYTES) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let whole = Cursor::new(head).chain(reader);
    let decoder = StreamingDecoder::new(whole).map_err(io::Error::other)?;
    Ok(Box::new(decoder))
}

/// The memory that a frame requires. A single-segment frame needs its whole size, which it states.
fn window_bytes(head: &[u8]) -> Option<u64> {
    let (descriptor, rest) = head.strip_prefix(b"\x28\xb5\x2f\xfd")?.split_first()?;
    let is_single = descriptor & 0x20 != 0;
    if !is_single {
        let window = *rest.first()?;
        let base = 1_u64 << (10 + (window >> 3));
        return Some(base + base / 8 * u64::from(window & 7));
    }
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let length = [1, 2, 4, 8][usize::from(descriptor >> 6)];
    let size = rest.get(dictionary..dictionary + length)?;
    let mut bytes = [0; 8];
    bytes[..length].copy_from_slice(size);
    let size = u64::from_le_bytes(bytes);
    // Two bytes count from 256 on.
    Some(size.saturating_add(if length == 2 { 256 } else { 0 }))
}

fn is_like_json(body: &[u8]) -> bool {
    if WideText::detect(body).is_some() {
        return true;
    }
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    body.trim_ascii_start().starts_with(b"{") || body.trim_ascii_start().starts_with(b"[")
}

/// Whether a body begins like a compressed one.
pub(super) fn is_compressed(body: &[u8]) -> bool {
    by_magic(body).is_some()
}

fn by_magic(body: &[u8]) -> Option<BodyCoding> {
    if body.starts_with(b"\x1f\x8b\x08") {
        return Some(BodyCoding::Gzip);
    }
    body.starts_with(b"\x28\xb5\x2f\xfd")
        .then_some(BodyCoding::Zstd)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn the_bytes_decide_over_the_header() {
        let of = |value: &'static str, body: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(value));
            BodyCodings::detect(&headers, body)
        };
        let coded = |codings: &[BodyCoding]| BodyCodings::Coded(Decoding(codings.to_vec()));
        for (value, body, expected) in [
            ("gzip", &b"\x1f\x8b"[..], coded(&[BodyCoding::Gzip])),
            ("X-GZIP", b"\x1f\x8b", coded(&[BodyCoding::Gzip])),
            (
                "gzip, br",
                b"x",
                coded(&[BodyCoding::Brotli, BodyCoding::Gzip]),
            ),
            ("identity", b"x", BodyCodings::Plain),
            ("", b"\x1f\x8b\x08", coded(&[BodyCoding::Gzip])),
            ("identity", b"\x28\xb5\x2f\xfd", coded(&[BodyCoding::Zstd])),
            ("gzip", b" {\"a\":1}", BodyCodings::Plain),
            ("utf-8", b"\xef\xbb\xbf[1]", BodyCodings::Plain),
            ("utf-16", b"{\0\"\0", BodyCodings::Plain),
            ("utf-8", b"x", BodyCodings::Unknown),
            ("compress", b"\x1f\x9d", BodyCodings::Unknown),
            ("gzip, gzip, gzip, gzip", b"\x1f\x8b", BodyCodings::Unknown),
        ] {
            assert_eq!(of(value, body), expected, "{value}");
        }
    }
}
