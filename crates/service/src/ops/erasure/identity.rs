//! Which ids a person has at one client: found once, listed, confirmed, and then erased by exactly these.

use std::collections::BTreeSet;

use super::Error;
use super::journal::Journal;
use crate::db::Db;
use crate::media;
use crate::model::phone::{Forms, forms, is_brazilian, is_number};

/// A person has a number and a LID, perhaps two of each. An id with more counterparts is not one person's.
const MOST_COUNTERPARTS: usize = 4;
/// Counterparts of counterparts, all together.
const MOST_FOUND: usize = 16;

/// The ids of one person, each without its server and device.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Identities {
    pub ids: Vec<Identity>,
    /// Counterparts that several people share; they are not erased.
    pub shared: Vec<String>,
}

/// One id of a person.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Identity {
    /// Such as `5500900000001`.
    pub id: String,
    /// Why it is taken for theirs.
    pub basis: Basis,
}

/// Why an id is taken for a person's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// It was given, or is another form of a number that was.
    Given,
    /// Media name it together with another id of the person.
    Paired,
    /// An unfinished erasure of the person found it.
    Unfinished,
}

impl Identities {
    /// The ids alone.
    pub fn ids(&self) -> Vec<String> {
        self.ids
            .iter()
            .map(|identity| identity.id.clone())
            .collect()
    }
}

/// Finds the ids of the person that `contacts` name: phone numbers as people write them, or ids. Changes nothing.
pub async fn identify(db: &Db, client: i64, contacts: &[String]) -> Result<Identities, Error> {
    let mut given = BTreeSet::new();
    for contact in contacts {
        given.extend(meant_by(db, client, contact).await?);
    }
    let journal = Journal::read(db, client).await?;
    let unfinished = journal.unfinished_ids(&given);
    let mut open: Vec<_> = given.union(&unfinished).cloned().collect();
    let (mut found, mut shared) = (BTreeSet::new(), BTreeSet::new());
    while let Some(id) = open.pop() {
        if found.contains(&id) || shared.contains(&id) {
            continue;
        }
        let media::Counterparts { numbers, lids } = media::counterparts(db, client, &id).await?;
        if numbers.len() > MOST_COUNTERPARTS && !unfinished.contains(&id) {
            if given.contains(&id) {
                let count = numbers.len();
                return Err(Error::SeveralPeople { id, count });
            }
            shared.insert(id);
            continue;
        }
        found.insert(id.clone());
        if found.len() > given.len() + MOST_FOUND {
            let count = found.len() - 1;
            return Err(Error::SeveralPeople { id, count });
        }
        if lids.len() > MOST_COUNTERPARTS {
            shared.extend(lids.difference(&given).cloned());
        } else {
            open.extend(lids.into_iter().filter(|id| is_number(id)));
        }
        open.extend(numbers.into_iter().filter(|id| is_number(id)));
    }
    let basis = |id: &String| match (given.contains(id), unfinished.contains(id)) {
        (true, _) => Basis::Given,
        (false, true) => Basis::Unfinished,
        (false, false) => Basis::Paired,
    };
    let ids = found.into_iter().map(|id| Identity {
        basis: basis(&id),
        id,
    });
    Ok(Identities {
        ids: ids.collect(),
        shared: shared.into_iter().collect(),
    })
}

/// The ids that one contact means: all forms of a number, and what is no number only as an id that media have.
async fn meant_by(db: &Db, client: i64, contact: &str) -> Result<Vec<String>, Error> {
    let Forms { numbers, exact } = forms(contact);
    let mut meant = Vec::new();
    if let Some(id) = exact
        && media::has_id(db, client, &id).await?
    {
        meant.push(id);
    }
    if numbers.is_empty() && meant.is_empty() {
        let contact = contact.to_owned();
        return Err(Error::UnknownContact { contact });
    }
    let mut known: Vec<String> = Vec::new();
    for number in &numbers {
        let is_other = |other: &String| is_brazilian(other) != is_brazilian(number);
        if media::has_id(db, client, number).await? && known.iter().all(is_other) {
            known.push(number.clone());
        }
    }
    if known.len() > 1 {
        let contact = contact.to_owned();
        return Err(Error::SeveralCountries { contact, known });
    }
    meant.extend(numbers);
    Ok(meant)
}
