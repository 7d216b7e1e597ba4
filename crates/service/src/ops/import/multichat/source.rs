//! The database of the original Django system, read as it is: tables and columns that a version did not have yet are
//! missing, numbers are text, times have no zone (they are in UTC).

use std::collections::HashSet;
use std::path::Path;

use serde_json::Value as Json;
use wa_media::FoundMedia;

use super::error::Error;
use super::report::LeftOut;
use super::tree::kind_of;
use crate::clock::{Millis, millis_of_utc};
use crate::db::Value;
use crate::db::foreign::{self, Foreign, ForeignRow};
use crate::gateway::{Gateway, Message, ParsedDelivery};
use crate::model::{ChatId, ChatKind, MediaKind, Origin, SenderId};

/// A database without these is another one.
const NEEDED: [&str; 3] = ["core_cliente", "core_whatsappinstance", "core_mediafile"];

#[derive(Clone, Debug)]
pub(super) struct Client {
    pub id: i64,
    pub name: String,
    /// Older rows of clients name their only number themselves.
    pub number: Option<Number>,
}

/// A WhatsApp number.
#[derive(Clone, Debug)]
pub(super) struct Number {
    pub id: String,
    pub client: i64,
    pub token: Option<String>,
    /// Whether it was connected, and when that was seen.
    pub state: Option<(bool, Millis)>,
}

/// A media, as a row, a delivery or a file describes it.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// Which row or file: `core_mediafile 17`.
    pub origin: String,
    pub client: Option<i64>,
    pub instance: String,
    /// The instance that the delivery itself names.
    pub body_instance: Option<String>,
    pub message: Message,
    pub found: FoundMedia,
    /// The path of the file, as it was written.
    pub file: Option<String>,
    pub received_at: Option<Millis>,
    pub stored_at: Option<Millis>,
    /// For a file that no row names: its place in the tree.
    pub orphan: Option<usize>,
    /// Whether several rows have media of its message.
    pub is_of_album: bool,
}

/// A media, or its row and why it cannot be imported.
pub(super) type Reading = Result<Record, (String, LeftOut)>;

/// A table with media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    /// `core_mediafile`.
    MediaFile,
    /// `webhook_messagemedia`, with the delivery that it belongs to.
    MessageMedia,
    /// `webhook_webhookevent`: raw deliveries, also with media that have no row.
    Event,
}

impl Table {
    pub const ALL: [Self; 3] = [Self::MediaFile, Self::MessageMedia, Self::Event];

    fn name(self) -> &'static str {
        match self {
            Self::MediaFile => "core_mediafile",
            Self::MessageMedia => "webhook_messagemedia",
            Self::Event => "webhook_webhookevent",
        }
    }

    /// Rows that are read at once. Those with a whole delivery may be large.
    fn page(self) -> u32 {
        match self {
            Self::MediaFile => 250,
            Self::MessageMedia | Self::Event => 20,
        }
    }

    fn origin(self, row: &ForeignRow) -> String {
        format!("{} {}", self.name(), row.text("row").unwrap_or("?"))
    }
}

/// The open database.
pub(super) struct Source {
    db: Foreign,
    tables: Vec<Table>,
    has_chats: bool,
    /// Deliveries of messages that have several rows of media.
    albums: HashSet<String>,
}

impl Source {
    /// `scratch` is a folder that may be created for a copy.
    pub async fn open(path: &Path, scratch: &Path) -> Result<Self, Error> {
        let db = Foreign::open(path, scratch).await?;
        for table in NEEDED {
            if db.columns(table).await?.is_empty() {
                let path = path.to_owned();
                return Err(Error::OtherDatabase { path, table });
            }
        }
        let has = async |table| Ok::<_, Error>(!db.columns(table).await?.is_empty());
        let mut tables = vec![Table::MediaFile];
        let mut albums = HashSet::new();
        if has(Table::Event.name()).await? {
            if has(Table::MessageMedia.name()).await? {
                tables.push(Table::MessageMedia);
                albums = albums_in(&db).await?;
            }
            tables.push(Table::Event);
        }
        let columns = db.columns("core_mediafile").await?;
        Ok(Self {
            has_chats: columns.iter().any(|name| name == "chat_id") && has("core_chat").await?,
            tables,
            albums,
            db,
        })
    }

    pub async fn clients(&self) -> Result<Vec<Client>, Error> {
        let rows = self.rows("select * from core_cliente order by id").await?;
        let client = |row: &ForeignRow| {
            let id = row.int("id")?;
            Some(Client {
                id,
                name: text(row, "nome").or_else(|| text(row, "empresa"))?,
                number: text(row, "wapi_instance_id").map(|instance| Number {
                    id: instance,
                    client: id,
                    token: text(row, "wapi_token"),
                    state: None,
                }),
            })
        };
        Ok(rows.iter().filter_map(client).collect())
    }

