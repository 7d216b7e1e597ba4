//! A person who is to be forgotten: what of theirs is held, by which names they are known, and what is left of it.

use crate::clock::Millis;
use crate::db::{Db, Error, Row, Tx, values};
use crate::model::{InstanceId, MediaId, erased_message, erased_print};

/// A person (or a group) as one client knows them, by the part before `@` and `:` of any of their ids.
#[derive(Clone, Debug)]
pub struct Person {
    /// The client.
    pub client: i64,
    /// Such as `5500900000001`.
    pub name: String,
}

/// A media that a person sent, or that was sent in the chat with them: what leads to its file.
#[derive(Clone, Debug)]
pub struct Theirs {
    /// Which media.
    pub id: MediaId,
    /// Whose.
    pub client: i64,
    /// Of which instance.
    pub instance: InstanceId,
    /// From which gateway.
    pub gateway: String,
    /// Under which message.
    pub message_id: String,
    /// Which of the message's files.
    pub slot: i64,
    /// Image, audio, …
    pub kind: String,
    /// The time in its file's name.
    pub file_time: Millis,
    /// The delivery that told of it; empty when none is kept.
    pub delivery: String,
    /// Where it is, below the storage root; nothing when no file is held.
    pub path: Option<String>,
    /// SHA-256 of its bytes.
    pub sha256: Option<[u8; 32]>,
    /// How long it is.
    pub size_bytes: Option<u64>,
}

/// The columns of a [`Theirs`].
macro_rules! theirs {
    () => {
        "id, client, instance, gateway, message_id, slot, kind, file_time, delivery, path, sha256, size_bytes"
    };
}

fn theirs_of(row: &Row) -> Result<Theirs, Error> {
    Ok(Theirs {
        id: MediaId(row.text("id")?),
        client: row.int("client")?,
        instance: InstanceId(row.text("instance")?),
        gateway: row.text("gateway")?,
        message_id: row.text("message_id")?,
        slot: row.int("slot")?,
        kind: row.text("kind")?,
        file_time: row.int("file_time")?,
        delivery: row.text("delivery")?,
        path: row.text_or_none("path")?,
        sha256: row.bytes32_or_none("sha256")?,
        size_bytes: row
            .int_or_none("size_bytes")?
            .and_then(|size| u64::try_from(size).ok()),
    })
}

/// What is left of an id when the server and the device are taken off. Compared exactly: `%` and `_` are letters here.
macro_rules! is_person {
    ($column:literal) => {
        concat!(
            "(",
            $column,
            " = $2 or substr(",
            $column,
            ", 1, length($2) + 1) in ($2 || '@', $2 || ':'))"
        )
    };
}

/// Whose chat it is, or who sent it.
macro_rules! is_theirs {
    () => {
        concat!(
            "(",
            is_person!("sender_id"),
            " or ",
            is_person!("sender_lid"),
            " or ",
            is_person!("chat_id"),
            ")"
        )
    };
}

/// The other names under which the same person is known.
#[derive(Clone, Debug, Default)]
pub struct Others {
    /// The privacy ids that go with the number.
    pub lids: Vec<String>,
    /// The numbers that go with the privacy id.
    pub numbers: Vec<String>,
}

/// In a private chat, what did not go out came from whose chat it is.
macro_rules! is_private {
    () => {
        "from_me = 0 and is_group = 0 and chat_id <> 'status' and chat_id not like '%@g.us' and chat_id not like '%@newsletter'
         and chat_id not like '%broadcast'"
    };
}

/// Whether the sender is told by a privacy id only. Where a number is told that is not the chat's, it is not known who
/// of the two has the id.
macro_rules! has_no_number {
    () => {
        "(sender_id is null or sender_id like '%@lid' or sender_id || '@lid' = sender_lid)"
    };
}

/// Which other names go with a name: a number with the privacy id of the same sender, or of whose chat it is.
pub async fn known_as(db: &Db, person: &Person) -> Result<Others, Error> {
    let lids = concat!(
        "select sender_lid as other from media where client = $1 and sender_lid is not null and ",
        is_person!("sender_id"),
        " union select sender_lid as other from media where client = $1 and sender_lid is not null and chat_id not like '%@lid' and ",
        is_private!(),
        " and ",
        has_no_number!(),
        " and ",
        is_person!("chat_id"),
        " union select sender_id as other from media where client = $1 and sender_id like '%@lid' and chat_id not like '%@lid' and ",
        is_private!(),
        " and ",
        is_person!("chat_id"),
        " union select chat_id as other from media where client = $1 and sender_id not like '%@lid' and chat_id like '%@lid' and ",
        is_private!(),
        " and ",
        is_person!("sender_id")
    );
    let numbers = concat!(
        "select sender_id as other from media where client = $1 and sender_id is not null and ",
        is_person!("sender_lid"),
        " union select chat_id as other from media where client = $1 and chat_id not like '%@lid' and ",
        is_private!(),
        " and ",
        has_no_number!(),
        " and (",
        is_person!("sender_lid"),
        " or sender_id like '%@lid' and ",
        is_person!("sender_id"),
        ") union select sender_id as other from media where client = $1 and sender_id not like '%@lid' and chat_id like '%@lid' and ",
        is_private!(),
        " and ",
        is_person!("chat_id")
    );
    Ok(Others {
        lids: others(db, lids, person).await?,
        numbers: others(db, numbers, person).await?,
    })
}

