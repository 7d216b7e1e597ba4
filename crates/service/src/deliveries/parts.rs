//! The long texts of deliveries as rows: where each one is, or the media whose stored file has the same bytes.

use std::io::{self, Read as _, Seek as _, SeekFrom};

use super::bodies::{Bodies, MOST_FILES, PIECE_BYTES};
use super::needed::{file_of, is_needed_in};
pub use super::scan::PartKind;
use super::scan::{TOKEN_DIGITS, token_prefix};
use crate::db::{Db, Error, Row, Tx, values};
use crate::media::sql::has_other_unstored;
use crate::model::{DeliveryId, InstanceId, MediaId};

/// One text that was taken out of a body.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its number in the body, from 0.
    pub n: u32,
    pub kind: PartKind,
    /// The delivery's file that contains it, if any.
    pub file: Option<u32>,
    /// The offset in the file.
    pub start: u64,
    pub length: u64,
    /// The text itself, when it is short.
    pub text: Option<Vec<u8>>,
    /// SHA-256 of the decoded bytes, if it is base64.
    pub decoded_sha256: Option<[u8; 32]>,
    /// The media whose stored file has these bytes: the text is no longer stored.
    pub media: Option<MediaId>,
    /// The first decoded byte that is no white space, while it is received.
    pub(super) first_byte: Option<u8>,
}

/// The columns of a [`Part`].
macro_rules! columns {
    () => {
        "n, kind, file, start, length, text, decoded_sha256, media"
    };
}

impl Part {
    pub(super) fn new(n: u32, kind: PartKind) -> Self {
        Self {
            n,
            kind,
            file: None,
            start: 0,
            length: 0,
            text: None,
            decoded_sha256: None,
            media: None,
            first_byte: None,
        }
    }

    fn from_row(row: &Row) -> Result<Self, Error> {
        let file = row.int_or_none("file")?;
        Ok(Self {
            n: u32::try_from(row.int("n")?).unwrap_or(u32::MAX),
            kind: row.parsed("kind", PartKind::parse)?,
            file: file.and_then(|file| u32::try_from(file).ok()),
            start: row.count("start")?,
            length: row.count("length")?,
            text: row.bytes_or_none("text")?,
            decoded_sha256: row.bytes32_or_none("decoded_sha256")?,
            media: row.text_or_none("media")?.map(MediaId),
            first_byte: None,
        })
    }

    pub(super) async fn insert(&self, tx: &mut Tx, delivery: &DeliveryId) -> Result<(), Error> {
        let sql = "insert into delivery_parts (delivery, n, kind, file, start, length, text, decoded_sha256)
                   values ($1, $2, $3, $4, $5, $6, $7, $8)";
        let values = values![
            delivery.as_str(),
            self.n,
            self.kind.as_str(),
            self.file,
            self.start,
            self.length,
            self.text.clone(),
            self.decoded_sha256,
        ];
        tx.run(sql, values).await.map(drop)
    }
}

/// The parts of a delivery in their order.
pub async fn list(db: &Db, delivery: &DeliveryId) -> Result<Vec<Part>, Error> {
    let sql = concat!(
        "select ",
        columns!(),
        " from delivery_parts where delivery = $1 order by n"
    );
    let rows = db.rows(sql, values![delivery.as_str()]).await?;
    rows.iter().map(Part::from_row).collect()
}