    pub async fn numbers(&self) -> Result<Vec<Number>, Error> {
        let number = |row: &ForeignRow| {
            let seen_at = time(row, "last_seen").or_else(|| time(row, "updated_at"));
            let is_connected = match row.text("status").unwrap_or("").trim() {
                "connected" => Some(true),
                "disconnected" => Some(false),
                _ => None,
            };
            Some(Number {
                id: text(row, "instance_id")?,
                client: row.int("cliente_id")?,
                token: text(row, "token"),
                state: is_connected.zip(seen_at),
            })
        };
        let sql = "select * from core_whatsappinstance order by id";
        Ok(self.rows(sql).await?.iter().filter_map(number).collect())
    }

    /// How many rows may have media.
    pub async fn count(&self) -> Result<u64, Error> {
        let mut count = 0;
        for table in &self.tables {
            let sql = format!("select count(*) as n from {}", table.name());
            let rows = self.rows(&sql).await?;
            let n = rows.first().and_then(|row| row.int("n")).unwrap_or(0);
            count += n.unsigned_abs();
        }
        Ok(count)
    }

    /// The rows of a table after the row `after` (`i64::MIN` for the first), and the row to go on after; nothing at the
    /// end.
    pub async fn page(
        &self,
        table: Table,
        after: i64,
    ) -> Result<Option<(Vec<ForeignRow>, i64)>, Error> {
        if !self.tables.contains(&table) {
            return Ok(None);
        }
        let values = vec![Value::from(after), Value::from(table.page())];
        let rows = self.db.rows(self.sql(table), values).await?;
        let last = rows.last().and_then(|row| row.int("row"));
        Ok(last.map(|last| (rows, last)))
    }

    fn sql(&self, table: Table) -> String {
        let sql = match table {
            // Its `instance_id` names a row; older versions wrote the instance's own id.
            Table::MediaFile => {
                let (column, join) = if self.has_chats {
                    (
                        ", c.chat_id as chat_named",
                        "left join core_chat c on c.id = m.chat_id",
                    )
                } else {
                    ("", "")
                };
                return format!(
                    "select m.*, m.rowid as row, coalesce(w.instance_id, m.instance_id) as instance_named{column} from core_mediafile m
                     left join core_whatsappinstance w on w.id = m.instance_id {join} where m.rowid > $1 order by m.rowid limit $2"
                );
            }
            Table::MessageMedia => {
                "select m.*, m.rowid as row, m.media_path as file_path, coalesce(m.document_filename, m.document_title) as file_name,
                   e.cliente_id, e.instance_id as instance_named, e.message_id, e.sender_id, e.sender_name, e.chat_id as chat_named,
                   e.timestamp as message_timestamp, e.raw_data as body
                 from webhook_messagemedia m left join webhook_webhookevent e on e.event_id = m.event_id
                 where m.rowid > $1 order by m.rowid limit $2"
            }
            Table::Event => {
                "select rowid as row, cliente_id, instance_id as instance_named, raw_data as body, timestamp as created_at
                 from webhook_webhookevent where rowid > $1 order by rowid limit $2"
            }
        };
        sql.to_owned()
    }

    async fn rows(&self, sql: &str) -> Result<Vec<ForeignRow>, foreign::Error> {
        self.db.rows(sql.to_owned(), Vec::new()).await
    }

    /// The media of a row of `core_mediafile` or `webhook_messagemedia`.
    pub fn media(&self, table: Table, row: &ForeignRow) -> Reading {
        let origin = table.origin(row);
        let Some(kind) = row.text("media_type").and_then(kind_of) else {
            return Err((origin, LeftOut::UnknownKind));
        };
        let Some(id) = text(row, "message_id") else {
            return Err((origin, LeftOut::NoMessage));
        };
        let parsed = row.text("body").and_then(parsed);
        let delivery = parsed.and_then(|mut parsed| parsed.drain(..).next());
        let body_instance = delivery.as_ref().and_then(|it| it.instance.clone());
        let (message, found) = delivery
            .and_then(|delivery| in_delivery(delivery, kind))
            .unwrap_or_else(|| (message(id, row), found(kind, row)));
        Ok(Record {
            file: text(row, "file_path"),
            stored_at: time(row, "download_timestamp"),
            is_of_album: text(row, "event_id").is_some_and(|event| self.albums.contains(&event)),
            body_instance,
            ..of_row(origin, row, message, found)
        })
    }

    /// The media of a raw delivery.
    pub fn media_of_event(&self, row: &ForeignRow) -> Vec<Reading> {
        let origin = Table::Event.origin(row);
        let Some(deliveries) = row.text("body").and_then(parsed) else {
            return vec![Err((origin, LeftOut::NotJson))];
        };
        let of_delivery = |mut delivery: ParsedDelivery| {
            let mut media = std::mem::take(&mut delivery.media);
            media.retain(|found| !found.is_caption_edit());
            let (row, origin) = (row, origin.clone());
            media.into_iter().map(move |found| {
                if delivery.message.id.is_empty() {
                    return Err((origin.clone(), LeftOut::NoMessage));
                }
                let message = delivery.message.clone();
                Ok(Record {
                    body_instance: delivery.instance.clone(),
                    ..of_row(origin.clone(), row, message, found)
                })
            })
        };
        deliveries.into_iter().flat_map(of_delivery).collect()
    }
}

