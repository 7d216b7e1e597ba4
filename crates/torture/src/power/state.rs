//! What a disk must have after a power failure, and whether it has it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::log::{CORRUPT, Record, SERVED};
use super::recording::{self, Recording};
use super::steps::Step;
use crate::database::{self, Database};
use crate::law::{self, Facts, Files, Row, hex};
use crate::machine::Machine;
use crate::plan::{FORGOTTEN, Message, Plan};
use crate::program::Program;
use crate::run;

/// What was reported before the power failed.
#[derive(Debug, Default)]
pub struct State {
    acknowledged: BTreeMap<String, BTreeSet<String>>,
    /// Names of steps, clients and instances.
    pub done: BTreeSet<String>,
    /// Files that were damaged on purpose.
    damaged: BTreeSet<String>,
}

impl State {
    pub fn of(records: &[Record]) -> Self {
        let mut state = Self::default();
        for record in records {
            match record {
                Record::Acknowledged { message, media } => {
                    let ids = state.acknowledged.entry(message.clone()).or_default();
                    ids.insert(media.clone());
                }
                Record::Reported { what } => drop(state.done.insert(what.clone())),
                Record::Damaged { path } => drop(state.damaged.insert(path.clone())),
                _ => {}
            }
        }
        state
    }

    fn is_done(&self, step: Step) -> bool {
        self.done.contains(step.name())
    }

    /// The command that the power failure interrupted.
    pub fn interrupted(&self) -> Option<Step> {
        let mut steps = Step::ALL.into_iter();
        let first = steps.find(|step| !self.is_done(*step))?;
        self.done.contains(SERVED).then_some(first)
    }

    /// Breaches on the disk as the power failure left it.
    pub fn breaches_at_rest(
        &self,
        recording: &Recording,
        machine: &Machine,
    ) -> anyhow::Result<Vec<String>> {
        let data = machine.data();
        let mut found = Vec::new();
        let mut damaged: BTreeSet<_> = self
            .damaged
            .iter()
            .map(|path| machine.disk().join(path))
            .collect();
        if self.is_done(Step::Repair) {
            damaged.clear();
        }
        let is_damaged = |path: &Path| damaged.contains(path);
        let database = folder_breaches(&data, is_damaged, &mut found)?;
        if self.is_done(Step::Import) {
            let lost = missing(&recording.original.messages, &database);
            found.extend(lost.map(|id| format!("{id} was imported and is lost")));
        }
        if self.is_done(Step::Forget) {
            found.extend(left_of_the_forgotten(recording, &data)?);
        }
        found.extend(self.breaches_of_backup(&recording.plan, &recording::backup(machine))?);
        Ok(found)
    }

    /// A backup begins when all messages are stored, and has them all when it is done.
    fn breaches_of_backup(&self, plan: &Plan, backup: &Path) -> anyhow::Result<Vec<String>> {
        let mut found = Vec::new();
        let is_there = backup.join(database::FILE).exists();
        let database = if is_there {
            folder_breaches(backup, |_| false, &mut found)?
        } else {
            Database::default()
        };
        if self.is_done(Step::Backup) {
            let lost = missing(&plan.messages, &database);
            found.extend(lost.map(|id| format!("{id} is not in the backup")));
            if !backup.join("manifest.json").exists() {
                found.push("the backup has no manifest".to_owned());
            }
        }
        Ok(found)
    }

    /// Breaches after the program ran again.
    pub fn breaches_at_end(
        &self,
        recording: &Recording,
        machine: &Machine,
        rows: Vec<Row>,
    ) -> anyhow::Result<Vec<String>> {
        let data = machine.data();
        let mut found = Vec::new();
        let database = folder_breaches(&data, |_| false, &mut found)?;
        let (erased, rows): (Vec<_>, Vec<_>) = rows.into_iter().partition(Row::is_erased);
        let mut messages = recording.plan.messages.clone();
        if self.is_done(Step::Import) {
            messages.extend(recording.original.messages.iter().cloned());
            let lost = missing(&recording.original.messages, &database);
            found.extend(lost.map(|id| format!("{id} was imported and is lost in the end")));
        }
        let mut acknowledged = self.acknowledged.clone();
        if self.is_done(Step::Forget) {
            let forgotten = messages.extract_if(.., |message| message.is_forgotten());
            let forgotten: BTreeSet<_> =
                forgotten.map(|message| message.media.message_id).collect();
            acknowledged.retain(|message, _| !forgotten.contains(message));
            found.extend(left_of_the_forgotten(recording, &data)?);
        } else if !erased.is_empty() {
            found.push(format!("{} media are erased", erased.len()));
        }
        let files = run::files(&machine.storage())?;
        found.extend(self.breaches_of_backup(&recording.plan, &recording::backup(machine))?);
        found.extend(law::breaches(&Facts {
            messages: &messages,
            acknowledged: &acknowledged,
            rows: &rows,
            files: &files,
            parts: &database.parts,
            texts: &run::texts(&data)?,
        }));
        found.extend(run::left_staged(machine)?);
        // An erasure may delete it.
        if self.done.contains(CORRUPT) && !self.is_done(Step::Forget) {
            found.extend(lost_corrupt(machine)?);
        }
        Ok(found)
    }

