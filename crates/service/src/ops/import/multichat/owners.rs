//! The owner of everything: the original's clients keep their numbers, and its instances their ids.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::{Conflict, Error};
use super::report::ImportFinding;
use super::source::{Client, Number, Record, Source, nothing_known};
use super::tree::{orphan_id, place, slashed};
use super::{Deps, Mode};
use crate::db::{Db, Key};
use crate::gateway::{Gateway, Message};
use crate::instances::{self, NewInstance};
use crate::model::{ChatId, InstanceId, Origin};
use crate::ops::{Progress, instance};

/// The owner of a file, by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileOwner {
    Same,
    /// It is in the folder of another client or instance.
    Other,
    Unknown,
}

/// The clients and instances of the source.
pub(super) struct Owners {
    clients: BTreeMap<i64, Client>,
    numbers: BTreeMap<String, Number>,
    /// The clients that are here already, and whether each was removed.
    known_clients: BTreeMap<i64, bool>,
    /// The instances that are here already, and whether each has a token or was removed.
    known_instances: BTreeMap<String, bool>,
}

impl Owners {
    /// Reads them, and compares them with what is here.
    pub async fn read(db: &Db, source: &Source) -> Result<Self, Error> {
        let clients = source.clients().await?.into_iter();
        let mut owners = Self {
            clients: clients.map(|client| (client.id, client)).collect(),
            numbers: BTreeMap::new(),
            known_clients: BTreeMap::new(),
            known_instances: BTreeMap::new(),
        };
        let mut numbers = source.numbers().await?;
        numbers.extend(
            owners
                .clients
                .values()
                .filter_map(|client| client.number.clone()),
        );
        numbers.retain(|number| owners.clients.contains_key(&number.client));
        for number in numbers {
            let known = owners.numbers.entry(number.id.clone());
            let known = known.or_insert_with(|| number.clone());
            if known.client == number.client {
                known.token = known.token.take().or(number.token);
            }
        }
        let conflicts = owners.compare(db).await?;
        if conflicts.is_empty() {
            Ok(owners)
        } else {
            Err(Error::Conflicts(conflicts))
        }
    }

    async fn compare(&mut self, db: &Db) -> Result<Vec<Conflict>, Error> {
        let mut conflicts = Vec::new();
        for client in instances::every_client(db).await? {
            if let Some(theirs) = self.clients.get(&client.id)
                && theirs.name != client.name
                && distinct_name(theirs) != client.name
            {
                conflicts.push(Conflict::Client {
                    id: client.id,
                    theirs: theirs.name.clone(),
                    ours: client.name,
                });
            }
            self.known_clients.insert(client.id, client.removed);
        }
        // One that was removed here stays so.
        for instance in instances::every_instance(db).await? {
            if let Some(theirs) = self.numbers.get(instance.id.as_str())
                && theirs.client != instance.client
            {
                conflicts.push(Conflict::Instance {
                    id: instance.id.0.clone(),
                    theirs: theirs.client,
                    ours: instance.client,
                });
            }
            let has_token = instance.token_sealed.is_some() || instance.removed;
            self.known_instances.insert(instance.id.0, has_token);
        }
        Ok(conflicts)
    }

    /// Adds what is not here yet; in a dry run, everything.
    pub async fn add(
        &self,
        deps: Deps<'_>,
        mode: Mode,
        progress: &impl Progress<ImportFinding>,
    ) -> Result<(), Error> {
        for client in self.clients.values() {
            let is_new = !self.known_clients.contains_key(&client.id);
            if is_new || mode == Mode::DryRun {
                add_client(deps, client).await?;
            }
            progress.finding(&ImportFinding::Client {
                client: client.id,
                name: client.name.clone(),
                new: is_new,
            });
        }
        for number in self.numbers.values() {
            let known = self.known_instances.get(&number.id).copied();
            let hook = match (mode, known) {
                (Mode::DryRun, _) => self.add_number(deps, number).await.map(|_| None)?,
                (_, Some(true)) => None,
                (_, Some(false) | None) => self.add_number(deps, number).await?,
            };
            progress.finding(&ImportFinding::Instance {
                instance: number.id.clone(),
                client: number.client,
                new: known.is_none(),
                hook,
            });
        }
        Ok(())
    }

