//! Clients: added, renamed and removed, each with an entry in the audit log.

use serde::Serialize;
use serde_json::json;

use crate::access::audit::{Action, NewEntry, append};
use crate::access::{Actor, keys, links, users};
use crate::clock::Clock;
use crate::db::{self, Db, Key};
use crate::events::endpoints;
use crate::instances::{self, Client, LARGEST_CLIENT, Renaming};
use crate::media::counts;
use crate::model::{ChangeKind, InstanceId, name};

/// In bytes.
const LONGEST_NAME: usize = 500;

#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("the name of the client is empty, too long, or has control characters")]
    Name,
    #[error("{number} is no number of a client")]
    Number { number: i64 },
    #[error("a client with this name or number exists: {name}")]
    Taken { name: String },
    #[error("client {} with this name or number was removed", .client.id)]
    Removed { client: Client },
    #[error("there is no client {client}")]
    NoClient { client: i64 },
    #[error("client {client} has {media} media")]
    HasMedia { client: i64, media: u64 },
    #[error(transparent)]
    Db(#[from] db::Error),
}

impl ClientError {
    /// Whether another command line helps.
    pub fn is_usage(&self) -> bool {
        !matches!(self, Self::Db(_))
    }
}

#[derive(Clone, Debug)]
pub struct Options {
    pub name: String,
    /// The next free one without it.
    pub number: Option<i64>,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Added {
    pub client: i64,
    /// It had been removed; its instances have to be added again.
    #[serde(skip)]
    pub restored: bool,
}

#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ApiClient)]
pub struct Named {
    pub client: i64,
    pub name: String,
}

/// A removed client.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct RemovedClient {
    pub client: i64,
    /// Its instances that were removed with it.
    #[schema(value_type = Vec<String>)]
    pub instances: Vec<InstanceId>,
    /// Its media, which stay.
    pub media: u64,
}

fn entry(client: i64, change: ChangeKind) -> NewEntry {
    let data = json!({"change": change});
    NewEntry::new(Action::ClientChanged, Some(client), data)
}

/// The name as it is stored. Refuses what no client can have. Needs no database.
pub fn check(name: &str, number: Option<i64>) -> Result<String, ClientError> {
    if let Some(number) = number.filter(|number| !(1..=LARGEST_CLIENT).contains(number)) {
        return Err(ClientError::Number { number });
    }
    name::valid(name, LONGEST_NAME).ok_or(ClientError::Name)
}

/// The removed clients with this name or number.
fn removed(mut known: Vec<Client>, name: &str, number: Option<i64>) -> Vec<Client> {
    known.retain(|known| known.removed && (known.name == name || Some(known.id) == number));
    known
}

/// The name as a client other than `client` has it: earlier versions stored every form of it.
fn as_known(known: &[Client], name: String, client: Option<i64>) -> String {
    let mut others = known.iter().filter(|known| Some(known.id) != client);
    let twin = others.find(|known| name::tidy(&known.name) == name);
    twin.map_or(name, |twin| twin.name.clone())
}

fn taken(name: String, mut removed: Vec<Client>) -> ClientError {
    if removed.is_empty() {
        return ClientError::Taken { name };
    }
    ClientError::Removed {
        client: removed.swap_remove(0),
    }
}

/// Restores a removed client of the same name and, if given, number.
pub async fn add(
    db: &Db,
    clock: &Clock,
    actor: &Actor,
    options: Options,
) -> Result<Added, ClientError> {
    let number = options.number;
    let known = instances::every_client(db).await?;
    let name = as_known(&known, check(&options.name, number)?, None);
    let removed = removed(known, &name, number);
    let (actor, wanted, now) = (actor.clone(), name.clone(), clock.now());
    let adding = db.write(Key::Everything, async move |tx| {
        let added = instances::add_client(tx, &wanted, number, now).await?;
        if let Some(client) = added {
            append(tx, &actor, entry(client, ChangeKind::Added), now).await?;
        }
        Ok(added)
    });
    let Some(client) = adding.await? else {
        return Err(taken(name, removed));
    };
    let restored = removed.iter().any(|known| known.id == client);
    Ok(Added { client, restored })
}

pub async fn rename(
    db: &Db,
    clock: &Clock,
    actor: &Actor,
    client: i64,
    name: &str,
) -> Result<Named, ClientError> {
    let known = instances::every_client(db).await?;
    let name = as_known(&known, check(name, None)?, Some(client));
    let (actor, wanted, now) = (actor.clone(), name.clone(), clock.now());
    let renaming = db.write(Key::Everything, async move |tx| {
        let renamed = instances::rename_client(tx, client, &wanted).await?;
        if renamed == Renaming::Renamed {
            append(tx, &actor, entry(client, ChangeKind::Renamed), now).await?;
        }
        Ok(renamed)
    });
    match renaming.await? {
        Renaming::Renamed => Ok(Named { client, name }),
        Renaming::NoClient => Err(ClientError::NoClient { client }),
        Renaming::NameTaken => {
            let removed = removed(known, &name, None);
            Err(taken(name, removed))
        }
    }
}

/// Removes a client with its instances and users, revokes its keys and links, and disables its endpoints: deliveries to their
/// webhook addresses are refused within a second. Pending downloads are completed; no row and no file is deleted. One that has
/// media only if `keep_files` says that they stay.
pub async fn remove(
    db: &Db,
    clock: &Clock,
    actor: &Actor,
    client: i64,
    keep_files: bool,
) -> Result<RemovedClient, ClientError> {
    let (actor, now) = (actor.clone(), clock.now());
    let removing = db.write(Key::Everything, async move |tx| {
        if !instances::has_client(tx, client).await? {
            return Ok(Err(ClientError::NoClient { client }));
        }
        let media = counts::of_client(tx, client).await?;
        if media > 0 && !keep_files {
            return Ok(Err(ClientError::HasMedia { client, media }));
        }
        keys::revoke_of_client(tx, client, now).await?;
        users::remove_of_client(tx, client).await?;
        links::revoke_of_client(tx, client, now).await?;
        endpoints::disable_of_client(tx, client, now).await?;
        let instances = instances::remove_client(tx, client, now).await?;
        append(tx, &actor, entry(client, ChangeKind::Removed), now).await?;
        Ok(Ok(RemovedClient {
            client,
            instances,
            media,
        }))
    });
    removing.await?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_have_every_visible_character() {
        for name in ["Clínica São João", "Salão 👩🏽‍⚕️", "田中"] {
            assert!(check(name, None).is_ok(), "{name}");
        }
        for name in ["", " ", "a\nb", "a\u{202e}b", "a\u{200d}b"] {
            assert!(
                matches!(check(name, None), Err(ClientError::Name)),
                "{name:?}"
            );
        }
    }
}