    /// Clients and instances that were reported as added and are not there.
    pub async fn lost_clients(&self, program: &Program) -> anyhow::Result<Vec<String>> {
        let mut found = Vec::new();
        for kind in ["client", "instance"] {
            let (_, document) = program.run(&[kind, "list", "--json"]).await?;
            let items = document["items"].as_array().into_iter().flatten();
            let ids: BTreeSet<_> = items
                .map(|item| match &item[kind] {
                    Value::String(id) => format!("{kind} {id}"),
                    id => format!("{kind} {id}"),
                })
                .collect();
            let of_kind = self
                .done
                .iter()
                .filter(|what| what.starts_with(&format!("{kind} ")));
            let lost = of_kind.filter(|what| !ids.contains(*what));
            found.extend(lost.map(|what| format!("{what} was added and is lost")));
        }
        Ok(found)
    }
}

/// The ids of messages that are not stored.
fn missing<'a>(messages: &'a [Message], database: &Database) -> impl Iterator<Item = &'a str> {
    let ids = messages.iter().map(|message| &message.media.message_id);
    ids.filter(|id| !database.stored.iter().any(|row| row.message_id == **id))
        .map(String::as_str)
}

/// Adds the rows of a data folder or a backup that have not what they say; returns them all.
pub fn folder_breaches(
    folder: &Path,
    is_damaged: impl Fn(&Path) -> bool,
    found: &mut Vec<String>,
) -> anyhow::Result<Database> {
    let database = Database::at_rest(folder)?;
    let storage = folder.join("media_storage");
    let files = run::files(&storage)?;
    let intact = |row: &database::Stored| {
        let file = files.get(&row.path);
        file.is_some_and(|file| file.sha256 == row.sha256)
    };
    let early = database
        .stored
        .iter()
        .filter(|row| !intact(row) && !is_damaged(&storage.join(&row.path)));
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    found.extend(
        early.map(|row| format!("{}: {} is stored without its file", name, row.message_id)),
    );
    let texts = law::texts_lost(&database.parts, &run::texts(folder)?);
    found.extend(texts.into_iter().map(|text| format!("{name}: {text}")));
    Ok(database)
}

/// What a data folder still has of the person whose erasure is complete.
fn left_of_the_forgotten(recording: &Recording, data: &Path) -> anyhow::Result<Vec<String>> {
    let hash = |message: &Message| hex(&message.media.content.sha256());
    let (gone, others): (Vec<_>, Vec<_>) = recording
        .plan
        .messages
        .iter()
        .partition(|message| message.is_forgotten());
    let mut hashes: BTreeSet<_> = gone.into_iter().map(hash).collect();
    for other in others {
        hashes.remove(&hash(other));
    }
    let mut found = Vec::new();
    let mut files = Files::new();
    run::walk_all(data, Path::new(""), &mut files)?;
    for (path, file) in &files {
        if hashes.contains(&file.sha256) {
            found.push(format!("{path} is erased and still there"));
        }
        if path.starts_with(database::FILE) {
            let bytes = std::fs::read(data.join(path))?;
            found.extend(named_in(path, &bytes, &FORGOTTEN));
        }
    }
    // What is compressed or in a file of its own is found in no page of the database.
    let needles = FORGOTTEN.into_iter();
    let needles: Vec<_> = needles
        .chain(recording.inline.iter().map(String::as_str))
        .collect();
    let bodies = Database::at_rest(data)?.bodies;
    let texts = run::texts(data)?;
    for (name, bytes) in bodies.iter().chain(&texts) {
        found.extend(named_in(name, bytes, &needles));
    }
    Ok(found)
}

