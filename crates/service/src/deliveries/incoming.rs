//! Receives a body: long texts go to files at once, so that memory has only the rest.

use std::io;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use wa_media::Base64Decoder;

use super::bodies::{Bodies, IncomingFiles, MOST_FILES, PIECE_BYTES};
use super::parts::Part;
use super::restored::LongTexts;
use super::scan::{LEAST_PART_BYTES, PartKind, Parts, Scanner};
use crate::clock::Millis;
use crate::gateway::{Taken, TokenFilter, token_filter};
use crate::model::{DeliveryId, fresh_id};

pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Longer parts go to files.
const MOST_IN_ROW_BYTES: usize = 64 << 10;
/// Shorter parts always go to rows.
const LEAST_IN_FILE_BYTES: u64 = 12 << 10;
/// All parts of a body that go to rows, together.
const MOST_IN_ROWS_BYTES: usize = 256 << 10;
/// Smaller bodies are stored again when they arrive again.
const LEAST_COMPARED_BYTES: u64 = 64 << 10;

/// A received body, with its files synced.
#[derive(Debug)]
pub struct Body {
    /// The id of its delivery.
    pub id: DeliveryId,
    /// The rest without its parts: JSON, if the body was.
    pub text: Bytes,
    /// The length of the whole body.
    pub size_bytes: u64,
    /// SHA-256 of the whole body, if it is large.
    pub sha256: Option<[u8; 32]>,
    /// The parts that were taken out.
    pub parts: Vec<Part>,
    /// Whether it is longer than the limits.
    pub is_cut: bool,
    /// Whether a part was taken out of JSON in a string that may contain more than is read.
    pub lost_json: bool,
    /// The tokens that were in the part behind the limits.
    pub rest_taken: Vec<Taken>,
    /// When it was received before, if it is stored already as a refused delivery.
    pub(super) refused_at: Option<Millis>,
    /// The number of its first file.
    first_file: u32,
    pub(super) bodies: Bodies,
    /// The files, if there are any.
    files: Option<IncomingFiles>,
}

impl Body {
    /// Receives a whole body at once.
    pub async fn from_bytes(bodies: &Bodies, now: Millis, bytes: &[u8]) -> io::Result<Self> {
        let mut incoming = Incoming::new(bodies, now);
        incoming.take(bytes).await?;
        incoming.finish().await
    }

    /// Moves these parts to files, because they are media: as rows they would grow the database until they are stored.
    pub async fn to_files(mut self, parts: &[u32]) -> io::Result<Self> {
        let parts = parts.to_vec();
        let moves = move |part: &Part| {
            part.text.is_some() && part.length >= LEAST_IN_FILE_BYTES && parts.contains(&part.n)
        };
        if !self.parts.iter().any(&moves) {
            return Ok(self);
        }
        let bodies = self.bodies.clone();
        let moved = bodies.write(move || {
            let files = &*self
                .files
                .get_or_insert_with(|| self.bodies.incoming_files(&self.id, self.first_file));
            for part in self.parts.iter_mut().filter(|part| moves(part)) {
                let file = files.made().min(MOST_FILES);
                let text = part.text.take().unwrap_or_default();
                let written = files.append(file, &text)?;
                written.sync_all()?;
                part.start = written.metadata()?.len() - part.length;
                part.file = Some(file);
            }
            files.sync()?;
            Ok(self)
        });
        moved.await
    }

    /// The texts that were taken out of it.
    pub fn long_texts(&self) -> LongTexts<'_> {
        LongTexts {
            delivery: &self.id,
            bodies: &self.bodies,
            parts: &self.parts,
        }
    }

    /// Receives another form of this body, which is stored in place of it.
    pub fn successor(&self, now: Millis) -> Incoming {
        let Some(at) = self.refused_at else {
            return Incoming::new(&self.bodies, now);
        };
        let first = self
            .files
            .as_ref()
            .map_or(self.first_file, IncomingFiles::made);
        Incoming::again(&self.bodies, &self.id, at, first)
    }

    /// Its rows are written and may be committed at any moment; or they were not.
    pub(super) fn set_written(&self, is_written: bool) {
        if let Some(files) = &self.files {
            files.set_written(is_written);
        }
    }

    /// Its rows are committed; these files are not needed.
    pub(super) fn commit(&self, unneeded: &[u32]) {
        if let Some(files) = &self.files {
            files.commit(unneeded);
        }
    }
}

/// A body while it is received.
pub struct Incoming {
    id: DeliveryId,
    refused_at: Option<Millis>,
    first_file: u32,
    bodies: Bodies,
    size_bytes: u64,
    /// The body so far, while it is too short to take anything out.
    short: Vec<u8>,
    long: Option<Box<Long>>,
}