    /// Adds a number, or gives one that has no token the source's. Returns the token of a new webhook address.
    async fn add_number(&self, deps: Deps<'_>, number: &Number) -> Result<Option<String>, Error> {
        let new = NewInstance {
            id: InstanceId(number.id.clone()),
            client: number.client,
            gateway: Gateway::Wapi,
            api_base: None,
            cdn_base: None,
            routes: None,
            token_sealed: None,
            secret_sealed: None,
            session: None,
            hook_hash: [0; 32],
        };
        let (new, hook) = instance::sealed(deps.secrets, new, number.token.as_deref(), None)?;
        let (id, state, now) = (new.id.clone(), number.state, deps.clock.now());
        // A removed client receives nothing from a number that is new to it, either.
        let is_removed = self.known_clients.get(&number.client) == Some(&true);
        let key = Key::instance(id.as_str());
        let adding = deps.db.write(key, async move |tx| {
            let is_new = instance::put(tx, &new, now).await?;
            if let Some((connected, at)) = state.filter(|_| is_new) {
                instances::set_state(tx, &new.id, connected, at).await?;
            }
            if is_removed {
                instances::remove_instance(tx, &new.id, now).await?;
            }
            Ok(is_new)
        });
        let is_new = adding.await?;
        deps.storage.make_folders(number.client, &id)?;
        Ok((is_new && !is_removed).then_some(hook))
    }

    pub fn instance(&self, named: &str) -> Option<InstanceId> {
        Some(InstanceId(self.numbers.get(named)?.id.clone()))
    }

    /// The client that a row names, else the instance's.
    pub fn client(&self, named: Option<i64>, instance: &InstanceId) -> Option<i64> {
        let of_instance = || Some(self.numbers.get(instance.as_str())?.client);
        named
            .filter(|id| self.clients.contains_key(id))
            .or_else(of_instance)
    }

    /// The owner of a file, seen from a client and an instance. A number may have changed hands, and a client may be gone:
    /// then the instance's folder says more than the client's.
    pub fn of_file(&self, path: &Path, client: i64, instance: &InstanceId) -> FileOwner {
        let place = place(path);
        let is_of_client = self.known_owner(&place.owner).map(|owner| owner == client);
        let is_of_instance = place.instance.map(|named| named == instance.as_str());
        match (is_of_client, is_of_instance) {
            (Some(false), _) | (_, Some(false)) => FileOwner::Other,
            (None, None) => FileOwner::Unknown,
            _ => FileOwner::Same,
        }
    }

    fn known_owner(&self, folder: &str) -> Option<i64> {
        self.owner(folder)
            .filter(|owner| self.clients.contains_key(owner))
    }

    /// The client whose folder has that name.
    fn owner(&self, folder: &str) -> Option<i64> {
        let id = folder.strip_prefix("cliente_");
        if let Some(id) = id.and_then(|id| id.parse().ok()) {
            return Some(id);
        }
        let named = |client: &&Client| folder_of(&client.name) == folder;
        only(self.clients.values().filter(named)).map(|client| client.id)
    }

    /// A record made of a file's place; nothing when that says too little.
    pub fn orphan(&self, at: usize, path: &Path) -> Option<Record> {
        let place = place(path);
        let owner = self.owner(&place.owner);
        let of_owner = |number: &&Number| Some(number.client) == owner;
        let number = match &place.instance {
            Some(id) => self.numbers.get(id)?,
            None => only(self.numbers.values().filter(of_owner))?,
        };
        if self
            .known_owner(&place.owner)
            .is_some_and(|owner| owner != number.client)
        {
            return None;
        }
        let (file, chat) = (slashed(path), place.chat);
        let message = Message {
            id: orphan_id(path),
            origin: Origin {
                is_group: chat.as_deref().is_some_and(is_group),
                chat: chat.map(ChatId),
                ..Origin::default()
            },
            ..Message::default()
        };
        let found = nothing_known(place.kind?);
        Some(Record {
            client: owner,
            file: Some(file.clone()),
            orphan: Some(at),
            ..Record::new(file, number.id.clone(), message, found)
        })
    }
}

fn only<T>(mut found: impl Iterator<Item = T>) -> Option<T> {
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// Whether a chat's folder is a group's.
pub(super) fn is_group(chat: &str) -> bool {
    chat.starts_with("group_")
}

/// The folder that the original system made of a client's name.
fn folder_of(name: &str) -> String {
    let kept = |letter: &char| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_');
    let name: String = name.chars().filter(kept).collect();
    name.trim().replace(' ', "_")
}

/// A name that no other client has.
fn distinct_name(client: &Client) -> String {
    format!("{} ({})", client.name, client.id)
}

async fn add_client(deps: Deps<'_>, client: &Client) -> Result<(), Error> {
    let (client, now) = (client.clone(), deps.clock.now());
    let adding = deps.db.write(Key::Everything, async move |tx| {
        let added = instances::add_client(tx, &client.name, Some(client.id), now).await?;
        if added.is_none() {
            instances::add_client(tx, &distinct_name(&client), Some(client.id), now).await?;
        }
        Ok(())
    });
    Ok(adding.await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_made_of_a_name_as_the_original_made_it() {
        for (name, folder) in [
            ("Clínica Aurora", "Clínica_Aurora"),
            (" Oficina do Bairro Ltda. ", "Oficina_do_Bairro_Ltda"),
            ("../../etc", "etc"),
        ] {
            assert_eq!(folder_of(name), folder);
        }
    }
}
