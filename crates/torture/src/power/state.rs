//! What a disk must have after a power failure, and whether it has it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::log::Record;
use super::recording::{self, Recording};
use super::steps::Step;
use crate::database::{self, Database};
use crate::law::{self, Facts, Files, Row, hex};
use crate::machine::Machine;
use crate::plan::{FORGOTTEN, Message};
use crate::program::Program;
use crate::run;

/// Reported when clients and instances are there.
pub const SET_UP: &str = "set up";
/// Reported when the server has stored all messages and ended.
pub const SERVED: &str = "served";
/// Reported when a file has wrong bytes.
pub const CORRUPT: &str = "corrupt";
/// What is reported before the first command.
pub const BEFORE_STEPS: [&str; 2] = [SET_UP, SERVED];

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
            let stored: BTreeSet<_> = database
                .stored
                .iter()
                .map(|row| row.message_id.as_str())
                .collect();
            let ids = recording
                .original
                .messages
                .iter()
                .map(|message| message.media.message_id.as_str());
            let lost = ids.filter(|id| !stored.contains(id));
            found.extend(lost.map(|id| format!("{id} was imported and is lost")));
        }
        if self.is_done(Step::Forget) {
            found.extend(left_of_the_forgotten(recording, &data)?);
        }
        let backup = recording::backup(machine);
        if backup.join(database::FILE).exists() {
            folder_breaches(&backup, |_| false, &mut found)?;
        } else if self.is_done(Step::Backup) {
            found.push("the backup has no database".to_owned());
        }
        if self.is_done(Step::Backup) && !backup.join("manifest.json").exists() {
            found.push("the backup has no manifest".to_owned());
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
        if self.is_done(Step::Backup) {
            let backup = recording::backup(machine);
            folder_breaches(&backup, |_| false, &mut found)?;
        }
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

/// Adds the rows of a data folder or a backup that have not what they say; returns them all.
fn folder_breaches(
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
        if !path.starts_with(database::FILE) {
            continue;
        }
        let bytes = std::fs::read(data.join(path))?;
        for id in FORGOTTEN {
            if bytes.windows(id.len()).any(|part| part == id.as_bytes()) {
                found.push(format!("{path} still has the id {id}"));
            }
        }
    }
    Ok(found)
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
