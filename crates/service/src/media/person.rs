//! The media of a person, the person's ids, and the erasure of rows.

use std::collections::BTreeSet;

use super::row::{Media, columns};
use super::{examinations, search};
use crate::db::{Db, Error, Row, Tx, values};
use crate::model::{MediaId, contact, erased_message, erased_print};

/// A person (or a group) of a client, by the part of any id before `@` and `:`.
#[derive(Clone, Debug)]
pub struct Person {
    pub client: i64,
    /// For example `5500900000001`.
    pub name: String,
}

/// The id without server and device. Compared exactly: `%` and `_` have no special meaning.
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

/// The person's chat, or a message that they sent.
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
pub(super) use {is_person, is_theirs};

/// Other ids of the same person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counterparts {
    /// The phone numbers of a LID.
    pub numbers: BTreeSet<String>,
    /// The LIDs of a phone number.
    pub lids: BTreeSet<String>,
}

/// The ids that media of a client give together with this one for the same sender.
pub async fn counterparts(db: &Db, client: i64, id: &str) -> Result<Counterparts, Error> {
    let sql = concat!(
        "select distinct chat_id, sender_id, sender_lid, from_me, is_group from media where client = $1 and ",
        is_theirs!()
    );
    let mut found = Counterparts::default();
    for row in db.rows(sql, values![client, id]).await? {
        let text = |column| row.text_or_none(column);
        let (chat, sender, lid) = (text("chat_id")?, text("sender_id")?, text("sender_lid")?);
        let is_private = !row.flag("from_me")? && !row.flag("is_group")?;
        let ids = ids_of_sender(
            chat.as_deref().filter(|_| is_private),
            sender.as_deref(),
            lid.as_deref(),
        );
        if ids.numbers.contains(id) {
            found.lids.extend(ids.lids);
        } else if ids.lids.contains(id) {
            found.numbers.extend(ids.numbers);
        }
    }
    Ok(found)
}

/// The ids of a message's sender. In a private chat, the sender of a received message is the other side of the chat;
/// if the message has a number that is not the chat's, it is unknown which of the two has the LID.
fn ids_of_sender(
    private_chat: Option<&str>,
    sender: Option<&str>,
    lid: Option<&str>,
) -> Counterparts {
    let is_lid = |id: &&str| id.ends_with("@lid");
    let bare = |id: &str| contact::bare(id).to_owned();
    let mut ids = Counterparts {
        lids: lid
            .into_iter()
            .chain(sender.filter(is_lid))
            .map(bare)
            .collect(),
        ..Counterparts::default()
    };
    let number = sender.filter(|id| !is_lid(id)).map(bare);
    ids.numbers
        .extend(number.filter(|id| !ids.lids.contains(id)));
    let chat = private_chat.filter(|chat| !contact::is_of_several(chat));
    match chat.map(|chat| (is_lid(&chat), bare(chat))) {
        Some((true, chat)) if !ids.numbers.is_empty() => drop(ids.lids.insert(chat)),
        Some((false, chat)) if ids.numbers.is_empty() && !ids.lids.contains(&chat) => {
            ids.numbers.insert(chat);
        }
        _ => {}
    }
    ids
}

/// Whether media of a client have this id.
pub async fn has_id(db: &Db, client: i64, id: &str) -> Result<bool, Error> {
    let sql = concat!(
        "select 1 as found from media where client = $1 and ",
        is_theirs!(),
        " limit 1"
    );
    let row = db.row(sql, values![client, id]).await?;
    Ok(row.is_some())
}

/// Up to `limit` media after `after` (an id, or empty) that a person sent, or that belong to the chat with them.
/// Erased media have no person.
pub async fn of_person(
    db: &Db,
    person: &Person,
    after: &str,
    limit: u32,
) -> Result<Vec<Media>, Error> {
    let sql = concat!(
        "select ",
        columns!(),
        " from media where client = $1 and id > $3 and ",
        is_theirs!(),
        " order by id limit $4"
    );
    let values = values![person.client, &person.name, after, limit];
    db.rows(sql, values)
        .await?
        .iter()
        .map(Media::from_row)
        .collect()
}

/// Marks a media for erasure: its claim can no longer be settled, and no repeat, retry or repair changes it. Returns
/// the row; None when it was erased before. The row keeps the path until [`erase`].
pub async fn condemn(tx: &mut Tx, id: &MediaId) -> Result<Option<Media>, Error> {
    let sql = concat!(
        "update media set status = 'skipped', reason = 'erased', next_attempt_at = null, lease_owner = null,
           lease_until = null, repeated = 0, fence = fence + 1
         where id = $1 and (coalesce(reason, '') <> 'erased' or delivery <> '') returning ",
        columns!()
    );
    let row = tx.row(sql, values![id.as_str()]).await?;
    row.as_ref().map(Media::from_row).transpose()
}

