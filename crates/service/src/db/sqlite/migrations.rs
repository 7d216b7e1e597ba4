//! Migrates the database: numbered SQL files, each applied once, in one transaction. `user_version` is the number of
//! applied files.

use super::connection::Connection;
use crate::db::Error;

pub(super) const FILES: &[&str] = &[
    include_str!("../../../migrations/sqlite/0001_first.sql"),
    include_str!("../../../migrations/sqlite/0002_desk.sql"),
    include_str!("../../../migrations/sqlite/0003_hooks.sql"),
    include_str!("../../../migrations/sqlite/0004_paths.sql"),
    include_str!("../../../migrations/sqlite/0005_identity.sql"),
    include_str!("../../../migrations/sqlite/0006_new_first.sql"),
    include_str!("../../../migrations/sqlite/0007_refusals.sql"),
    include_str!("../../../migrations/sqlite/0008_clock.sql"),
    include_str!("../../../migrations/sqlite/0009_parts.sql"),
    include_str!("../../../migrations/sqlite/0010_captions.sql"),
    include_str!("../../../migrations/sqlite/0011_words.sql"),
    include_str!("../../../migrations/sqlite/0012_checkpoints.sql"),
    include_str!("../../../migrations/sqlite/0013_delivery_reasons.sql"),
    include_str!("../../../migrations/sqlite/0014_removed_clients.sql"),
    include_str!("../../../migrations/sqlite/0015_gateways.sql"),
    include_str!("../../../migrations/sqlite/0016_arrivals.sql"),
    include_str!("../../../migrations/sqlite/0017_api.sql"),
    include_str!("../../../migrations/sqlite/0018_notifications.sql"),
    include_str!("../../../migrations/sqlite/0019_users.sql"),
    include_str!("../../../migrations/sqlite/0020_deletions.sql"),
    include_str!("../../../migrations/sqlite/0021_indexes.sql"),
    include_str!("../../../migrations/sqlite/0022_examinations.sql"),
    include_str!("../../../migrations/sqlite/0023_holds.sql"),
    include_str!("../../../migrations/sqlite/0024_inline.sql"),
    include_str!("../../../migrations/sqlite/0025_verdicts.sql"),
    include_str!("../../../migrations/sqlite/0026_usage.sql"),
    include_str!("../../../migrations/sqlite/0027_left_out.sql"),
    include_str!("../../../migrations/sqlite/0028_folded_letters.sql"),
    include_str!("../../../migrations/sqlite/0029_turns.sql"),
    include_str!("../../../migrations/sqlite/0030_notification_owners.sql"),
    include_str!("../../../migrations/sqlite/0031_actor_names.sql"),
    include_str!("../../../migrations/sqlite/0032_senders.sql"),
    include_str!("../../../migrations/sqlite/0033_long_words.sql"),
    include_str!("../../../migrations/sqlite/0034_event_marks.sql"),
];

/// Applies what is missing. Two processes that start at once do so one after the other. An up-to-date database is
/// only read, so that it works while it is locked or the disk is full.
pub(super) fn apply(connection: &Connection) -> Result<(), Error> {
    if applied(connection)? == FILES.len() {
        return Ok(());
    }
    refuse_foreign(connection)?;
    connection.batch("begin immediate")?;
    let outcome = apply_missing(connection);
    connection.batch(if outcome.is_ok() {
        "commit"
    } else {
        "rollback"
    })?;
    outcome
}

fn apply_missing(connection: &Connection) -> Result<(), Error> {
    for file in &FILES[applied(connection)?..] {
        connection.batch(file)?;
    }
    connection.batch(&format!("pragma user_version = {}", FILES.len()))
}

/// Refuses a database whose tables are not ours.
pub(super) fn refuse_foreign(connection: &Connection) -> Result<(), Error> {
    // One statement, so that it cannot see another process's migration half done.
    let sql = "select user_version as version, count(name) as tables, count(*) filter (where name in ('clients', 'instances', 'media')) as ours
               from pragma_user_version left join sqlite_schema on type = 'table' and name not like 'sqlite%'";
    let rows = connection.rows(sql, &[])?;
    let Some(row) = rows.first() else {
        return Ok(());
    };
    let is_new = row.int("version")? == 0 && row.int("tables")? == 0;
    let is_ours = row.int("version")? > 0 && row.int("ours")? == 3;
    if is_new || is_ours {
        Ok(())
    } else {
        Err(Error::Foreign)
    }
}

