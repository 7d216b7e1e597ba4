//! `Content-Encoding`: some servers compress although only `identity` was accepted. Decodes piece by piece, so that
//! highly compressed bytes need little memory; the caller limits the total.

use std::io::{self, Write as _};

use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use hyper::header::{CONTENT_ENCODING, HeaderMap};

/// More than two codings are unusual.
const MOST_CODINGS: usize = 3;
const LONGEST_NAME: usize = 32;

/// A coding that cannot be decoded here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server sent the content coding {0:?}")]
pub struct UnknownCoding(pub String);

/// One coding of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// RFC 1952.
    Gzip,
    /// RFC 1950, or RFC 1951 without its wrapper, as some servers understand the name.
    Deflate,
}

/// The codings of an answer, in the order in which they were applied; usually none.
pub fn codings(headers: &HeaderMap) -> Result<Vec<Coding>, UnknownCoding> {
    let mut codings = Vec::new();
    let lists = headers.get_all(CONTENT_ENCODING);
    let names = lists
        .iter()
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','));
    for name in names.map(|name| name.trim().to_ascii_lowercase()) {
        match name.as_str() {
            // `utf-8`, `none` and the like are mistakes for other headers.
            "" | "identity" | "none" | "binary" | "8bit" | "7bit" | "utf-8" | "utf8"
            | "aws-chunked" => {}
            "gzip" | "x-gzip" => codings.push(Coding::Gzip),
            "deflate" => codings.push(Coding::Deflate),
            _ => return Err(UnknownCoding(name.chars().take(LONGEST_NAME).collect())),
        }
        if codings.len() > MOST_CODINGS {
            return Err(UnknownCoding(name));
        }
    }
    Ok(codings)
}

pub struct Decoder(Vec<DecoderStage>);

struct DecoderStage {
    codec: Codec,
    /// Bytes to be decoded, from `at` on.
    input: Vec<u8>,
    at: usize,
}

enum Codec {
    /// The first bytes have not arrived yet.
    Unknown(Coding),
    /// The header is wrong: the file is not compressed.
    Plain,
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
    Zlib(Box<ZlibDecoder<Vec<u8>>>),
    Raw(Box<DeflateDecoder<Vec<u8>>>),
}

impl Decoder {
    /// For codings in the order in which they were applied.
    pub fn new(codings: &[Coding]) -> Self {
        let stage = |coding: Option<&Coding>| DecoderStage {
            codec: coding.map_or(Codec::Plain, |coding| Codec::Unknown(*coding)),
            input: Vec::new(),
            at: 0,
        };
        let mut stages: Vec<_> = codings
            .iter()
            .rev()
            .map(|coding| stage(Some(coding)))
            .collect();
        if stages.is_empty() {
            stages.push(stage(None));
        }
        Self(stages)
    }

    /// Adds the next bytes of the body. To be called when [`Decoder::next`] has nothing more.
    pub fn push(&mut self, bytes: &[u8]) {
        if let Some(first) = self.0.first_mut() {
            first.push(bytes);
        }
    }

    /// Appends some decoded bytes, mostly 32 KiB or less; false when more of the body is needed.
    pub fn next(&mut self, decoded: &mut Vec<u8>) -> io::Result<bool> {
        // The last stage with input, so that nothing piles up between the stages.
        let Some(at) = self.0.iter().rposition(DecoderStage::can_go_on) else {
            return Ok(false);
        };
        let mut output = Vec::new();
        self.0[at].step(&mut output)?;
        match self.0.get_mut(at + 1) {
            Some(next) => next.push(&output),
            None => decoded.append(&mut output),
        }
        Ok(true)
    }

    /// At the end of the body: appends the rest. An error when the body is incomplete.
    pub fn finish(&mut self, decoded: &mut Vec<u8>) -> io::Result<()> {
        for at in 0..self.0.len() {
            let mut output = Vec::new();
            self.0[at].finish(&mut output)?;
            match self.0.get_mut(at + 1) {
                Some(next) => next.push(&output),
                None => decoded.append(&mut output),
            }
            while self.next(decoded)? {}
        }
        Ok(())
    }
}

impl DecoderStage {
    fn push(&mut self, bytes: &[u8]) {
        self.input.drain(..self.at);
        self.at = 0;
        self.input.extend_from_slice(bytes);
    }

    fn can_go_on(&self) -> bool {
        // Two bytes show whether it is compressed at all.
        let needed = if matches!(self.codec, Codec::Unknown(_)) {
            2
        } else {
            1
        };
        self.input.len() - self.at >= needed
    }

    fn begin(&mut self, coding: Coding) {
        let start = &self.input[self.at..];
        self.codec = match (coding, start) {
            (Coding::Gzip, [0x1f, 0x8b, ..]) => {
                Codec::Gzip(Box::new(MultiGzDecoder::new(Vec::new())))
            }
            (Coding::Gzip, _) | (Coding::Deflate, []) => Codec::Plain,
            (Coding::Deflate, [first, second, ..])
                if first & 0x0f == 8
                    && (u16::from(*first) << 8 | u16::from(*second)).is_multiple_of(31) =>
            {
                Codec::Zlib(Box::new(ZlibDecoder::new(Vec::new())))
            }
            (Coding::Deflate, _) => Codec::Raw(Box::new(DeflateDecoder::new(Vec::new()))),
        };
    }