/// The state of a longer body.
struct Long {
    scanner: Scanner,
    sink: PartCollector,
    first_file: u32,
    files: Option<IncomingFiles>,
    sha256: Sha256,
}

impl Incoming {
    pub fn new(bodies: &Bodies, now: Millis) -> Self {
        Self {
            id: DeliveryId(fresh_id(now)),
            refused_at: None,
            first_file: 0,
            bodies: bodies.clone(),
            size_bytes: 0,
            short: Vec::new(),
            long: None,
        }
    }

    /// Receives a refused delivery again, which has `files` files already. A delivery with too many files gets another id.
    pub fn again(bodies: &Bodies, id: &DeliveryId, received_at: Millis, files: u32) -> Self {
        let mut incoming = Self::new(bodies, received_at);
        incoming.refused_at = Some(received_at);
        if files < MOST_FILES {
            incoming.id = id.clone();
            incoming.first_file = files;
        }
        incoming
    }

    /// The memory that it takes now.
    pub fn memory_bytes(&self) -> usize {
        let long = self.long.as_ref();
        let long = long.map_or(0, |it| it.scanner.text().len() + it.sink.memory_bytes());
        self.short.len() + long
    }

    /// The bytes written to files so far.
    pub fn file_bytes(&self) -> u64 {
        let lengths = self.long.iter().flat_map(|long| &long.sink.file_lengths);
        lengths.sum()
    }

    pub async fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.size_bytes += bytes.len() as u64;
        if self.long.is_none() && self.short.len() + bytes.len() < LEAST_PART_BYTES {
            self.short.extend_from_slice(bytes);
            return Ok(());
        }
        let long = self.long.get_or_insert_with(|| {
            let mut long = Box::new(Long::new(&self.id, self.first_file));
            long.push(&std::mem::take(&mut self.short));
            long
        });
        for piece in bytes.chunks(PIECE_BYTES) {
            long.push(piece);
            long.write(&self.bodies, &self.id).await?;
        }
        Ok(())
    }

    /// Ends the body.
    pub async fn finish(self) -> io::Result<Body> {
        let mut body = Body {
            id: self.id,
            text: self.short.into(),
            size_bytes: self.size_bytes,
            sha256: None,
            parts: Vec::new(),
            is_cut: false,
            lost_json: false,
            rest_taken: Vec::new(),
            refused_at: self.refused_at,
            first_file: self.first_file,
            bodies: self.bodies,
            files: None,
        };
        if let Some(long) = self.long {
            long.finish(&mut body).await?;
        }
        Ok(body)
    }
}

impl Long {
    fn new(id: &DeliveryId, first_file: u32) -> Self {
        Self {
            scanner: Scanner::new(id.as_str()),
            sink: PartCollector::new(first_file),
            first_file,
            files: None,
            sha256: Sha256::new(),
        }
    }

    fn push(&mut self, piece: &[u8]) {
        self.sha256.update(piece);
        self.scanner.push(piece, &mut self.sink);
    }

    async fn finish(mut self: Box<Self>, body: &mut Body) -> io::Result<()> {
        (body.is_cut, body.lost_json) = (self.scanner.is_cut(), self.scanner.lost_json);
        let scanner = std::mem::replace(&mut self.scanner, Scanner::new(""));
        body.text = scanner.finish(&mut self.sink).into();
        self.write(&body.bodies, &body.id).await?;
        if let Some(files) = self.files.take() {
            let synced = body.bodies.write(move || files.sync().map(|()| files));
            body.files = Some(synced.await?);
        }
        let Self { sink, sha256, .. } = *self;
        let is_large = body.size_bytes >= LEAST_COMPARED_BYTES;
        body.sha256 = is_large.then(|| sha256.finalize().into());
        (body.parts, body.rest_taken) = (sink.parts, sink.taken);
        Ok(())
    }

    /// Writes the pending bytes to the files; syncs each file once it is complete.
    async fn write(&mut self, bodies: &Bodies, id: &DeliveryId) -> io::Result<()> {
        let waiting = std::mem::take(&mut self.sink.waiting);
        if waiting.is_empty() {
            return Ok(());
        }
        let files = self.files.take();
        let first = self.first_file;
        let files = files.unwrap_or_else(|| bodies.incoming_files(id, first));
        let files = bodies.write(move || {
            for Write {
                file,
                bytes,
                is_last,
            } in waiting
            {
                let file = files.append(file, &bytes)?;
                if is_last {
                    file.sync_all()?;
                }
            }
            Ok(files)
        });
        self.files = Some(files.await?);
        Ok(())
    }
}

