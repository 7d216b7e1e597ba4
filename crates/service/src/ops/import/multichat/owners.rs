//! Whose everything is: the original's clients keep their numbers, and its instances their ids.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::error::{Conflict, Error};
use super::options::Mode;
use super::orphans::orphan_id;
use super::report::Finding;
use super::source::{Client, Number, Record, Source, nothing_known};
use super::tree::{place, slashed};
use crate::app::App;
use crate::db::Key;
use crate::gateway::{Gateway, Message};
use crate::instances::{self, NewInstance};
use crate::model::{ChatId, InstanceId, Origin};
use crate::ops::Progress;

/// Whose a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    Ours,
    /// It lies in the folder of another client or instance.
    Theirs,
    /// Its place says neither.
    Unknown,
}

/// The clients and instances of the source.
pub(super) struct Owners {
    clients: BTreeMap<i64, Client>,
    numbers: BTreeMap<String, Number>,
    /// The instance of each row that others name it by.
    by_row: HashMap<String, String>,
    known_clients: BTreeMap<i64, String>,
    known_instances: BTreeMap<String, bool>,
}

impl Owners {
    /// Reads them, and compares them with what is here.
    pub async fn of(app: &App, source: &Source) -> Result<Self, Error> {
        let clients = source.clients().await?;
        let mut owners = Self {
            clients: clients
                .into_iter()
                .map(|client| (client.id, client))
                .collect(),
            numbers: BTreeMap::new(),
            by_row: HashMap::new(),
            known_clients: BTreeMap::new(),
            known_instances: BTreeMap::new(),
        };
        for number in source.numbers().await? {
            owners.by_row.insert(number.row.clone(), number.id.clone());
            owners.numbers.insert(number.id.clone(), number);
        }
        owners.add_numbers_of_clients();
        let clients = &owners.clients;
        owners
            .numbers
            .retain(|_, number| clients.contains_key(&number.client));
        let conflicts = owners.compare(app).await?;
        match conflicts.is_empty() {
            true => Ok(owners),
            false => Err(Error::Conflicts(conflicts)),
        }
    }

    /// Older rows of clients name their only number themselves.
    fn add_numbers_of_clients(&mut self) {
        for client in self.clients.values() {
            let Some(id) = &client.instance else { continue };
            let number = self.numbers.entry(id.clone()).or_insert_with(|| Number {
                row: String::new(),
                id: id.clone(),
                client: client.id,
                token: None,
                state: None,
            });
            if number.token.is_none() && number.client == client.id {
                number.token.clone_from(&client.token);
            }
        }
    }

