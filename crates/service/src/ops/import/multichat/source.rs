//! The database of the original Django system, read as it is: tables and columns that a version did not have yet are
//! missing, numbers stand as text, times without their zone (they are in UTC).

use std::collections::HashSet;

use serde_json::{Value as Json, json};
use wa_media::FoundMedia;
use wa_media::read::{bytes32, seconds};

use super::report::LeftOut;
use super::tree::kind_of_folder;
use crate::clock::{Millis, millis_of_utc};
use crate::db::Value;
use crate::db::foreign::{Error, Foreign, ForeignRow};
use crate::gateway::{self, Gateway, Message};
use crate::model::{ChatId, ChatKind, MediaKey, MediaKind, Origin, SenderId};

/// Without these it is another database.
pub(super) const NEEDED: [&str; 3] = ["core_cliente", "core_whatsappinstance", "core_mediafile"];
/// Rows that are read at once; those that bring a whole delivery may be large.
const PAGE: u32 = 250;
const FEW: u32 = 20;

/// A company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Client {
    pub id: i64,
    pub name: String,
    /// Where it has its only number in its own row.
    pub instance: Option<String>,
    pub token: Option<String>,
}

/// A WhatsApp number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Number {
    /// The row's own, by which other rows name it.
    pub row: String,
    pub id: String,
    pub client: i64,
    pub token: Option<String>,
    /// Whether it was connected, and when that was seen.
    pub state: Option<(bool, Millis)>,
}

/// A media, as a row describes it.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// Which row: `core_mediafile 17`.
    pub origin: String,
    /// The client's id in the row.
    pub client: Option<i64>,
    /// The instance: its id, or its row.
    pub instance: String,
    pub message: Message,
    pub found: FoundMedia,
    /// Where the file should be, as it was written.
    pub file: Option<String>,
    pub received_at: Option<Millis>,
    pub stored_at: Option<Millis>,
    /// For a file that no row names: which one.
    pub orphan: Option<usize>,
    /// Whether the instance is named by its row, not by its id.
    pub names_row: bool,
    /// The delivery of which it is one of perhaps several media.
    pub event: Option<String>,
    /// Whether several rows have media of its message.
    pub is_one_of_several: bool,
    /// The instance that the delivery itself names.
    pub body_instance: Option<String>,
}

/// A row of media, or the row and why it cannot be taken.
pub(super) type Reading = Result<Record, (String, LeftOut)>;

/// A table with media.
#[derive(Clone, Copy, Debug)]
pub(super) enum Table {
    /// `core_mediafile`.
    MediaFile,
    /// `webhook_messagemedia`, with the delivery that it belongs to.
    MessageMedia,
}

/// A raw delivery that the original system kept.
pub(super) struct Event {
    pub origin: String,
    pub client: Option<i64>,
    pub instance: String,
    pub body: String,
    pub received_at: Option<Millis>,
}

/// The open database.
pub(super) struct Source {
    db: Foreign,
    has_chats: bool,
    has_message_media: bool,
    has_events: bool,
    /// Deliveries of messages that have several rows of media.
    several: HashSet<String>,
}

