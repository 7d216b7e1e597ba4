//! Media by chat: people and groups, with counts by kind.

use serde::Serialize;

use super::statement::{Statement, is_id};
use crate::clock::{Millis, as_rfc3339};
use crate::db::{Db, Error, Row, values};
use crate::model::{ChatId, ChatKind, MediaKind, Origin, Scope};

/// A chat with media.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Chat {
    pub client: i64,
    pub chat_id: String,
    /// `private`, `group`, `channel`, `broadcast` or `story`.
    #[schema(value_type = String)]
    pub kind: ChatKind,
    /// The name of the last sender who is not the account; for a private chat, the person's.
    pub name: Option<String>,
    #[serde(serialize_with = "as_rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub last_at: Millis,
    pub counts: Vec<KindCount>,
}

/// Media of one kind.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct KindCount {
    pub kind: String,
    pub count: i64,
    pub stored: i64,
    /// Bytes of the stored ones.
    pub size: i64,
}

/// A place in the list: after a chat.
pub struct ChatCursor {
    last_at: Millis,
    client: i64,
    chat_id: String,
}

impl ChatCursor {
    pub fn of(chat: &Chat) -> Self {
        Self {
            last_at: chat.last_at,
            client: chat.client,
            chat_id: chat.chat_id.clone(),
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '_');
        Some(Self {
            last_at: parts.next()?.parse().ok()?,
            client: parts.next()?.parse().ok()?,
            chat_id: parts.next()?.to_owned(),
        })
    }
}

impl std::fmt::Display for ChatCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}_{}_{}", self.last_at, self.client, self.chat_id)
    }
}

/// Up to `limit` chats of a scope, those with the newest media first.
pub async fn chats(
    db: &Db,
    scope: Scope,
    client: Option<i64>,
    after: Option<ChatCursor>,
    limit: u32,
) -> Result<Vec<Chat>, Error> {
    let mut statement =
        Statement::new("select client, chat_id, last_at from media_chats where true");
    statement.and("client = $$", scope.client());
    statement.and("client = $$", client);
    if let Some(after) = after {
        statement.push(" and (last_at, client, chat_id) < ($$", after.last_at);
        statement.push(", $$", after.client);
        statement.push(", $$)", after.chat_id);
    }
    statement.push(
        " order by last_at desc, client desc, chat_id desc limit $$",
        limit,
    );
    let rows = db.rows_of(statement.sql, statement.values).await?;
    let mut chats = Vec::with_capacity(rows.len());
    for row in &rows {
        chats.push(described(db, row).await?);
    }
    Ok(chats)
}

/// One chat of a client, by its exact id.
pub async fn chat(db: &Db, client: i64, chat_id: &str) -> Result<Option<Chat>, Error> {
    let sql = "select client, chat_id, last_at from media_chats where client = $1 and chat_id = $2";
    match db.row(sql, values![client, chat_id]).await? {
        Some(row) => described(db, &row).await.map(Some),
        None => Ok(None),
    }
}

async fn described(db: &Db, row: &Row) -> Result<Chat, Error> {
    let (client, chat_id) = (row.int("client")?, row.text("chat_id")?);
    let sql = "select kind, count(*) as n, count(*) filter (where status = 'stored') as stored,
                 coalesce(sum(case when status = 'stored' then size_bytes end), 0) as size, max(is_group) as is_group
               from media where client = $1 and chat_id = $2 group by kind order by kind";
    let rows = db.rows(sql, values![client, &chat_id]).await?;
    let mut counts = Vec::with_capacity(MediaKind::ALL.len());
    let mut origin = Origin {
        chat: Some(ChatId(chat_id.clone())),
        ..Origin::default()
    };
    for row in &rows {
        origin.is_group |= row.flag("is_group")?;
        counts.push(KindCount {
            kind: row.text("kind")?,
            count: row.int("n")?,
            stored: row.int("stored")?,
            size: row.int("size")?,
        });
    }
    let sql = "select sender_name from media where client = $1 and chat_id = $2 and from_me = 0 and sender_name is not null
               order by received_at desc limit 1";
    let named = db.row(sql, values![client, &chat_id]).await?;
    let kind = origin.chat_kind();
    let name = named.map(|row| row.text("sender_name")).transpose()?;
    Ok(Chat {
        client,
        kind,
        name: name.filter(|_| kind == ChatKind::Private),
        last_at: row.int("last_at")?,
        counts,
        chat_id,
    })
}

/// The clients and chat ids that an id means, with or without its server: the chat's own, and for a private chat the phone
/// number and the LID of its person.
pub(super) async fn ids_of(
    db: &Db,
    scope: Scope,
    client: Option<i64>,
    id: &str,
) -> Result<Vec<(i64, String)>, Error> {
    let mut statement = Statement::new("select client, chat_id from media_chats where ");
    let is_it = concat!(
        "(",
        is_id!("chat_id"),
        " or ",
        is_id!("person_id"),
        " or ",
        is_id!("person_lid"),
        ")"
    );
    statement.push(is_it, id);
    statement.and("client = $$", scope.client());
    statement.and("client = $$", client);
    let rows = db.rows_of(statement.sql, statement.values).await?;
    rows.iter()
        .map(|row| Ok((row.int("client")?, row.text("chat_id")?)))
        .collect()
}