    fn step(&mut self, output: &mut Vec<u8>) -> io::Result<()> {
        if let Codec::Unknown(coding) = self.codec {
            self.begin(coding);
        }
        let input = &self.input[self.at..];
        let taken = match &mut self.codec {
            Codec::Unknown(_) | Codec::Plain => {
                output.extend_from_slice(input);
                input.len()
            }
            Codec::Gzip(codec) => drained(codec.write(input)?, codec.get_mut(), output),
            Codec::Zlib(codec) => drained(codec.write(input)?, codec.get_mut(), output),
            Codec::Raw(codec) => drained(codec.write(input)?, codec.get_mut(), output),
        };
        // Bytes behind the end of a stream are ignored.
        self.at = if taken == 0 {
            self.input.len()
        } else {
            self.at + taken
        };
        Ok(())
    }

    fn finish(&mut self, output: &mut Vec<u8>) -> io::Result<()> {
        if matches!(self.codec, Codec::Unknown(_)) {
            // At most one byte.
            self.codec = Codec::Plain;
        }
        while self.can_go_on() {
            self.step(output)?;
        }
        match &mut self.codec {
            Codec::Unknown(_) | Codec::Plain => {}
            Codec::Gzip(codec) => {
                codec.try_finish()?;
                drained(0, codec.get_mut(), output);
            }
            Codec::Zlib(codec) => {
                codec.try_finish()?;
                drained(0, codec.get_mut(), output);
            }
            Codec::Raw(codec) => {
                codec.try_finish()?;
                drained(0, codec.get_mut(), output);
            }
        }
        Ok(())
    }
}

fn drained(taken: usize, from: &mut Vec<u8>, output: &mut Vec<u8>) -> usize {
    output.append(from);
    taken
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use hyper::header::HeaderValue;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn decode(codings: &[Coding], body: &[u8], piece: usize) -> io::Result<Vec<u8>> {
        let mut decoder = Decoder::new(codings);
        let mut decoded = Vec::new();
        for piece in body.chunks(piece) {
            decoder.push(piece);
            while decoder.next(&mut decoded)? {}
        }
        decoder.finish(&mut decoded)?;
        Ok(decoded)
    }

    #[test]
    fn every_coding_is_decoded_in_pieces_of_any_size() {
        let text: Vec<u8> = (0..50_000_u32)
            .flat_map(|n| format!("{n};").into_bytes())
            .collect();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(&text).unwrap();
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::default());
        raw.write_all(&text).unwrap();
        let members = [gzip(&text[..10]), gzip(&text[10..])].concat();
        for (codings, body) in [
            (&[Coding::Gzip][..], gzip(&text)),
            (&[Coding::Gzip], members),
            (&[Coding::Deflate], zlib.finish().unwrap()),
            (&[Coding::Deflate], raw.finish().unwrap()),
            (&[Coding::Gzip, Coding::Gzip], gzip(&gzip(&text))),
            // The header is wrong.
            (&[Coding::Gzip], text.clone()),
            (&[Coding::Gzip, Coding::Gzip], gzip(&text)),
        ] {
            for piece in [1, 7, 4_096, body.len()] {
                assert!(
                    decode(codings, &body, piece).unwrap() == text,
                    "{codings:?} {piece}"
                );
            }
        }
        assert_eq!(decode(&[Coding::Gzip], b"x", 1).unwrap(), b"x");
        assert_eq!(decode(&[Coding::Gzip], b"", 1).unwrap(), b"");
    }

    #[test]
    fn truncated_or_modified_bodies_are_errors() {
        let body = gzip(&[7; 100_000]);
        for end in 2..body.len() {
            assert!(decode(&[Coding::Gzip], &body[..end], 16).is_err(), "{end}");
        }
        let mut altered = body.clone();
        let at = altered.len() - 6;
        altered[at] ^= 1;
        assert!(decode(&[Coding::Gzip], &altered, 16).is_err());
    }

    #[test]
    fn a_bomb_comes_in_small_pieces() {
        let bomb = gzip(&gzip(&vec![0; 64 << 20]));
        let mut decoder = Decoder::new(&[Coding::Gzip, Coding::Gzip]);
        decoder.push(&bomb);
        let (mut most, mut all) = (0, 0);
        let mut piece = Vec::new();
        while decoder.next(&mut piece).unwrap() {
            (most, all) = (most.max(piece.len()), all + piece.len());
            piece.clear();
        }
        decoder.finish(&mut piece).unwrap();
        assert_eq!(all + piece.len(), 64 << 20);
        assert!(most <= 64 << 10, "{most} bytes at once");
    }

    #[test]
    fn the_header_is_read_in_every_spelling() {
        let of = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(CONTENT_ENCODING, HeaderValue::from_static(value));
            }
            codings(&headers)
        };
        assert_eq!(of(&[]), Ok(vec![]));
        assert_eq!(of(&["identity"]), Ok(vec![]));
        assert_eq!(of(&[" X-GZip "]), Ok(vec![Coding::Gzip]));
        assert_eq!(
            of(&["gzip, identity, deflate"]),
            Ok(vec![Coding::Gzip, Coding::Deflate])
        );
        assert_eq!(of(&["gzip", "gzip"]), Ok(vec![Coding::Gzip, Coding::Gzip]));
        assert_eq!(of(&["br"]), Err(UnknownCoding("br".to_owned())));
        assert!(of(&["gzip,gzip,gzip,gzip"]).is_err());
    }
}