impl Source {
    /// Takes a database for what it should be; answers with the table that is missing when it is another one.
    pub async fn of(db: Foreign) -> Result<Result<Self, &'static str>, Error> {
        for table in NEEDED {
            if db.columns(table).await?.is_empty() {
                return Ok(Err(table));
            }
        }
        let has = async |table| Ok::<_, Error>(!db.columns(table).await?.is_empty());
        let has_events = has("webhook_webhookevent").await?;
        let has_message_media = has_events && has("webhook_messagemedia").await?;
        Ok(Ok(Self {
            several: match has_message_media {
                true => several(&db).await?,
                false => HashSet::new(),
            },
            has_chats: has("core_chat").await?
                && db
                    .columns("core_mediafile")
                    .await?
                    .contains(&"chat_id".to_owned()),
            has_message_media,
            has_events,
            db,
        }))
    }

    pub async fn clients(&self) -> Result<Vec<Client>, Error> {
        let rows = self.all("select * from core_cliente order by id").await?;
        let of = |row: &ForeignRow| {
            Some(Client {
                id: row.int("id")?,
                name: words(row, "nome").or_else(|| words(row, "empresa"))?,
                instance: words(row, "wapi_instance_id"),
                token: words(row, "wapi_token"),
            })
        };
        Ok(rows.iter().filter_map(of).collect())
    }

    pub async fn numbers(&self) -> Result<Vec<Number>, Error> {
        let rows = self
            .all("select * from core_whatsappinstance order by id")
            .await?;
        let of = |row: &ForeignRow| {
            let seen = time(row, "last_seen").or_else(|| time(row, "updated_at"));
            let state = match row.text("status").unwrap_or("").trim() {
                "connected" => Some(true),
                "disconnected" => Some(false),
                _ => None,
            };
            Some(Number {
                row: row.text("id")?.to_owned(),
                id: words(row, "instance_id")?,
                client: row.int("cliente_id")?,
                token: words(row, "token"),
                state: state.zip(seen),
            })
        };
        Ok(rows.iter().filter_map(of).collect())
    }

    /// How many rows may have media.
    pub async fn count(&self) -> Result<u64, Error> {
        let mut tables = vec!["core_mediafile"];
        if self.has_message_media {
            tables.push("webhook_messagemedia");
        }
        if self.has_events {
            tables.push("webhook_webhookevent");
        }
        let mut count = 0;
        for table in tables {
            let rows = self
                .all(&format!("select count(*) as n from {table}"))
                .await?;
            let n = rows.first().and_then(|row| row.int("n")).unwrap_or(0);
            count += u64::try_from(n).unwrap_or(0);
        }
        Ok(count)
    }

    /// The media of a table after the row `after` (`i64::MIN` for the first), and the row to go on after; nothing at the end.
    pub async fn media(
        &self,
        table: Table,
        after: i64,
    ) -> Result<Option<(Vec<Reading>, i64)>, Error> {
        let sql = match table {
            Table::MediaFile if self.has_chats => {
                "select m.*, m.rowid as row, c.chat_id as chat_named from core_mediafile m
                 left join core_chat c on c.id = m.chat_id where m.rowid > $1 order by m.rowid limit $2"
            }
            Table::MediaFile => {
                "select m.*, m.rowid as row from core_mediafile m where m.rowid > $1 order by m.rowid limit $2"
            }
            Table::MessageMedia if self.has_message_media => {
                "select m.*, m.rowid as row, m.media_path as file_path, coalesce(m.document_filename, m.document_title) as file_name,
                   e.cliente_id, e.instance_id, e.message_id, e.sender_id, e.sender_name, e.chat_id as chat_named, e.timestamp as message_timestamp, e.raw_data as body
                 from webhook_messagemedia m left join webhook_webhookevent e on e.event_id = m.event_id
                 where m.rowid > $1 order by m.rowid limit $2"
            }
            Table::MessageMedia => return Ok(None),
        };
        let limit = match table {
            Table::MediaFile => PAGE,
            Table::MessageMedia => FEW,
        };
        let values = vec![Value::from(after), Value::from(limit)];
        let rows = self.db.rows(sql.to_owned(), values).await?;
        let Some(last) = rows.last().and_then(|row| row.int("row")) else {
            return Ok(None);
        };
        Ok(Some((
            rows.iter().map(|row| self.record(table, row)).collect(),
            last,
        )))
    }

    /// The kept deliveries after the row `after`, like [`Source::media`].
    pub async fn events(&self, after: i64) -> Result<Option<(Vec<Event>, i64)>, Error> {
        if !self.has_events {
            return Ok(None);
        }
        let sql = "select rowid as row, cliente_id, instance_id, raw_data, timestamp from webhook_webhookevent
                   where rowid > $1 order by rowid limit $2";
        let values = vec![Value::from(after), Value::from(FEW)];
        let rows = self.db.rows(sql.to_owned(), values).await?;
        let Some(last) = rows.last().and_then(|row| row.int("row")) else {
            return Ok(None);
        };
        let of = |row: &ForeignRow| Event {
            origin: format!("webhook_webhookevent {}", row.text("row").unwrap_or("?")),
            client: row.int("cliente_id"),
            instance: words(row, "instance_id").unwrap_or_default(),
            body: row.text("raw_data").unwrap_or("").to_owned(),
            received_at: time(row, "timestamp"),
        };
        Ok(Some((rows.iter().map(of).collect(), last)))
    }

    fn record(&self, table: Table, row: &ForeignRow) -> Reading {
        let mut record = record(table, row)?;
        let event = record.event.as_ref();
        record.is_one_of_several = event.is_some_and(|event| self.several.contains(event));
        Ok(record)
    }

    async fn all(&self, sql: &str) -> Result<Vec<ForeignRow>, Error> {
        self.db.rows(sql.to_owned(), Vec::new()).await
    }
}

async fn several(db: &Foreign) -> Result<HashSet<String>, Error> {
    let sql = "with named as (select m.event_id, e.instance_id || ' ' || coalesce(nullif(e.message_id, ''), e.event_id) as message
                 from webhook_messagemedia m join webhook_webhookevent e on e.event_id = m.event_id)
               select distinct event_id from named where message in (select message from named group by message having count(*) > 1)";
    let rows = db.rows(sql.to_owned(), Vec::new()).await?;
    let events = rows.iter().filter_map(|row| words(row, "event_id"));
    Ok(events.collect())
}