/// The number of applied files.
pub(super) fn applied(connection: &Connection) -> Result<usize, Error> {
    let rows = connection.rows("pragma user_version", &[])?;
    let version = rows.first().map_or(Ok(0), |row| row.int("user_version"))?;
    match usize::try_from(version) {
        Ok(applied) if applied <= FILES.len() => Ok(applied),
        _ => Err(Error::TooNew { version }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A database before the file that has this text, and that file.
    fn before(text: &str) -> (Connection, &'static str) {
        let connection = Connection::in_memory().unwrap();
        let this = FILES.iter().position(|file| file.contains(text)).unwrap();
        for file in &FILES[..this] {
            connection.batch(file).unwrap();
        }
        connection.batch("pragma foreign_keys = off").unwrap();
        (connection, FILES[this])
    }

    #[test]
    fn verdicts_become_those_of_bytes() {
        let (connection, file) = before("create table verdicts");
        let required = "slot, received_at, file_time, deadline, from_me, is_group, voice_note, media_key_malformed, inline, kind, key_kind, gateway, delivery";
        for (id, client, sha256, verdict) in [
            ("a", 2, "01", "clean"),
            ("b", 2, "01", "infected"),
            ("c", 2, "02", "error"),
            ("d", 3, "01", "clean"),
        ] {
            let sql = format!(
                "insert into media (id, client, instance, message_id, status, sha256, {required})
                 values ('{id}', {client}, 'I', '{id}', 'stored', x'{sha256}', 0, 1, 1, 1, 0, 0, 0, 0, 0, 'image', 'Image', 'wapi', '');
                 insert into scans (media, sha256, verdict, at) values ('{id}', x'{sha256}', '{verdict}', 7)"
            );
            connection.batch(&sql).unwrap();
        }
        // Of bytes that the media has no longer.
        let other =
            "insert into scans (media, sha256, verdict, at) values ('e', x'03', 'clean', 7)";
        connection.batch(other).unwrap();
        connection.batch(file).unwrap();
        let sql = "select client || ' ' || hex(sha256) || ' ' || verdict as text from verdicts order by 1";
        let rows = connection.rows(sql, &[]).unwrap();
        let found: Vec<_> = rows.iter().map(|row| row.text("text").unwrap()).collect();
        assert_eq!(found, ["2 01 infected", "2 02 error", "3 01 clean"]);
    }

    #[test]
    fn words_with_letters_that_were_not_folded_are_indexed_again() {
        let (connection, file) = before("from media_words where words glob");
        for (media, words) in [("a", "łódź"), ("b", "strasse"), ("c", "rua straße 7")] {
            let sql =
                format!("insert into media_words (media, words) values ('{media}', '{words}')");
            connection.batch(&sql).unwrap();
        }
        connection.batch(file).unwrap();
        let rows = connection.rows("select media from words_due order by 1", &[]);
        let rows = rows.unwrap();
        let due: Vec<_> = rows.iter().map(|row| row.text("media").unwrap()).collect();
        assert_eq!(due, ["a", "c"]);
    }

    #[test]
    fn tokens_in_captions_become_the_texts_that_they_stand_for() {
        let (connection, file) = before("In texts for people, tokens stood for");
        let delivery = "01900000-0000-7000-8000-00000000000a";
        let token = |n: &str| format!("midiatecaPart{}{n}", delivery.replace('-', ""));
        let required = "slot, received_at, file_time, deadline, from_me, is_group, voice_note, media_key_malformed, inline, kind, key_kind, gateway, delivery";
        let written = "midiatecaPart is a word";
        for (id, caption) in [
            ("a", format!("see {} there", token("0000"))),
            ("b", token("0001")),
            ("c", written.to_owned()),
        ] {
            let sql = format!(
                "insert into media (id, client, instance, message_id, status, caption, file_name, {required})
                 values ('{id}', 2, 'I', '{id}', 'pending', '{caption}', '{name}.pdf', 0, 1, 1, 1, 0, 0, 0, 0, 0, 'image', 'Image', 'wapi', '');
                 delete from words_due",
                name = token("0000"),
            );
            connection.batch(&sql).unwrap();
        }
        let sql = format!(
            "insert into delivery_parts (delivery, n, kind, start, length, text) values ('{delivery}', 0, 'base64', 0, 4, cast('ab\\/c' as blob));
             insert into delivery_parts (delivery, n, kind, file, start, length) values ('{delivery}', 1, 'base64', 0, 0, 4)"
        );
        connection.batch(&sql).unwrap();
        connection.batch(file).unwrap();
        let rows = connection.rows("select caption, file_name from media order by id", &[]);
        let rows = rows.unwrap();
        let captions: Vec<_> = rows
            .iter()
            .map(|row| row.text("caption").unwrap())
            .collect();
        assert_eq!(captions, ["see ab/c there", "…", written]);
        let has_name = |row: &crate::db::Row| row.text("file_name").unwrap() == "ab/c.pdf";
        assert!(rows.iter().all(has_name));
        let due = connection.rows("select media from words_due", &[]).unwrap();
        assert_eq!(due.len(), 3, "the triggers index what has changed");
    }

    #[test]
    fn recorded_sentences_become_codes() {
        let (connection, file) = before("'other_instance'");
        let expected = [
            ("invalid JSON at line 1 column 7", "invalid_json"),
            ("JSON with more than 100000 values", "too_many_values"),
            ("media without message id and instance", "anonymous_media"),
            ("names another instance", "other_instance"),
            ("something of long ago", "other"),
        ];
        for (sentence, _) in expected {
            let sql = format!(
                "insert into deliveries (id, instance, received_at, verdict, reason, body_size, body_lz4)
                 values ('{sentence}', 'I', 1, 'set_aside', '{sentence}', 0, x'00')"
            );
            connection.batch(&sql).unwrap();
        }
        connection.batch(file).unwrap();
        for (sentence, code) in expected {
            let sql = format!("select reason from deliveries where id = '{sentence}'");
            let rows = connection.rows(&sql, &[]).unwrap();
            assert_eq!(rows[0].text("reason").unwrap(), code);
            assert_eq!(crate::model::DeliveryReason::parse(code).as_str(), code);
        }
    }
}