async fn others(db: &Db, sql: &'static str, person: &Person) -> Result<Vec<String>, Error> {
    let rows = db.rows(sql, values![person.client, &person.name]).await?;
    let plain = |row: &Row| {
        let other = row.text("other")?;
        Ok::<_, Error>(other.split(['@', ':']).next().unwrap_or(&other).to_owned())
    };
    let mut names = rows.iter().map(plain).collect::<Result<Vec<_>, _>>()?;
    names.sort();
    names.dedup();
    names.retain(|name| *name != person.name);
    Ok(names)
}

/// Whether anything of theirs is there.
pub async fn is_known(db: &Db, person: &Person) -> Result<bool, Error> {
    let sql = concat!(
        "select 1 as found from media where client = $1 and ",
        is_theirs!(),
        " limit 1"
    );
    let row = db.row(sql, values![person.client, &person.name]).await?;
    Ok(row.is_some())
}

/// Up to `limit` media after `after` (an id, or empty) that a person sent, or that were sent in the chat with them.
/// What was erased names nobody, and is none of them.
pub async fn of_person(
    db: &Db,
    person: &Person,
    after: &str,
    limit: u32,
) -> Result<Vec<Theirs>, Error> {
    let sql = concat!(
        "select ",
        theirs!(),
        " from media where client = $1 and id > $3 and ",
        is_theirs!(),
        " order by id limit $4"
    );
    let values = values![person.client, &person.name, after, limit];
    db.rows(sql, values).await?.iter().map(theirs_of).collect()
}

/// Takes a media out of everybody's hands: no claim on it can be settled any more, and no repeat, retry or repair
/// changes it. Answers with what it is as of now; nothing when it was erased meanwhile. The row still says where the file
/// is, until [`erase`].
pub async fn condemn(tx: &mut Tx, id: &MediaId) -> Result<Option<Theirs>, Error> {
    let sql = concat!(
        "update media set status = 'skipped', reason = 'erased', next_attempt_at = null, lease_owner = null,
           lease_until = null, repeated = 0, fence = fence + 1
         where id = $1 and (coalesce(reason, '') <> 'erased' or delivery <> '') returning ",
        theirs!()
    );
    let row = tx.row(sql, values![id.as_str()]).await?;
    row.as_ref().map(theirs_of).transpose()
}

/// Takes everything personal out of a media's row and its tries. The row stays, so that a repeat of the message is known
/// for what it is; of its key and hash it keeps a hash, so that another media under the same id, which senders choose, is
/// not taken for it; and of a message id that holds one of `names`, too. Who writes under the same id afterwards begins to
/// count anew, so that by the time theirs goes as well, its slot may be taken.
pub async fn erase(tx: &mut Tx, id: &MediaId, names: &[String]) -> Result<(), Error> {
    let sql = "select message_id, media_key, expected_enc_sha256 from media where id = $1";
    let Some(told) = tx.row(sql, values![id.as_str()]).await? else {
        return Ok(());
    };
    let mut message = told.text("message_id")?;
    let named = |name: &String| whole(message.as_bytes(), name).next().is_some();
    if names.iter().any(named) {
        message = erased_message(&message);
    }
    let key = told.bytes32_or_none("media_key")?;
    let file = told.bytes32_or_none("expected_enc_sha256")?;
    let row = "update media set status = 'skipped', reason = 'erased', next_attempt_at = null, lease_owner = null, lease_until = null,
                 mime_declared = null, file_name = null, caption = null, chat_id = null, sender_id = null, sender_lid = null,
                 sender_name = null, media_key = null, direct_path = null, static_url = null, inline = 0, delivery = '',
                 expected_sha256 = $3, expected_enc_sha256 = $4, declared_length = null, mime = null, size_bytes = null, sha256 = null,
                 verified = null, path = null, width = null, height = null, seconds = null, repeated = 0, fence = fence + 1,
                 message_id = $2,
                 slot = case when exists (select 1 from media other where other.instance = media.instance and other.message_id = $2
                                            and other.slot = media.slot and other.id <> $1)
                   then (select 1 + max(other.slot) from media other where other.instance = media.instance and other.message_id = $2)
                   else slot end
               where id = $1";
    let values = values![
        id.as_str(),
        message,
        key.map(|key| erased_print(&key)),
        file.map(|file| erased_print(&file))
    ];
    tx.run(row, values).await?;
    tx.run(
        "delete from attempts where media = $1",
        values![id.as_str()],
    )
    .await
    .map(drop)
}