fn record(table: Table, row: &ForeignRow) -> Reading {
    let name = match table {
        Table::MediaFile => "core_mediafile",
        Table::MessageMedia => "webhook_messagemedia",
    };
    let origin = format!("{name} {}", row.text("row").unwrap_or("?"));
    let Some(kind) = row.text("media_type").and_then(kind_of_folder) else {
        return Err((origin, LeftOut::UnknownKind));
    };
    let Some(id) = words(row, "message_id") else {
        return Err((origin, LeftOut::NoMessage));
    };
    let chat = words(row, "chat_named").or_else(|| words(row, "chat_id"));
    let chat = chat.map(ChatId);
    let message = Message {
        id,
        origin: Origin {
            is_group: flag(row, "is_group")
                || chat
                    .as_ref()
                    .is_some_and(|chat| chat.kind() == ChatKind::Group),
            sender: SenderId::new(words(row, "sender_id"), None),
            from_me: flag(row, "from_me"),
            chat,
        },
        sender_name: words(row, "sender_name"),
        sent_at: time(row, "message_timestamp"),
    };
    let instance = words(row, "instance_id").unwrap_or_default();
    let reading = row
        .text("body")
        .and_then(|body| Gateway::Wapi.read(body.as_bytes()).ok())
        .and_then(|readings| readings.into_iter().next());
    let body_instance = reading.as_ref().and_then(|it| it.instance.clone());
    let (message, found) = reading
        .and_then(|reading| in_body(reading, kind))
        .unwrap_or_else(|| (message, found(kind, row)));
    Ok(Record {
        origin,
        client: row.int("cliente_id"),
        instance,
        message,
        found,
        file: words(row, "file_path"),
        received_at: time(row, "created_at"),
        stored_at: time(row, "download_timestamp"),
        orphan: None,
        names_row: matches!(table, Table::MediaFile),
        event: words(row, "event_id"),
        is_one_of_several: false,
        body_instance,
    })
}

/// What the delivery itself says of that media, which is more than its row.
fn in_body(reading: gateway::ParsedDelivery, kind: MediaKind) -> Option<(Message, FoundMedia)> {
    let found = reading.media.into_iter().find(|found| found.kind == kind)?;
    (!reading.message.id.is_empty()).then_some((reading.message, found))
}

fn found(kind: MediaKind, row: &ForeignRow) -> FoundMedia {
    let small = |column: &str| {
        row.int(column)
            .and_then(|number| u32::try_from(number).ok())
    };
    let key = words(row, "media_key");
    let media_key = key.as_deref().and_then(hash).map(MediaKey::new);
    let size = row
        .int("file_size")
        .and_then(|size| u64::try_from(size).ok());
    FoundMedia {
        media_key_malformed: key.is_some() && media_key.is_none(),
        media_key,
        media_key_at: words(row, "media_key_timestamp").and_then(|at| seconds(&json!(at))),
        direct_path: words(row, "direct_path"),
        sha256: words(row, "file_sha256").as_deref().and_then(hash),
        enc_sha256: words(row, "file_enc_sha256").as_deref().and_then(hash),
        length_bytes: size.filter(|size| *size > 0),
        mime: words(row, "mimetype"),
        file_name: words(row, "file_name"),
        caption: words(row, "caption"),
        width: small("width"),
        height: small("height"),
        seconds: small("duration_seconds"),
        voice_note: flag(row, "is_ptt"),
        ..nothing_known(kind)
    }
}

/// A column with something in it.
fn words(row: &ForeignRow, column: &str) -> Option<String> {
    let text = row.text(column)?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn time(row: &ForeignRow, column: &str) -> Option<Millis> {
    row.text(column).and_then(millis_of_utc)
}

fn flag(row: &ForeignRow, column: &str) -> bool {
    matches!(row.text(column), Some("1" | "true" | "True" | "t"))
}

/// 32 bytes in any form that messages have them, as text or as JSON inside it.
fn hash(text: &str) -> Option<[u8; 32]> {
    bytes32(&json!(text)).or_else(|| bytes32(&serde_json::from_str::<Json>(text).ok()?))
}

impl Record {
    /// Forgets what its row says of keys and hashes, because that is said of another file of the message.
    pub(super) fn be_further(&mut self) {
        let known = nothing_known(self.found.kind);
        let found = std::mem::replace(&mut self.found, known);
        self.found.mime = found.mime;
        self.found.file_name = found.file_name;
        self.found.caption = found.caption;
    }
}

/// A media of which nothing is known but what it is.
pub(super) fn nothing_known(kind: MediaKind) -> FoundMedia {
    FoundMedia {
        kind,
        key_kind: kind.into(),
        media_key: None,
        media_key_malformed: false,
        media_key_at: None,
        direct_path: None,
        url: None,
        static_url: None,
        sha256: None,
        enc_sha256: None,
        length_bytes: None,
        mime: None,
        file_name: None,
        caption: None,
        caption_removed: false,
        width: None,
        height: None,
        seconds: None,
        voice_note: false,
        view_once: false,
        animated: false,
        edited: false,
        edits: None,
        edited_at_ms: None,
        inline: None,
        wrapper: String::new(),
    }
}