/// Removes all personal data from a media's row and attempts. The row stays, so that a repeat of the message is
/// recognised. It keeps digests of the key, of the hash, and of a message id that contains one of `names`, so that
/// another media with the same id, which senders choose, is not mistaken for it. A later media with the same id
/// starts with slot 0 again; its slot may be taken when it is erased too.
pub async fn erase(tx: &mut Tx, id: &MediaId, names: &[String]) -> Result<(), Error> {
    let sql = "select message_id, media_key, expected_enc_sha256 from media where id = $1";
    let Some(row) = tx.row(sql, values![id.as_str()]).await? else {
        return Ok(());
    };
    let mut message = row.text("message_id")?;
    let named = |name: &String| whole(message.as_bytes(), name).next().is_some();
    if names.iter().any(named) {
        message = erased_message(&message);
    }
    let key = row.bytes32_or_none("media_key")?;
    let file = row.bytes32_or_none("expected_enc_sha256")?;
    let sql = "update media set status = 'skipped', reason = 'erased', next_attempt_at = null, lease_owner = null, lease_until = null,
                 mime_declared = null, file_name = null, caption = null, deleted_at = null, chat_id = null, sender_id = null, sender_lid = null,
                 sender_name = null, media_key = null, direct_path = null, static_url = null, link = null, media_id = null, inline = 0, delivery = '',
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
    let bytes = examinations::bytes_of(tx, id).await?;
    tx.run(sql, values).await?;
    examinations::forget(tx, id, bytes).await?;
    search::index_now(tx, id).await?;
    tx.run(
        "delete from attempts where media = $1",
        values![id.as_str()],
    )
    .await
    .map(drop)
}

/// Replaces a name.
pub(super) const MASKED: &str = "***";

/// Up to `limit` media of a client after `after` (an id, or empty) whose caption or file name contains the name. The
/// flag is false where it is part of a longer name.
pub async fn naming(
    db: &Db,
    person: &Person,
    after: &str,
    limit: u32,
) -> Result<Vec<(MediaId, bool)>, Error> {
    let sql = "select id, caption, file_name, t.text as transcript from media left join transcripts t on t.media = media.id
               where client = $1 and id > $3 and (replace(caption, $2, '') <> caption or replace(file_name, $2, '') <> file_name
                 or replace(t.text, $2, '') <> t.text) order by id limit $4";
    let values = values![person.client, &person.name, after, limit];
    let rows = db.rows(sql, values).await?;
    let named = |row: &Row| {
        let holds = |column| {
            let text = row.text_or_none(column)?.unwrap_or_default();
            Ok::<_, Error>(whole(text.as_bytes(), &person.name).next().is_some())
        };
        let is_named = holds("caption")? || holds("file_name")? || holds("transcript")?;
        Ok((MediaId(row.text("id")?), is_named))
    };
    rows.iter().map(named).collect()
}

/// Removes a name from the caption, the file name and the transcript of a media.
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
    tx.run(sql, values).await?;
    if let Some(text) = examinations::transcript_in(tx, id).await? {
        examinations::replace_transcript(tx, id, &without(&text, name)).await?;
    }
    search::index_now(tx, id).await
}

pub(super) fn without(text: &str, name: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut from = 0;
    for at in whole(text.as_bytes(), name) {
        // Two matches cannot overlap: a digit would follow the first.
        masked.push_str(text.get(from..at).unwrap_or(""));
        masked.push_str(MASKED);
        from = at + name.len();
    }
    masked.push_str(text.get(from..).unwrap_or(""));
    masked
}

/// Positions of a name in a text that are not part of a longer number or, if the name is not a number, of a longer
/// word.
pub fn whole<'t>(text: &'t [u8], name: &'t str) -> impl Iterator<Item = usize> + 't {
    let is_number = name.bytes().all(|letter| letter.is_ascii_digit());
    let name = name.as_bytes();
    let goes_on = move |at: Option<&u8>| {
        if is_number {
            at.is_some_and(u8::is_ascii_digit)
        } else {
            at.is_some_and(u8::is_ascii_alphanumeric)
        }
    };
    // An empty name has no positions.
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
        let text = "fale com @5500900000001, 55009000000012 ou 5500900000001";
        assert_eq!(
            without(text, "5500900000001"),
            "fale com @***, 55009000000012 ou ***"
        );
    }
}