async fn albums_in(db: &Foreign) -> Result<HashSet<String>, Error> {
    let sql = "with named as (select m.event_id, e.instance_id || ' ' || coalesce(nullif(e.message_id, ''), e.event_id) as message
                 from webhook_messagemedia m join webhook_webhookevent e on e.event_id = m.event_id)
               select distinct event_id from named where message in (select message from named group by message having count(*) > 1)";
    let rows = db.rows(sql.to_owned(), Vec::new()).await?;
    Ok(rows
        .iter()
        .filter_map(|row| text(row, "event_id"))
        .collect())
}

fn parsed(body: &str) -> Option<Vec<ParsedDelivery>> {
    Gateway::Wapi.read(body.as_bytes()).ok()
}

/// The fields of that media in the delivery itself, which are more than its row has.
fn in_delivery(delivery: ParsedDelivery, kind: MediaKind) -> Option<(Message, FoundMedia)> {
    let found = delivery
        .media
        .into_iter()
        .find(|found| found.kind == kind)?;
    (!delivery.message.id.is_empty()).then_some((delivery.message, found))
}

fn of_row(origin: String, row: &ForeignRow, message: Message, found: FoundMedia) -> Record {
    Record {
        client: row.int("cliente_id"),
        received_at: time(row, "created_at"),
        ..Record::new(
            origin,
            text(row, "instance_named").unwrap_or_default(),
            message,
            found,
        )
    }
}

fn message(id: String, row: &ForeignRow) -> Message {
    let chat = text(row, "chat_named").or_else(|| text(row, "chat_id"));
    let chat = chat.map(ChatId);
    let is_group_id = chat
        .as_ref()
        .is_some_and(|chat| chat.kind() == ChatKind::Group);
    Message {
        id,
        origin: Origin {
            is_group: flag(row, "is_group") || is_group_id,
            sender: SenderId::new(text(row, "sender_id"), None),
            from_me: flag(row, "from_me"),
            chat,
        },
        sender_name: text(row, "sender_name"),
        sent_at: time(row, "message_timestamp"),
    }
}

fn found(kind: MediaKind, row: &ForeignRow) -> FoundMedia {
    const FIELDS: [(&str, &str); 12] = [
        ("mediaKey", "media_key"),
        ("mediaKeyTimestamp", "media_key_timestamp"),
        ("directPath", "direct_path"),
        ("fileSha256", "file_sha256"),
        ("fileEncSha256", "file_enc_sha256"),
        ("fileLength", "file_size"),
        ("mimetype", "mimetype"),
        ("fileName", "file_name"),
        ("caption", "caption"),
        ("width", "width"),
        ("height", "height"),
        ("seconds", "duration_seconds"),
    ];
    let field = |(name, column): (&str, &str)| {
        let text = text(row, column).filter(|text| column != "file_size" || text != "0")?;
        // Bytes may be written as JSON inside the text.
        let bytes = serde_json::from_str(&text).ok();
        let bytes = bytes.filter(|value: &Json| value.is_array() || value.is_object());
        let is_bytes = matches!(column, "media_key" | "file_sha256" | "file_enc_sha256");
        let value = bytes.filter(|_| is_bytes).unwrap_or_else(|| text.into());
        Some((name.to_owned(), value))
    };
    FoundMedia {
        voice_note: flag(row, "is_ptt"),
        ..FoundMedia::of_fields(kind, &FIELDS.into_iter().filter_map(field).collect())
    }
}

/// A column, unless it is empty.
fn text(row: &ForeignRow, column: &str) -> Option<String> {
    let text = row.text(column)?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn time(row: &ForeignRow, column: &str) -> Option<Millis> {
    row.text(column).and_then(millis_of_utc)
}

fn flag(row: &ForeignRow, column: &str) -> bool {
    matches!(row.text(column), Some("1" | "true" | "True" | "t"))
}

impl Record {
    pub fn new(origin: String, instance: String, message: Message, found: FoundMedia) -> Self {
        Self {
            origin,
            client: None,
            instance,
            body_instance: None,
            message,
            found,
            file: None,
            received_at: None,
            stored_at: None,
            orphan: None,
            is_of_album: false,
        }
    }

    /// Drops the row's keys and hashes, because they belong to another file of the message.
    pub fn drop_proofs(&mut self) {
        let known = nothing_known(self.found.kind);
        let found = std::mem::replace(&mut self.found, known);
        self.found.mime = found.mime;
        self.found.file_name = found.file_name;
        self.found.caption = found.caption;
    }
}

/// A media of which only the kind is known.
pub(super) fn nothing_known(kind: MediaKind) -> FoundMedia {
    FoundMedia::of_fields(kind, &serde_json::Map::new())
}
