//! The law: what was acknowledged is stored or explained; nothing stored differs from its hash; no message twice; no file
//! without a row, no `stored` row without its file.

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
}

/// A file below the storage, by its path there.
pub type Files = BTreeMap<String, File>;

/// What was found in a file.
#[derive(Clone, Debug)]
pub struct File {
    pub size: u64,
    /// In hexadecimal digits.
    pub sha256: String,
}

/// What a run left.
pub struct Facts<'a> {
    pub messages: &'a [Message],
    /// The media ids that were acknowledged, by message id.
    pub acknowledged: &'a BTreeMap<String, BTreeSet<String>>,
    pub rows: &'a [Row],
    pub files: &'a Files,
}

/// Every breach of the law.
pub fn breaches(facts: &Facts<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let by_id: BTreeMap<_, _> = facts
        .rows
        .iter()
        .map(|row| (row.id.as_str(), row))
        .collect();
    for (message, ids) in facts.acknowledged {
        if ids.len() > 1 {
            found.push(format!("{message} was acknowledged as {ids:?}"));
        }
        for id in ids {
            if !by_id.contains_key(id.as_str()) {
                found.push(format!("{message} was acknowledged as {id} and is lost"));
            }
        }
    }
    found.extend(twice(facts.rows));
    let messages: BTreeMap<_, _> = facts
        .messages
        .iter()
        .map(|message| (message.media.message_id.as_str(), message))
        .collect();
    for row in facts.rows {
        match messages.get(row.message_id.as_str()) {
            Some(message) => found.extend(of_row(row, message, facts.files)),
            None => found.push(format!("{} came from nowhere", row.message_id)),
        }
    }
    let named: BTreeSet<_> = facts
        .rows
        .iter()
        .filter_map(|row| row.path.as_deref())
        .collect();
    let orphans = facts
        .files
        .keys()
        .filter(|path| !named.contains(path.as_str()));
    found.extend(orphans.map(|path| format!("{path} has no row")));
    found
}

fn twice(rows: &[Row]) -> Vec<String> {
    let mut found = Vec::new();
    let mut messages = BTreeSet::new();
    let mut paths = BTreeSet::new();
    for row in rows {
        if !messages.insert((&row.instance, &row.message_id, row.slot)) {
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
    }

    /// Two messages: `A` is stored, `B` failed and is explained.
    fn world() -> World {
        let message = |id: &str, must_be_stored| Message {
            media: SimMedia::sample("I", id, wa_media::MediaKind::Image),
            must_be_stored,
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
            messages,
        }
    }

    fn breaches_of(world: &World) -> Vec<String> {
        breaches(&Facts {
            messages: &world.messages,
            acknowledged: &world.acknowledged,
            rows: &world.rows,
            files: &world.files,
        })
    }

    #[test]
    fn an_intact_world_breaks_no_law() {
        assert_eq!(breaches_of(&world()), Vec::<String>::new());
    }

    #[test]
    fn each_kind_of_damage_is_one_breach() {
        type Damage = (&'static str, fn(&mut World));
        let damages: [Damage; 11] = [
            ("lost", |world| drop(world.rows.pop())),
            ("acknowledged as {", |world| {
                let ids = world.acknowledged.get_mut("A").unwrap();
                ids.insert("id-B".to_owned());
            }),
            ("there twice", |world| {
                let mut again = world.rows[1].clone();
                again.id = "id-C".to_owned();
                world.rows.push(again);
            }),
            ("two media", |world| {
                let mut again = world.rows[0].clone();
                again.slot = 1;
                world.rows.push(again);
            }),
            ("from nowhere", |world| {
                world.rows[1].message_id = "C".to_owned()
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