/// Replaces texts by the stored file of a media with the same bytes: in the delivery that brought them, and in others to the
/// same instance, unless those brought media that are not stored. Returns the files that are not needed once this is
/// committed.
pub async fn release(
    tx: &mut Tx,
    instance: &InstanceId,
    delivery: &DeliveryId,
    media: &MediaId,
    sha256: &[u8; 32],
) -> Result<Vec<(DeliveryId, u32)>, Error> {
    let sql = concat!(
        "update delivery_parts set media = $1, text = null
         where media is null and decoded_sha256 = $2 and (delivery = $3
           or exists (select 1 from deliveries where deliveries.id = delivery_parts.delivery and deliveries.instance = $4)
             and not ",
        has_other_unstored!("delivery_parts.delivery", "$1"),
        ") returning delivery, file"
    );
    let values = values![media.as_str(), sha256, delivery.as_str(), instance.as_str()];
    let rows = tx.rows(sql, values).await?;
    let rows = rows
        .iter()
        .filter(|row| !matches!(row.int_or_none("file"), Ok(None)));
    let released: Vec<_> = rows.map(file_of).collect::<Result<_, _>>()?;
    let mut files = Vec::new();
    for (delivery, file) in released {
        if file < MOST_FILES || !is_needed_in(tx, &delivery, file).await? {
            files.push((delivery, file));
        }
    }
    Ok(files)
}

/// A piece of a text that stands in a body as it is read.
#[derive(Debug)]
pub enum Segment {
    /// Characters of the text itself, or of a short part.
    Here(Vec<u8>),
    /// A part in an open file.
    File {
        file: std::fs::File,
        /// The offset of the part.
        start: u64,
        /// The length of the part.
        length: u64,
    },
    /// A part whose bytes are those of a stored file.
    Stored { media: MediaId, sha256: [u8; 32] },
}

/// Why the segments of a text are unavailable.
#[derive(Debug, thiserror::Error)]
pub enum Unavailable {
    #[error(transparent)]
    Db(#[from] Error),
    /// A part is missing.
    #[error("a text of the delivery is not there")]
    Gone,
    #[error("cannot read a text of the delivery")]
    Io(#[source] io::Error),
}

/// The segments of a text in the body of a delivery, in their order.
pub async fn segments(
    db: &Db,
    bodies: &Bodies,
    delivery: &DeliveryId,
    text: &str,
) -> Result<Vec<Segment>, Unavailable> {
    let tokens = tokens(delivery, text);
    let parts = if tokens.is_empty() {
        Vec::new()
    } else {
        list(db, delivery).await?
    };
    let mut segments = Vec::new();
    let mut at = 0;
    for (start, end, n) in tokens {
        if start > at {
            segments.push(Segment::Here(text.as_bytes()[at..start].to_vec()));
        }
        at = end;
        let part = parts.iter().find(|part| part.n == n);
        segments.push(segment(bodies, delivery, part.ok_or(Unavailable::Gone)?)?);
    }
    if at < text.len() {
        segments.push(Segment::Here(text.as_bytes()[at..].to_vec()));
    }
    Ok(segments)
}

/// The segments of a whole body as it is stored, in their order, and the number of the one behind the limits.
pub async fn segments_of_body(
    db: &Db,
    bodies: &Bodies,
    delivery: &DeliveryId,
    text: &[u8],
) -> Result<(Vec<Segment>, Option<usize>), Unavailable> {
    let parts = list(db, delivery).await?;
    let mut segments = Vec::new();
    let mut at = 0;
    for (start, end, n) in tokens(delivery, text) {
        let Some(part) = parts.iter().find(|part| part.n == n) else {
            return Err(Unavailable::Gone);
        };
        // The token of a list of numbers is in quotes of its own.
        let quotes = usize::from(part.kind == PartKind::Numbers);
        let start = start.saturating_sub(quotes).max(at);
        segments.push(Segment::Here(text[at..start].to_vec()));
        segments.push(segment(bodies, delivery, part)?);
        at = (end + quotes).min(text.len());
    }
    segments.push(Segment::Here(text[at..].to_vec()));
    let rest = parts.iter().find(|part| part.kind == PartKind::Rest);
    let number = rest.map(|_| segments.len());
    if let Some(rest) = rest {
        segments.push(segment(bodies, delivery, rest)?);
    }
    Ok((segments, number))
}

/// A text or a file, read piece by piece.
pub enum Pieces {
    Here(Vec<u8>),
    File { file: std::fs::File, left: u64 },
}

impl Pieces {
    pub fn of_file(mut file: std::fs::File, start: u64, length: u64) -> io::Result<Self> {
        file.seek(SeekFrom::Start(start))?;
        Ok(Self::File { file, left: length })
    }

    /// The next bytes; `None` at the end.
    pub async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let (file, left) = match self {
            Self::Here(text) if text.is_empty() => return Ok(None),
            Self::Here(text) => return Ok(Some(std::mem::take(text))),
            Self::File { left: 0, .. } => return Ok(None),
            Self::File { file, left } => (file, left),
        };
        let size = usize::try_from(*left)
            .unwrap_or(usize::MAX)
            .min(PIECE_BYTES);
        let mut copy = file.try_clone()?;
        let reading = tokio::task::spawn_blocking(move || {
            let mut piece = vec![0; size];
            copy.read_exact(&mut piece).map(|()| piece)
        });
        let piece = reading
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::Interrupted.into()))?;
        *left -= size as u64;
        Ok(Some(piece))
    }
}

pub(super) fn segment(
    bodies: &Bodies,
    delivery: &DeliveryId,
    part: &Part,
) -> Result<Segment, Unavailable> {
    if let (Some(media), Some(sha256)) = (&part.media, part.decoded_sha256) {
        let media = media.clone();
        return Ok(Segment::Stored { media, sha256 });
    }
    if let Some(text) = &part.text {
        return Ok(Segment::Here(text.clone()));
    }
    let opened = bodies.open(delivery, part.file.ok_or(Unavailable::Gone)?);
    let file = opened.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Unavailable::Gone,
        _ => Unavailable::Io(error),
    })?;
    Ok(Segment::File {
        file,
        start: part.start,
        length: part.length,
    })
}

/// The numbers of the parts whose tokens are in a text.
pub fn parts_in(delivery: &DeliveryId, text: &str) -> Vec<u32> {
    tokens(delivery, text)
        .into_iter()
        .map(|(.., n)| n)
        .collect()
}

/// The start, end and number of each token in a text.
pub(super) fn tokens(delivery: &DeliveryId, text: impl AsRef<[u8]>) -> Vec<(usize, usize, u32)> {
    let prefix = token_prefix(delivery.as_str()).into_bytes();
    let text = text.as_ref();
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(offset) = text.get(at..).and_then(|rest| find(rest, &prefix)) {
        let start = at + offset;
        let digits = start + prefix.len();
        let end = digits + TOKEN_DIGITS;
        let number = text.get(digits..end);
        let number = number.and_then(|it| std::str::from_utf8(it).ok()?.parse().ok());
        at = match number {
            Some(n) => {
                found.push((start, end, n));
                end
            }
            None => digits,
        };
    }
    found
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    let first = *part.first()?;
    let mut at = 0;
    loop {
        at += text.get(at..)?.iter().position(|byte| *byte == first)?;
        if text[at..].starts_with(part) {
            return Some(at);
        }
        at += 1;
    }
}
