//! Search in captions, names of files and senders, and transcripts. Accents and case do not matter, words match by their
//! beginning.
//!
//! Triggers record in `words_due` which media have new words; [`index_due`] indexes them in the background, so that no
//! acknowledgement waits for it. Words are folded here, so that every engine finds the same.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::db::{Db, Error, Row, Tx, values};
use crate::model::{MediaId, Scope};

/// Longer texts are indexed by their beginning.
const MOST_CHARS: usize = 20_000;
/// Of all characters, also those that are not indexed.
const MOST_READ_CHARS: usize = 1 << 20;
/// Longer words are indexed and looked for by their beginning. The engine splits no word over pages.
const MOST_WORD_CHARS: usize = 100;
/// Further words of a query are ignored; the engine's time grows with their number.
const MOST_WORDS: usize = 100;

/// The condition on a row of `media`.
pub(super) const MATCHES: &str = "id in (select w.media from /*sqlite*/media_search join media_words w on w.n = media_search.rowid where media_search match $$
    /*postgres media_words w where w.search @@ words_query($$) */)";

/// Those of a phone number, too: a statement of ids and a bracket follow.
pub(super) const MATCHES_OR: &str = " and id in (select w.media from /*sqlite*/media_search join media_words w on w.n = media_search.rowid where media_search match $$
    /*postgres media_words w where w.search @@ words_query($$) */ union all ";

/// From this many matches on, looking at one media after the other finds a page sooner than collecting all matches.
const COMMON: i64 = 2_000;

/// Whether very many media match. The engine collects all words with a beginning of one letter, so these count as common.
pub(super) async fn is_common(db: &Db, words: &str) -> Result<bool, Error> {
    let folded = fold(words);
    let longer: Vec<_> = folded
        .split(' ')
        .filter(|word| word.chars().count() > 1)
        .collect();
    if longer.is_empty() {
        return Ok(!folded.is_empty());
    }
    let sql = "select count(*) as n from (select 1 from /*sqlite*/media_search where media_search match $1
                 /*postgres media_words where search @@ words_query($1) */ limit $2) as found";
    let row = db
        .row(sql, values![query(&longer.join(" ")), COMMON])
        .await?;
    Ok(row.map_or(Ok(0), |row| row.int("n"))? >= COMMON)
}

/// The words of a query, each as a pattern for ` ` and the words of a media.
pub(super) fn patterns(text: &str) -> Vec<String> {
    let folded = fold(text);
    let words = folded.split(' ').filter(|word| !word.is_empty());
    words
        .take(MOST_WORDS)
        .map(|word| format!("% {word}%"))
        .collect()
}

/// Media that a search for a name looks at, the newest with its words.
const MOST_NAMED: u32 = 20_000;
/// The engine limits the values of a statement.
const MOST_CHATS: usize = 5_000;

/// The chats in which a person of this name sent media. The words are looked for in all texts of a media, and then in the name.
pub(super) async fn chats_of_name(
    db: &Db,
    scope: Scope,
    name: &str,
) -> Result<Vec<(i64, String)>, Error> {
    let sql =
        "select distinct client, chat_id, sender_name from media where ($1 is null or client = $1)
                 and chat_id is not null and sender_name is not null and id in (
                   select w.media from /*sqlite*/media_search join media_words w on w.n = media_search.rowid
                   where media_search match $2 order by media_search.rowid
                   /*postgres media_words w where w.search @@ words_query($2) order by w.n */ desc limit $3)";
    let rows = db.rows(sql, values![scope.client(), query(name), MOST_NAMED]);
    let wanted = fold(name);
    let mut found = BTreeSet::new();
    for row in &rows.await? {
        let known = fold(&row.text("sender_name")?);
        let begins = |word: &str| known.split(' ').any(|of_name| of_name.starts_with(word));
        let chat = (row.int("client")?, row.text("chat_id")?);
        if wanted.split(' ').all(begins) && found.len() < MOST_CHATS {
            found.insert(chat);
        }
    }
    Ok(found.into_iter().collect())
}