/// The texts that bytes still have.
fn named_in(name: &str, bytes: &[u8], texts: &[&str]) -> Vec<String> {
    let is_there = |text: &&&str| {
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    let there = texts.iter().filter(is_there);
    there
        .map(|text| format!("{name} still has {}", &text[..text.len().min(20)]))
        .collect()
}

/// The corrupt file is moved to quarantine, not deleted.
fn lost_corrupt(machine: &Machine) -> anyhow::Result<Option<String>> {
    let mut files = Files::new();
    run::walk_all(&machine.storage(), Path::new(""), &mut files)?;
    let is_corrupt = |path: &String| {
        std::fs::read(machine.storage().join(path))
            .is_ok_and(|bytes| bytes == recording::WRONG.as_bytes())
    };
    let is_there = files.keys().any(is_corrupt);
    Ok((!is_there).then(|| "the corrupt file is nowhere".to_owned()))
}

#[cfg(test)]
mod tests {
    use rusqlite::{Connection, params};

    use super::*;

    /// The database of a folder, with what the checks read.
    fn database(folder: &Path) -> Connection {
        let connection = Connection::open(folder.join(database::FILE)).unwrap();
        let schema = "create table media (id text, message_id text, caption text, status text, path text, sha256 blob);
            create table deliveries (id text, body_lz4 blob);
            create table delivery_parts (delivery text, n integer, file integer, start integer, length integer, text blob, media text);
            create table events (seq integer, kind text, media text);
            create table notifications (event integer, status text, attempts integer);";
        connection.execute_batch(schema).unwrap();
        connection
    }

    fn store(connection: &Connection, folder: &Path, message: &str) {
        let bytes = message.as_bytes();
        let files = folder.join("media_storage");
        std::fs::create_dir_all(&files).unwrap();
        std::fs::write(files.join(message), bytes).unwrap();
        use sha2::Digest as _;
        let sha256 = sha2::Sha256::digest(bytes).to_vec();
        let sql = "insert into media values (?1, ?1, null, 'stored', ?1, ?2)";
        connection.execute(sql, params![message, sha256]).unwrap();
    }

    fn after(step: Step) -> State {
        State {
            done: BTreeSet::from([step.name().to_owned()]),
            ..State::default()
        }
    }

    #[test]
    fn a_backup_has_every_message() {
        let folder = tempfile::tempdir().unwrap();
        let plan = Plan::without_faults(1, 2);
        let connection = database(folder.path());
        std::fs::write(folder.path().join("manifest.json"), "{}").unwrap();
        let breaches = |state: State| state.breaches_of_backup(&plan, folder.path()).unwrap();
        let empty = breaches(after(Step::Backup));
        assert_eq!(empty.len(), 2, "{empty:?}");
        assert!(empty[0].contains("not in the backup"), "{empty:?}");
        // It was interrupted.
        assert_eq!(breaches(State::default()), Vec::<String>::new());
        for message in &plan.messages {
            store(&connection, folder.path(), &message.media.message_id);
        }
        assert_eq!(breaches(after(Step::Backup)), Vec::<String>::new());
        std::fs::remove_file(folder.path().join("manifest.json")).unwrap();
        assert!(breaches(after(Step::Backup))[0].contains("no manifest"));
        std::fs::remove_file(folder.path().join(database::FILE)).unwrap();
        assert_eq!(breaches(after(Step::Backup)).len(), 3);
    }

    #[test]
    fn an_imported_message_without_a_row_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let plan = Plan::without_faults(1, 2);
        let [first, second] = [0, 1].map(|n| plan.messages[n].media.message_id.as_str());
        store(&database(folder.path()), folder.path(), first);
        let database = Database::at_rest(folder.path()).unwrap();
        assert_eq!(
            missing(&plan.messages, &database).collect::<Vec<_>>(),
            [second]
        );
    }

    #[test]
    fn a_person_is_found_in_compressed_deliveries_and_in_their_texts() {
        let folder = tempfile::tempdir().unwrap();
        let connection = database(folder.path());
        let body = format!(
            "{}{{\"sender\": \"{}\"}}",
            "55009000".repeat(99),
            FORGOTTEN[0]
        );
        let packed = lz4_flex::compress_prepend_size(body.as_bytes());
        connection
            .execute("insert into deliveries values ('d', ?1)", [&packed])
            .unwrap();
        let sql = "insert into delivery_parts (delivery, n, text) values ('d', 1, ?1)";
        connection.execute(sql, [FORGOTTEN[1].as_bytes()]).unwrap();
        // Compression may hide it from a search of the pages.
        let bodies = Database::at_rest(folder.path()).unwrap().bodies;
        let found: Vec<_> = bodies
            .iter()
            .flat_map(|(name, bytes)| named_in(name, bytes, &FORGOTTEN))
            .collect();
        let expected = [
            format!("delivery d still has {}", FORGOTTEN[0]),
            format!("text d 1 still has {}", FORGOTTEN[1]),
        ];
        assert_eq!(found, expected);
        assert!(named_in("d", b"nothing", &FORGOTTEN).is_empty());
    }
}
