//! Media by chat: people and groups, with counts by kind.

use serde::Serialize;

use super::people::People;
use super::search;
use super::statement::Statement;
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
    /// False when only the newest media were counted: 1,000 in a list, 10,000 in one chat.
    pub complete: bool,
}

/// Media that are counted of each chat in a list.
const MOST_COUNTED_EACH: u32 = 1_000;
/// Media that are counted of one chat.
pub const MOST_COUNTED: u32 = 10_000;

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

/// Selects chats; `None` selects all.
#[derive(Clone, Debug, Default)]
pub struct ChatFilter {
    pub client: Option<i64>,
    /// One of the newest 1,000 media of the chat came to it.
    pub instance: Option<String>,
    /// The beginning of the id or of the person's phone number or LID, or words of a sender's name.
    pub words: Option<String>,
}

const OF_INSTANCE: &str = "exists (select 1 from (select m.instance as instance from media m where m.client = media_chats.client
     and m.chat_id = media_chats.chat_id order by m.received_at desc limit 1000) as newest where newest.instance = $$)";

/// The digits of a number as people write it; none for anything else.
fn number_of(text: &str) -> Option<String> {
    let is_written = |letter: char| letter.is_ascii_digit() || " +-().".contains(letter);
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    (text.chars().all(is_written) && digits.len() >= 3).then_some(digits)
}

/// Up to `limit` chats of a scope, those with the newest media first.
pub async fn chats(
    db: &Db,
    scope: Scope,
    filter: &ChatFilter,
    after: Option<ChatCursor>,
    limit: u32,
) -> Result<Vec<Chat>, Error> {
    let mut statement =
        Statement::new("select client, chat_id, last_at from media_chats where true");
    statement.and("client = $$", scope.client());
    statement.and("client = $$", filter.client);
    statement.and(OF_INSTANCE, filter.instance.as_ref());
    if let Some(words) = &filter.words {
        match number_of(words) {
            Some(number) => {
                find_person(db, scope, filter.client, words, &number, &mut statement).await?
            }
            None if words.contains('@') => {
                let id = words.trim();
                find_person(db, scope, filter.client, id, id, &mut statement).await?;
            }
            None => statement.in_chats(&search::chats_of_name(db, scope, words).await?),
        }
    }
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
        chats.push(described(db, row, MOST_COUNTED_EACH).await?);
    }
    Ok(chats)
}

/// Adds the chats whose id or person begins with a text, and those of the person that it means.
async fn find_person(
    db: &Db,
    scope: Scope,
    client: Option<i64>,
    text: &str,
    beginning: &str,
    statement: &mut Statement,
) -> Result<(), Error> {
    let people = People::find(db, scope, client, text).await?;
    statement.push(BEGINS_WITH, beginning);
    statement.or_in_chats(people.chats.iter());
    statement.sql.push(')');
    Ok(())
}

/// One chat of a client, by its exact id.
pub async fn chat(db: &Db, client: i64, chat_id: &str) -> Result<Option<Chat>, Error> {
    let sql = "select client, chat_id, last_at from media_chats where client = $1 and chat_id = $2";
    match db.row(sql, values![client, chat_id]).await? {
        Some(row) => described(db, &row, MOST_COUNTED).await.map(Some),
        None => Ok(None),
    }
}

/// The newest media of a chat, however many it has.
const COUNT: &str = "select kind, count(*) as n, count(*) filter (where status = 'stored') as stored,
       cast(coalesce(sum(case when status = 'stored' then size_bytes end), 0) as bigint) as size, max(is_group) as is_group
     from (select kind, status, size_bytes, is_group from media where client = $1 and chat_id = $2 order by received_at desc limit $3) as newest
     group by kind order by kind";
const NAME: &str = "select sender_name from (select sender_name, from_me, received_at from media where client = $1 and chat_id = $2
       order by received_at desc limit $3) as newest
     where from_me = 0 and sender_name is not null order by received_at desc limit 1";

/// The name of the person of a private chat, as in its description.
pub async fn name(db: &Db, client: i64, chat_id: &str) -> Result<Option<String>, Error> {
    let named = db.row(NAME, values![client, chat_id, MOST_COUNTED]);
    named.await?.map(|row| row.text("sender_name")).transpose()
}

/// Counts at most so many media, the newest.
async fn described(db: &Db, row: &Row, most: u32) -> Result<Chat, Error> {
    let (client, chat_id) = (row.int("client")?, row.text("chat_id")?);
    let rows = db.rows(COUNT, values![client, &chat_id, most]).await?;
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
    let named = db.row(NAME, values![client, &chat_id, most]).await?;
    let counted: i64 = counts.iter().map(|count| count.count).sum();
    let kind = origin.chat_kind();
    let name = named.map(|row| row.text("sender_name")).transpose()?;
    Ok(Chat {
        client,
        kind,
        name: name.filter(|_| kind == ChatKind::Private),
        last_at: row.int("last_at")?,
        complete: counted < i64::from(most),
        counts,
        chat_id,
    })
}

const BEGINS_WITH: &str =
    " and (chat_id >= $$ and chat_id < $$ || '~' or person_id >= $$ and person_id < $$ || '~'
     or person_lid >= $$ and person_lid < $$ || '~'";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn plan(db: &Db, sql: &str, values: Vec<crate::db::Value>) -> Vec<String> {
        let sql = format!("explain query plan {sql}");
        let rows = db.rows_of(sql, values).await.unwrap();
        rows.iter().map(|row| row.text("detail").unwrap()).collect()
    }

    /// What a chat shows is read from its newest media, in their order, so that it costs the same with 100,000 of them.
    #[tokio::test]
    async fn a_chat_is_described_by_its_newest_media_in_the_order_of_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let db = Db::open_sqlite(&path, Duration::from_secs(1))
            .await
            .unwrap();
        for sql in [COUNT, NAME] {
            let steps = plan(&db, sql, values![2_i64, "c", MOST_COUNTED]).await;
            let of_media = steps
                .iter()
                .take_while(|step| !step.contains("SCAN newest"));
            let of_media: Vec<_> = of_media.collect();
            let is_found =
                |step: &&&String| step.contains("media_by_chat (client=? AND chat_id=?)");
            assert!(of_media.iter().any(|step| is_found(&step)), "{steps:?}");
            let is_sorted = of_media.iter().any(|step| step.contains("B-TREE"));
            assert!(!is_sorted, "{steps:?}");
        }
        let sql = format!(
            "select client, chat_id, last_at from media_chats where {} order by last_at desc, client desc, chat_id desc",
            OF_INSTANCE.replace("$$", "$1")
        );
        let steps = plan(&db, &sql, values!["I"]).await;
        assert!(
            steps
                .iter()
                .any(|step| step.contains("media_by_chat (client=? AND chat_id=?)")),
            "{steps:?}"
        );
        assert!(
            !steps.iter().any(|step| step.contains("B-TREE")),
            "{steps:?}"
        );
        db.close().await;
    }

    #[test]
    fn a_number_is_read_as_people_write_it() {
        assert_eq!(
            number_of("+55 (11) 90000-0001").as_deref(),
            Some("5511900000001")
        );
        for other in ["Ana", "12", "120363@g.us", ""] {
            assert_eq!(number_of(other), None, "{other}");
        }
    }
}
