//! The law: what was acknowledged is stored or explained; nothing stored differs from its hash; no message twice; no file
//! without a row, no `stored` row without its file; the same for the long texts of deliveries and their files.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::plan::Message;

/// A media as `media list --json` prints it.
#[derive(Clone, Debug, Deserialize)]
pub struct Row {
    pub id: String,
    pub instance: String,
    pub message_id: String,
    pub slot: i64,
    pub status: String,
    pub reason: Option<String>,
    pub size: Option<u64>,
    pub sha256: Option<String>,
    pub verified: Option<String>,
    pub path: Option<String>,
}

impl Row {
    /// Whether it has a file.
    pub fn is_stored(&self) -> bool {
        self.status == "stored"
    }

    /// Whether nothing of it is left but that it came.
    pub fn is_erased(&self) -> bool {
        self.reason.as_deref() == Some("erased")
    }
}

/// The files below the storage, by their paths there.
pub type Files = BTreeMap<String, File>;

/// The bytes of the files with long texts of deliveries, by name.
pub type Texts = BTreeMap<String, Vec<u8>>;

/// A long text of a delivery, in a file.
#[derive(Clone, Debug)]
pub struct Part {
    pub delivery: String,
    pub file: i64,
    pub start: usize,
    pub length: usize,
    /// Whether no stored file has its bytes, so that its own file is needed.
    pub is_needed: bool,
}

/// The finding in a file.
#[derive(Clone, Debug)]
pub struct File {
    pub size: u64,
    /// In hexadecimal digits.
    pub sha256: String,
}

/// The remains of a run.
pub struct Facts<'a> {
    pub messages: &'a [Message],
    /// The media ids that were acknowledged, by message id.
    pub acknowledged: &'a BTreeMap<String, BTreeSet<String>>,
    pub rows: &'a [Row],
    pub files: &'a Files,
    pub parts: &'a [Part],
    pub texts: &'a Texts,
}

/// Every breach of the law.
pub fn breaches(facts: &Facts<'_>) -> Vec<String> {
    let mut found = lost(facts);
    found.extend(twice(facts));
    let messages = by_id(facts.messages);
    for row in facts.rows {
        match messages.get(row.message_id.as_str()) {
            Some(message) => found.extend(of_row(row, message, facts.files)),
            None => found.push(format!("{} came from nowhere", row.message_id)),
        }
    }
    // The path of a row that is not stored is where its file was.
    let named: BTreeSet<_> = facts
        .rows
        .iter()
        .filter(|row| row.is_stored())
        .filter_map(|row| row.path.as_deref())
        .collect();
    let orphans = facts
        .files
        .keys()
        .filter(|path| !named.contains(path.as_str()));
    found.extend(orphans.map(|path| format!("{path} has no row")));
    found.extend(texts_lost(facts.parts, facts.texts));
    let unneeded = unneeded_texts(facts.parts, facts.texts).into_iter();
    found.extend(unneeded.map(|name| format!("the text {name} has no row")));
    found
}

fn by_id(messages: &[Message]) -> BTreeMap<&str, &Message> {
    let named = |message| {
        let message: &Message = message;
        (message.media.message_id.as_str(), message)
    };
    messages.iter().map(named).collect()
}

/// What was acknowledged, and is not there or is something else.
fn lost(facts: &Facts<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let rows: BTreeMap<_, _> = facts
        .rows
        .iter()
        .map(|row| (row.id.as_str(), row))
        .collect();
    for (message, ids) in facts.acknowledged {
        let is_of_it = |row: &Row| row.message_id == *message;
        if ids.is_empty() && !facts.rows.iter().any(is_of_it) {
            found.push(format!("{message} was acknowledged and is lost"));
        }
        if ids.len() > 1 {
            found.push(format!("{message} was acknowledged as {ids:?}"));
        }
        for id in ids {
            match rows.get(id.as_str()) {
                None => found.push(format!("{message} was acknowledged as {id} and is lost")),
                Some(row) if row.message_id != *message => found.push(format!(
                    "{message} was acknowledged as {id}, which is {}",
                    row.message_id
                )),
                Some(_) => {}
            }
        }
    }
    found
}

/// Media that are there more often than their message has them, and files of two media.
fn twice(facts: &Facts<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut slots = BTreeSet::new();
    let mut paths = BTreeSet::new();
    let messages = by_id(facts.messages);
    for row in facts.rows {
        let message = (row.instance.as_str(), row.message_id.as_str());
        let count = counts.entry(message).or_default();
        *count += 1;
        let expected = messages
            .get(message.1)
            .map_or(usize::MAX, |message| message.media_count);
        if !slots.insert((message, row.slot)) || *count > expected {
            found.push(format!("{} is there twice", row.message_id));
        }
        if let Some(path) = row.path.as_ref().filter(|_| row.is_stored())
            && !paths.insert(path)
        {
            found.push(format!("{path} belongs to two media"));
        }
    }
    found
}