/// Letters of the Latin alphabet that Unicode does not decompose, as they are typed without them. The migration
/// `0028_folded_letters` indexes again what had them.
const LETTERS: [(char, &str); 12] = [
    ('ß', "ss"),
    ('æ', "ae"),
    ('œ', "oe"),
    ('ø', "o"),
    ('đ', "d"),
    ('ð', "d"),
    ('ł', "l"),
    ('þ', "th"),
    ('ħ', "h"),
    ('ŧ', "t"),
    ('ı', "i"),
    ('ŋ', "n"),
];

/// Lower case, without accents; only letters, digits and spaces.
pub fn fold(text: &str) -> String {
    let letters = text.nfkd().filter(|letter| !is_combining_mark(*letter));
    let lower = letters.flat_map(char::to_lowercase);
    let plain = lower.flat_map(|letter| {
        let known = LETTERS.iter().find(|(known, _)| *known == letter);
        let typed = known.map_or("", |(_, typed)| typed).chars();
        typed.chain(known.is_none().then_some(letter))
    });
    let (mut folded, mut chars, mut in_word) = (String::new(), 0, 0);
    for letter in plain.take(MOST_READ_CHARS) {
        if !letter.is_alphanumeric() {
            in_word = 0;
            continue;
        }
        in_word += 1;
        if in_word > MOST_WORD_CHARS {
            continue;
        }
        if chars == MOST_CHARS {
            break;
        }
        if in_word == 1 && !folded.is_empty() {
            folded.push(' ');
        }
        folded.push(letter);
        chars += 1;
    }
    folded
}

/// The query for the engine: every word must begin one of the text's. A query without a word finds nothing.
pub fn query(text: &str) -> String {
    let folded = fold(text);
    let words = folded.split(' ').filter(|word| !word.is_empty());
    let words: Vec<_> = words
        .take(MOST_WORDS)
        .map(|word| format!("\"{word}\"*"))
        .collect();
    if words.is_empty() {
        // Finds nothing.
        return "\"a\" NOT \"a\"".to_owned();
    }
    words.join(" ")
}

/// Indexes up to `limit` media with new words; returns how many there were.
pub async fn index_due(tx: &mut Tx, limit: u32) -> Result<u64, Error> {
    let sql = "select d.media, m.caption, m.file_name, m.sender_name, t.text as transcript, coalesce(m.reason, '') = 'erased' as erased
               from words_due d left join media m on m.id = d.media left join transcripts t on t.media = d.media limit $1";
    let rows = tx.rows(sql, values![limit]).await?;
    for row in &rows {
        index(tx, row).await?;
    }
    Ok(rows.len() as u64)
}

/// Indexes the words of one media again at once, for an erasure.
pub(super) async fn index_now(tx: &mut Tx, media: &MediaId) -> Result<(), Error> {
    let sql = "select id as media, caption, file_name, sender_name, t.text as transcript, coalesce(reason, '') = 'erased' as erased
               from media left join transcripts t on t.media = media.id where id = $1";
    match tx.row(sql, values![media.as_str()]).await? {
        Some(row) => index(tx, &row).await,
        None => Ok(()),
    }
}

async fn index(tx: &mut Tx, row: &Row) -> Result<(), Error> {
    let media = row.text("media")?;
    let mut texts = Vec::new();
    for column in ["caption", "file_name", "sender_name", "transcript"] {
        // Each by itself, so that a long one leaves the others their place.
        texts.extend(row.text_or_none(column)?.map(|text| fold(&text)));
    }
    texts.retain(|text| !text.is_empty());
    let words = texts.join(" ");
    tx.run("delete from media_words where media = $1", values![&media])
        .await?;
    if !words.is_empty() && !row.flag("erased")? {
        let sql = "insert into media_words (media, words) values ($1, $2)";
        tx.run(sql, values![&media, words]).await?;
    }
    let sql = "delete from words_due where media = $1";
    tx.run(sql, values![&media]).await.map(drop)
}

