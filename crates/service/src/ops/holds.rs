//! Legal holds: added and released, each with an entry in the audit log.

use serde_json::json;

use super::erasure::{self, identify};
use crate::access::Actor;
use crate::access::audit::{Action, NewEntry, append};
use crate::clock::Clock;
use crate::db::{self, Db, Key};
use crate::instances;
use crate::media::holds::{self, Hold, NewHold, Target};
use crate::model::{contact, name};

const LONGEST_ID: usize = 200;
const LONGEST_REASON: usize = 1_000;

/// The fields of a hold to add. Without a chat and a person it covers everything of the client.
#[derive(Clone, Debug)]
pub struct Options {
    pub client: i64,
    pub chat: Option<String>,
    pub person: Option<String>,
    pub reason: String,
}

#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    #[error("a hold is on a chat or on a person, not on both")]
    SeveralTargets,
    #[error("the chat or the person is empty, too long, or has control characters")]
    Target,
    #[error("the reason is empty, too long, or has control characters")]
    Reason,
    #[error("there is no client {client}")]
    NoClient { client: i64 },
    #[error(transparent)]
    Contact(erasure::Error),
    #[error(transparent)]
    Db(#[from] db::Error),
}

impl HoldError {
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Contact(error) => error.is_usage(),
            Self::Db(_) => false,
            _ => true,
        }
    }
}

fn target_of(options: &Options) -> Result<Target, HoldError> {
    let text = |id: &str| name::valid(id, LONGEST_ID).ok_or(HoldError::Target);
    match (&options.chat, &options.person) {
        (Some(_), Some(_)) => Err(HoldError::SeveralTargets),
        (Some(chat), None) => text(chat).map(Target::Chat),
        (None, Some(person)) => text(person).map(Target::Person),
        (None, None) => Ok(Target::Client),
    }
}

/// The ids that media may have of what a hold is on.
async fn ids_of(db: &Db, client: i64, target: &Target) -> Result<Vec<String>, HoldError> {
    let contact = match target {
        Target::Client => return Ok(Vec::new()),
        Target::Chat(chat) => chat,
        Target::Person(person) => person,
    };
    match (
        identify(db, client, std::slice::from_ref(contact)).await,
        target,
    ) {
        (Ok(found), _) => Ok(found.ids()),
        (Err(erasure::Error::Db(error)), _) => Err(error.into()),
        // Such as a group without media yet, or the stories.
        (Err(erasure::Error::UnknownContact { .. }), Target::Chat(chat)) => {
            Ok(vec![contact::bare(chat).to_owned()])
        }
        (Err(error), _) => Err(HoldError::Contact(error)),
    }
}

pub async fn add(
    db: &Db,
    clock: &Clock,
    actor: &Actor,
    options: Options,
) -> Result<Hold, HoldError> {
    let target = target_of(&options)?;
    let reason = name::valid(&options.reason, LONGEST_REASON).ok_or(HoldError::Reason)?;
    let client = options.client;
    // A removed client keeps its media, so they can be on hold as well.
    let known = instances::every_client(db).await?;
    if !known.iter().any(|known| known.id == client) {
        return Err(HoldError::NoClient { client });
    }
    let ids = ids_of(db, client, &target).await?;
    let new = NewHold {
        client,
        target,
        reason,
        created_by: actor.code(),
    };
    let (actor, now) = (actor.clone(), clock.now());
    let adding = db.write(Key::Everything, async move |tx| {
        let hold = holds::add(tx, new.clone(), &ids, now).await?;
        let data = json!({"hold": hold.id});
        let entry = NewEntry::new(Action::HoldAdded, Some(client), data);
        append(tx, &actor, entry, now).await?;
        Ok(hold)
    });
    let hold = adding.await?;
    holds::cover_deliveries(db).await?;
    Ok(hold)
}

/// False when it was released before.
pub async fn release(
    db: &Db,
    clock: &Clock,
    actor: &Actor,
    hold: &Hold,
) -> Result<bool, HoldError> {
    let (actor, id, client, now) = (actor.clone(), hold.id.clone(), hold.client, clock.now());
    let releasing = db.write(Key::Everything, async move |tx| {
        let is_released = holds::release(tx, &id, now).await?;
        if is_released {
            let entry = NewEntry::new(Action::HoldReleased, Some(client), json!({"hold": id}));
            append(tx, &actor, entry, now).await?;
        }
        Ok(is_released)
    });
    Ok(releasing.await?)
}

/// Adds the ids by which people and chats on hold have become known since, and the raw deliveries that came. A contact that is
/// no longer clear keeps the ids that it has. Before anything is deleted.
pub async fn refresh(db: &Db) -> Result<(), db::Error> {
    for hold in holds::in_force(db).await? {
        let mut ids = match ids_of(db, hold.client, &hold.target()).await {
            Ok(ids) => ids,
            Err(HoldError::Db(error)) => return Err(error),
            Err(_) => continue,
        };
        let known = holds::ids(db, &hold).await?;
        ids.retain(|id| !known.contains(id));
        if ids.is_empty() {
            continue;
        }
        let covering = db.write(Key::Everything, async move |tx| {
            holds::cover(tx, &hold, &ids).await
        });
        covering.await?;
    }
    holds::cover_deliveries(db).await
}