/// What stands where a name was.
const MASKED: &str = "***";

/// Up to `limit` media of a client after `after` (an id, or empty) in whose caption or file name the person is named,
/// each with whether they truly are, for a name may be a part of a longer one.
pub async fn naming(
    db: &Db,
    person: &Person,
    after: &str,
    limit: u32,
) -> Result<Vec<(MediaId, bool)>, Error> {
    let sql = "select id, caption, file_name from media where client = $1 and id > $3
                 and (replace(caption, $2, '') <> caption or replace(file_name, $2, '') <> file_name) order by id limit $4";
    let values = values![person.client, &person.name, after, limit];
    let rows = db.rows(sql, values).await?;
    let named = |row: &Row| {
        let holds = |column| {
            let text = row.text_or_none(column)?.unwrap_or_default();
            Ok::<_, Error>(whole(text.as_bytes(), &person.name).next().is_some())
        };
        let is_named = holds("caption")? || holds("file_name")?;
        Ok((MediaId(row.text("id")?), is_named))
    };
    rows.iter().map(named).collect()
}

/// Takes a name out of the caption and the file name of a media.
pub async fn mask(tx: &mut Tx, id: &MediaId, name: &str) -> Result<(), Error> {
    let sql = "select caption, file_name from media where id = $1";
    let Some(row) = tx.row(sql, values![id.as_str()]).await? else {
        return Ok(());
    };
    let text = |column| {
        let text = row.text_or_none(column)?;
        Ok::<_, Error>(text.map(|text| without(&text, name)))
    };
    let sql = "update media set caption = $2, file_name = $3 where id = $1";
    let values = values![id.as_str(), text("caption")?, text("file_name")?];
    tx.run(sql, values).await.map(drop)
}

fn without(text: &str, name: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut from = 0;
    for at in whole(text.as_bytes(), name) {
        // Two names do not overlap, for a digit would follow the first.
        masked.push_str(text.get(from..at).unwrap_or(""));
        masked.push_str(MASKED);
        from = at + name.len();
    }
    masked.push_str(text.get(from..).unwrap_or(""));
    masked
}

/// Where a text holds a name that is not part of a longer one: of a longer number, and if it is no number, of a longer
/// word.
pub fn whole<'t>(text: &'t [u8], name: &'t str) -> impl Iterator<Item = usize> + 't {
    let is_number = name.bytes().all(|letter| letter.is_ascii_digit());
    let name = name.as_bytes();
    let goes_on = move |at: Option<&u8>| match is_number {
        true => at.is_some_and(u8::is_ascii_digit),
        false => at.is_some_and(u8::is_ascii_alphanumeric),
    };
    // An empty name is nowhere.
    text.windows(name.len().max(1))
        .enumerate()
        .filter(move |(_, window)| *window == name)
        .map(|(at, _)| at)
        .filter(move |at| {
            let before = at.checked_sub(1).and_then(|at| text.get(at));
            !goes_on(before) && !goes_on(text.get(at + name.len()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_whole_and_not_within_a_longer_one() {
        for (text, name, found) in [
            (r#"{"id":"5500900000001"}"#, "5500900000001", true),
            (
                r#"{"id":"5500900000001@s.whatsapp.net"}"#,
                "5500900000001",
                true,
            ),
            (r#"{"id":"5500900000001:12@c.us"}"#, "5500900000001", true),
            (r#"{"id":"55009000000012"}"#, "5500900000001", false),
            (r#"{"id":"95500900000001"}"#, "5500900000001", false),
            (r#""fone:\n5500900000001""#, "5500900000001", true),
            ("5500900000001", "5500900000001", true),
            ("grupo-1x", "grupo-1", false),
            ("@grupo-1@", "grupo-1", true),
            ("", "5500900000001", false),
            ("anything", "", false),
        ] {
            let is_found = whole(text.as_bytes(), name).next().is_some();
            assert_eq!(is_found, found, "{text} {name}");
        }
    }

    #[test]
    fn a_name_is_taken_out_of_a_text_wherever_it_stands() {
        let told = "fale com @5500900000001, 55009000000012 ou 5500900000001";
        assert_eq!(
            without(told, "5500900000001"),
            "fale com @***, 55009000000012 ou ***"
        );
    }
}