/// Whether words wait to be indexed.
pub async fn has_due(db: &Db) -> Result<bool, Error> {
    let row = db.row("select 1 as due from words_due limit 1", values![]);
    Ok(row.await?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As many media as make a word common; each hundredth has a rare word, too.
    async fn filled(folder: &std::path::Path) -> Db {
        let path = folder.join("t.db");
        let db = Db::open(&path, std::time::Duration::from_secs(1));
        let db = db.await.unwrap();
        let filling = db.write(crate::db::Key::Everything, async |tx| {
            for sql in [
                "insert into clients (id, name, created_at) values (2, 'Aurora', 1), (3, 'Boreal', 1)",
                "insert into instances (id, client, gateway, api_base, hook_hash, created_at) values ('I', 2, 'wapi', '', cast('01' as /*sqlite*/blob/*postgres bytea */), 1)",
                "insert into media (id, client, instance, message_id, status, caption, slot, received_at, file_time, deadline, from_me, is_group,
                   voice_note, media_key_malformed, inline, kind, key_kind, gateway, delivery)
                 with recursive n (i) as (select 1 union all select i + 1 from n where i < 2100)
                 select 'm' || (10000 + i), 2 + i % 2, 'I', 'M' || i, 'stored', case when i % 100 = 0 then 'Fotografia rara' else 'Foto' end,
                   0, i, i, i, 0, 0, 0, 0, 0, 'image', 'image', 'wapi', '' from n",
            ] {
                tx.run(sql, vec![]).await?;
            }
            index_due(tx, 10_000).await
        });
        assert_eq!(filling.await.unwrap(), 2_100);
        db
    }

    #[tokio::test]
    async fn common_and_rare_words_find_the_same_as_a_look_at_each_media() {
        use crate::media::{Filter, list};
        let folder = tempfile::tempdir().unwrap();
        let db = filled(folder.path()).await;
        for (words, is_common, count) in [
            ("foto", true, 2_100),
            ("f", true, 2_100),
            ("FOTÓ f", true, 2_100),
            ("rara", false, 21),
            ("rara foto", false, 21),
            ("r", true, 21),
            ("oto", false, 0),
            ("x", true, 0),
            ("%", false, 0),
        ] {
            assert_eq!(
                super::is_common(&db, words).await.unwrap(),
                is_common,
                "{words}"
            );
            let filter = Filter {
                words: Some(words.to_owned()),
                ..Filter::default()
            };
            let found = list(&db, &filter, 5_000).await.unwrap();
            assert_eq!(found.len(), count, "{words}");
            assert!(found.is_sorted_by_key(|media| std::cmp::Reverse(media.received_at)));
            let of_client = Filter {
                client: Some(3),
                ..filter
            };
            let found = list(&db, &of_client, 5_000).await.unwrap();
            assert!(found.iter().all(|media| media.client == 3));
            assert!(found.len() <= count.div_ceil(2), "{words}");
        }
        db.close().await;
    }

    #[test]
    fn accents_case_and_signs_are_folded() {
        assert_eq!(fold("Ação: RECEITA_médica.PDF"), "acao receita medica pdf");
        assert_eq!(fold("  ﬁm…  ＡＢＣ "), "fim abc");
        assert_eq!(
            fold("Straße İstanbul ISIK ışık"),
            "strasse istanbul isik isik"
        );
        assert_eq!(
            fold("Łódź Ørsted ĐURO Œuvre ẞ"),
            "lodz orsted duro oeuvre ss"
        );
        let many = "um ".repeat(30) + "fim";
        assert!(query(&many).ends_with("\"fim\"*"));
        let long = "ã".repeat(20_000);
        assert_eq!(fold(&format!("{long} fim")), "a".repeat(100) + " fim");
        assert_eq!(fold(&"ab ".repeat(20_000)).len(), 29_999);
        assert_eq!(query(&long[..300]), format!("\"{}\"*", "a".repeat(100)));
        assert_eq!(query("Óculos \"or\" -x*"), "\"oculos\"* \"or\"* \"x\"*");
    }
}