/// Texts that a row needs, and whose bytes are not all there.
pub fn texts_lost(parts: &[Part], texts: &Texts) -> Vec<String> {
    let is_lost = |part: &&Part| {
        let name = format!("{}.{}", part.delivery, part.file);
        let text = texts.get(&name).or_else(|| texts.get(&uncommitted(&name)));
        let end = part.start.saturating_add(part.length);
        let bytes = text.and_then(|text| text.get(part.start..end));
        // A hole in a file reads as zeros, which no text has.
        part.is_needed && bytes.is_none_or(|bytes| bytes.contains(&0))
    };
    let lost = parts.iter().filter(is_lost);
    lost.map(|part| {
        let Part { delivery, file, .. } = part;
        format!("the text {delivery}.{file} is missing or incomplete")
    })
    .collect()
}

/// The names of files with texts that no row needs. Those of which it is not known yet have another ending.
pub fn unneeded_texts(parts: &[Part], texts: &Texts) -> Vec<String> {
    let needed: BTreeSet<_> = parts
        .iter()
        .filter(|part| part.is_needed)
        .map(|part| format!("{}.{}", part.delivery, part.file))
        .collect();
    let names = texts.keys().filter(|name| !name.ends_with(UNCOMMITTED));
    names
        .filter(|name| !needed.contains(*name))
        .cloned()
        .collect()
}

/// The ending of a file with texts before its rows are committed.
const UNCOMMITTED: &str = ".new";

fn uncommitted(name: &str) -> String {
    format!("{name}{UNCOMMITTED}")
}

fn of_row(row: &Row, message: &Message, files: &Files) -> Option<String> {
    let id = &row.message_id;
    if !row.is_stored() {
        if message.must_be_stored {
            return Some(format!(
                "{id} is {} ({:?}), but its bytes can be had",
                row.status, row.reason
            ));
        }
        let is_explained = row.reason.is_some();
        return (!is_explained).then(|| format!("{id} is {} without a reason", row.status));
    }
    let Some(path) = &row.path else {
        return Some(format!("{id} is stored without a path"));
    };
    let Some(file) = files.get(path) else {
        return Some(format!("{id} is stored, but {path} is missing"));
    };
    // A message without hashes gives no proof of what its gateway sends; then nothing else is claimed.
    let is_unproven = row.verified.as_deref() == Some("unproven") && !message.media.with_hashes;
    let is_expected = file.sha256 == hex(&message.media.content.sha256());
    if Some(&file.sha256) != row.sha256.as_ref() || !is_expected && !is_unproven {
        return Some(format!("{id}: the bytes of {path} are wrong"));
    }
    (Some(file.size) != row.size).then(|| format!("{id}: the size of {path} is wrong"))
}

/// Hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use wa_sim::SimMedia;

    use super::*;

    struct World {
        messages: Vec<Message>,
        acknowledged: BTreeMap<String, BTreeSet<String>>,
        rows: Vec<Row>,
        files: Files,
        parts: Vec<Part>,
        texts: Texts,
    }

    /// Two messages: `A` is stored, `B` failed and is explained. The text of a delivery is needed.
    fn world() -> World {
        let message = |id: &str, must_be_stored| Message {
            media: SimMedia::sample("I", id, wa_media::MediaKind::Image),
            must_be_stored,
            media_count: 1,
        };
        let messages = vec![message("A", true), message("B", false)];
        let sha256 = hex(&messages[0].media.content.sha256());
        let size = messages[0].media.content.size_bytes();
        let row = |id: &str, status: &str| Row {
            id: format!("id-{id}"),
            instance: "I".to_owned(),
            message_id: id.to_owned(),
            slot: 0,
            status: status.to_owned(),
            reason: (status != "stored").then(|| "cdn_gone".to_owned()),
            size: (status == "stored").then_some(size),
            sha256: (status == "stored").then(|| sha256.clone()),
            verified: (status == "stored").then(|| "full".to_owned()),
            path: (status == "stored").then(|| "a.jpg".to_owned()),
        };
        let ids = |id: &str| (id.to_owned(), BTreeSet::from([format!("id-{id}")]));
        World {
            acknowledged: BTreeMap::from([ids("A"), ids("B")]),
            rows: vec![row("A", "stored"), row("B", "failed")],
            files: BTreeMap::from([(
                "a.jpg".to_owned(),
                File {
                    size,
                    sha256: sha256.clone(),
                },
            )]),
            parts: vec![Part {
                delivery: "d".to_owned(),
                file: 0,
                start: 2,
                length: 3,
                is_needed: true,
            }],
            texts: Texts::from([("d.0".to_owned(), b"\0\0abc".to_vec())]),
            messages,
        }
    }

    fn breaches_of(world: &World) -> Vec<String> {
        breaches(&Facts {
            messages: &world.messages,
            acknowledged: &world.acknowledged,
            rows: &world.rows,
            files: &world.files,
            parts: &world.parts,
            texts: &world.texts,
        })
    }

    #[test]
    fn an_intact_world_breaks_no_law() {
        assert_eq!(breaches_of(&world()), Vec::<String>::new());
    }

    #[test]
    fn a_second_media_of_a_message_is_not_the_first_one_again() {
        let mut world = world();
        world.messages[1].media_count = 2;
        let mut second = world.rows[1].clone();
        (second.id, second.slot) = ("id-C".to_owned(), 1);
        world.rows.push(second);
        assert_eq!(breaches_of(&world), Vec::<String>::new());
        world.rows[2].slot = 0;
        assert!(breaches_of(&world)[0].contains("there twice"));
    }

    #[test]
    fn a_text_may_still_have_its_first_name_and_is_not_needed_in_two_places() {
        let mut world = world();
        let text = world.texts.remove("d.0").unwrap();
        world.texts.insert("d.0.new".to_owned(), text);
        world.texts.insert("e.0.new".to_owned(), b"left".to_vec());
        assert_eq!(breaches_of(&world), Vec::<String>::new());
        world.texts.clear();
        world.parts[0].is_needed = false;
        assert_eq!(breaches_of(&world), Vec::<String>::new());
    }

    #[test]
    fn a_message_that_was_acknowledged_without_an_id_has_a_row() {
        let mut world = world();
        world.acknowledged.get_mut("B").unwrap().clear();
        assert_eq!(breaches_of(&world), Vec::<String>::new());
        world.rows.pop();
        assert_eq!(breaches_of(&world), ["B was acknowledged and is lost"]);
    }

    #[test]
    fn each_kind_of_damage_is_one_breach() {
        type Damage = (&'static str, fn(&mut World));
        let damages: [Damage; 18] = [
            ("lost", |world| drop(world.rows.pop())),
            ("acknowledged as {", |world| {
                world.messages[1].media_count = 2;
                let mut second = world.rows[1].clone();
                (second.id, second.slot) = ("id-C".to_owned(), 1);
                world.rows.push(second);
                let ids = world.acknowledged.get_mut("B").unwrap();
                ids.insert("id-C".to_owned());
            }),
            ("id-B, which is B", |world| {
                let ids = BTreeSet::from(["id-B".to_owned()]);
                world.acknowledged.insert("A".to_owned(), ids);
            }),
            ("there twice", |world| {
                let mut again = world.rows[1].clone();
                again.id = "id-C".to_owned();
                world.rows.push(again);
            }),
            ("there twice", |world| {
                let mut again = world.rows[1].clone();
                (again.id, again.slot) = ("id-C".to_owned(), 1);
                world.rows.push(again);
            }),
            ("two media", |world| {
                world.messages[0].media_count = 2;
                let mut again = world.rows[0].clone();
                again.slot = 1;
                world.rows.push(again);
            }),
            ("from nowhere", |world| {
                world.acknowledged.remove("B");
                world.rows[1].message_id = "C".to_owned();
            }),
            ("can be had", |world| {
                world.messages[1].must_be_stored = true
            }),
            ("without a reason", |world| world.rows[1].reason = None),
            ("is missing", |world| world.files.clear()),
            ("are wrong", |world| {
                world.files.get_mut("a.jpg").unwrap().sha256 = "00".to_owned()
            }),
            ("are wrong", |world| {
                world.files.get_mut("a.jpg").unwrap().sha256 = "00".to_owned();
                world.rows[0].sha256 = Some("00".to_owned());
                world.rows[0].verified = Some("unproven".to_owned());
            }),
            ("has no row", |world| {
                let file = world.files["a.jpg"].clone();
                world.files.insert("b.jpg".to_owned(), file);
            }),
            ("has no row", |world| {
                let file = world.files["a.jpg"].clone();
                world.files.insert("b.jpg".to_owned(), file);
                world.rows[1].path = Some("b.jpg".to_owned());
            }),
            ("the text d.0 is missing", |world| world.texts.clear()),
            ("the text d.0 is missing", |world| {
                world.texts.get_mut("d.0").unwrap().pop();
            }),
            ("the text d.0 is missing", |world| {
                world.texts.get_mut("d.0").unwrap()[3] = 0;
            }),
            ("the text d.0 has no row", |world| {
                world.parts[0].is_needed = false;
            }),
        ];
        for (words, damage) in damages {
            let mut world = world();
            damage(&mut world);
            let found = breaches_of(&world);
            assert!(
                found.len() == 1 && found[0].contains(words),
                "{words}: {found:?}"
            );
        }
    }
}