fn first_byte(decoded: &[u8]) -> Option<u8> {
    let decoded = decoded.strip_prefix(BYTE_ORDER_MARK).unwrap_or(decoded);
    decoded.trim_ascii_start().first().copied()
}

/// Bytes for a file.
struct Write {
    file: u32,
    bytes: Vec<u8>,
    is_last: bool,
}

/// Collects the parts of a body: short ones for rows, long ones for files.
struct PartCollector {
    parts: Vec<Part>,
    /// Bytes of the current part that are in no file.
    buffer: Vec<u8>,
    in_rows_bytes: usize,
    /// The lengths of the files.
    file_lengths: Vec<u64>,
    waiting: Vec<Write>,
    decoding: Option<(Base64Decoder, Sha256)>,
    decoded: Vec<u8>,
    /// Of the part behind the limits, which is not read.
    filter: Option<TokenFilter>,
    taken: Vec<Taken>,
}

impl PartCollector {
    fn new(first_file: u32) -> Self {
        Self {
            parts: Vec::new(),
            buffer: Vec::new(),
            in_rows_bytes: 0,
            file_lengths: vec![0; first_file as usize],
            waiting: Vec::new(),
            decoding: None,
            decoded: Vec::new(),
            filter: None,
            taken: Vec::new(),
        }
    }

    fn append(&mut self, bytes: &[u8]) {
        if let Some(part) = self.parts.last_mut() {
            part.length += bytes.len() as u64;
        }
        self.buffer.extend_from_slice(bytes);
    }

    fn memory_bytes(&self) -> usize {
        self.buffer.len() + self.in_rows_bytes
    }

    /// Moves the buffered bytes to the part's file.
    fn write_to_file(&mut self, is_last: bool) {
        let Some(part) = self.parts.last_mut() else {
            return;
        };
        let file = *part.file.get_or_insert_with(|| {
            let next = u32::try_from(self.file_lengths.len()).unwrap_or(u32::MAX);
            let file = next.min(MOST_FILES);
            if file == next {
                self.file_lengths.push(0);
            }
            part.start = self.file_lengths[file as usize];
            file
        });
        self.file_lengths[file as usize] += self.buffer.len() as u64;
        self.waiting.push(Write {
            file,
            bytes: std::mem::take(&mut self.buffer),
            is_last,
        });
    }
}

impl Parts for PartCollector {
    fn begin(&mut self, kind: PartKind) {
        let n = u32::try_from(self.parts.len()).unwrap_or(u32::MAX);
        self.parts.push(Part::new(n, kind));
        let may_be_media = matches!(kind, PartKind::Base64 | PartKind::Text);
        self.decoding = may_be_media.then(Default::default);
        self.filter = (kind == PartKind::Rest).then(token_filter);
    }

    fn write(&mut self, bytes: &[u8]) {
        match &mut self.filter {
            Some(filter) => {
                let bytes = filter.update(bytes);
                self.append(&bytes);
            }
            None => self.append(bytes),
        }
        let Some(part) = self.parts.last_mut() else {
            return;
        };
        if let Some((decoder, sha256)) = &mut self.decoding {
            let outcome = decoder.update(bytes, &mut self.decoded);
            part.first_byte = part.first_byte.or_else(|| first_byte(&self.decoded));
            sha256.update(&self.decoded);
            self.decoded.clear();
            if outcome.is_err() {
                self.decoding = None;
            }
        }
        if self.buffer.len() >= PIECE_BYTES.max(MOST_IN_ROW_BYTES) {
            self.write_to_file(false);
        }
    }

    fn end(&mut self) {
        if let Some(filter) = self.filter.take() {
            let (rest, taken) = filter.finish();
            self.append(&rest);
            self.taken = taken;
        }
        let remaining_bytes = MOST_IN_ROWS_BYTES - self.in_rows_bytes;
        let Some(part) = self.parts.last_mut() else {
            return;
        };
        if let Some((decoder, mut sha256)) = self.decoding.take()
            && decoder.finish(&mut self.decoded).is_ok()
        {
            sha256.update(&self.decoded);
            part.first_byte = part.first_byte.or_else(|| first_byte(&self.decoded));
            part.decoded_sha256 = Some(sha256.finalize().into());
        }
        self.decoded.clear();
        if part.file.is_none() && self.buffer.len() <= remaining_bytes {
            self.in_rows_bytes += self.buffer.len();
            part.text = Some(std::mem::take(&mut self.buffer));
        } else {
            self.write_to_file(true);
        }
    }
}