    async fn compare(&mut self, app: &App) -> Result<Vec<Conflict>, Error> {
        let mut conflicts = Vec::new();
        for client in instances::every_client(&app.db).await? {
            if let Some(theirs) = self.clients.get(&client.id)
                && theirs.name != client.name
                && distinct_name(theirs) != client.name
            {
                conflicts.push(Conflict::Client {
                    id: client.id,
                    theirs: theirs.name.clone(),
                    ours: client.name.clone(),
                });
            }
            self.known_clients.insert(client.id, client.name);
        }
        // One that was removed here stays so.
        for instance in instances::every_instance(&app.db).await? {
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

    /// Adds what is not here yet.
    pub async fn settle(
        &self,
        app: &App,
        mode: Mode,
        progress: &impl Progress<Finding>,
    ) -> Result<(), Error> {
        for client in self.clients.values() {
            let is_new = !self.known_clients.contains_key(&client.id);
            if is_new && mode != Mode::DryRun {
                add_client(app, client).await?;
            }
            progress.finding(&Finding::Client {
                client: client.id,
                name: client.name.clone(),
                new: is_new,
            });
        }
        for number in self.numbers.values() {
            let known = self.known_instances.get(&number.id);
            let hook = match mode {
                Mode::DryRun => None,
                Mode::Copy | Mode::Link => add_number(app, number, known.copied()).await?,
            };
            progress.finding(&Finding::Instance {
                instance: number.id.clone(),
                client: number.client,
                new: known.is_none(),
                hook,
            });
        }
        Ok(())
    }

    /// The instance that a row names by its id, or by its row.
    pub fn instance(&self, named: &str, names_row: bool) -> Option<InstanceId> {
        let by_id = self.numbers.get(named);
        let by_row = self.by_row.get(named).and_then(|id| self.numbers.get(id));
        let number = match names_row {
            true => by_row.or(by_id),
            false => by_id,
        };
        Some(InstanceId(number?.id.clone()))
    }

    /// Whose a media is: the client that its row names, else the instance's.
    pub fn client(&self, named: Option<i64>, instance: &InstanceId) -> Option<i64> {
        let of_instance = || Some(self.numbers.get(instance.as_str())?.client);
        named
            .filter(|id| self.clients.contains_key(id))
            .or_else(of_instance)
    }

    /// Whose a file is, by its place, seen from a client and an instance. A number may have changed hands, and a client
    /// may be gone: then the instance's folder says more than the client's.
    pub fn whose(&self, path: &Path, client: i64, instance: &InstanceId) -> Whose {
        let place = place(path);
        let is_known = |owner: &i64| self.clients.contains_key(owner);
        let owner = self.owner(&place.owner).filter(is_known);
        let is_of_client = owner.map(|owner| owner == client);
        let is_of_instance = place.instance.map(|named| named == instance.as_str());
        match (is_of_client, is_of_instance) {
            (Some(false), _) | (_, Some(false)) => Whose::Theirs,
            (None, None) => Whose::Unknown,
            _ => Whose::Ours,
        }
    }

    /// The client whose folder has that name.
    fn owner(&self, folder: &str) -> Option<i64> {
        if let Some(id) = folder
            .strip_prefix("cliente_")
            .and_then(|id| id.parse().ok())
        {
            return Some(id);
        }
        let named = |client: &&Client| folder_of(&client.name) == folder;
        let mut found = self.clients.values().filter(named);
        let owner = found.next()?.id;
        found.next().is_none().then_some(owner)
    }

    /// A record made of a file's place; nothing when that says too little.
    pub fn orphan(&self, at: usize, path: &Path) -> Option<Record> {
        let place = place(path);
        let owner = self.owner(&place.owner);
        let instance = match &place.instance {
            Some(id) => self.numbers.get(id)?,
            None => {
                let mut of_owner = self
                    .numbers
                    .values()
                    .filter(|number| Some(number.client) == owner);
                let only = of_owner.next()?;
                of_owner.next().is_none().then_some(only)?
            }
        };
        let is_known = |owner: &i64| self.clients.contains_key(owner);
        if owner
            .filter(is_known)
            .is_some_and(|owner| owner != instance.client)
        {
            return None;
        }
        let origin = slashed(path);
        let chat = place.chat;
        Some(Record {
            client: owner,
            instance: instance.id.clone(),
            message: Message {
                id: orphan_id(path),
                origin: Origin {
                    is_group: chat.as_deref().is_some_and(is_group),
                    chat: chat.map(ChatId),
                    ..Origin::default()
                },
                ..Message::default()
            },
            found: nothing_known(place.kind?),
            file: Some(origin.clone()),
            origin,
            received_at: None,
            stored_at: None,
            orphan: Some(at),
            names_row: false,
            event: None,
            is_one_of_several: false,
            body_instance: None,
        })
    }
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

async fn add_client(app: &App, client: &Client) -> Result<(), Error> {
    let (client, now) = (client.clone(), app.clock.now());
    app.db
        .write(Key::Everything, async move |tx| {
            let added = instances::add_client(tx, &client.name, Some(client.id), now).await?;
            if added.is_none() {
                instances::add_client(tx, &distinct_name(&client), Some(client.id), now).await?;
            }
            Ok(())
        })
        .await?;
    Ok(())
}

/// Adds a number, or gives one that has no token the source's; answers with the token of a new webhook address.
async fn add_number(
    app: &App,
    number: &Number,
    known_with_token: Option<bool>,
) -> Result<Option<String>, Error> {
    if known_with_token == Some(true) {
        return Ok(None);
    }
    let new = NewInstance {
        id: InstanceId(number.id.clone()),
        client: number.client,
        gateway: Gateway::Wapi,
        api_base: None,
        cdn_base: None,
        routes: None,
        token_sealed: None,
        hook_hash: [0; 32],
    };
    let (_, hook) = app.add_instance(new, number.token.as_deref()).await?;
    if let (Some((connected, at)), Some(_)) = (number.state, &hook) {
        let id = InstanceId(number.id.clone());
        app.db
            .write(Key::instance(&number.id), async move |tx| {
                instances::set_state(tx, &id, connected, at).await
            })
            .await?;
    }
    Ok(hook)
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
