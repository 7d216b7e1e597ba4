//! Which ids a person has at one client: found once, listed, confirmed, and then erased by exactly these.

use std::collections::BTreeSet;

use super::Error;
use super::journal::Journal;
use crate::db::Db;
use crate::media;

/// How many digits a phone number, a LID or a group has.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=20;
/// A person has a number and a LID, perhaps two of each. An id with more counterparts is not one person's.
const MOST_COUNTERPARTS: usize = 4;
/// Counterparts of counterparts, all together.
const MOST_FOUND: usize = 16;
/// The country whose numbers are written in several ways.
const BRAZIL: &str = "55";

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

#[derive(Debug, Default, PartialEq, Eq)]
struct Forms {
    /// Phone numbers, LIDs, groups.
    numbers: Vec<String>,
    /// An id that is none of these.
    exact: Option<String>,
}

fn forms(contact: &str) -> Forms {
    let contact = contact.trim();
    let id = contact.split(['@', ':']).next().unwrap_or(contact);
    // Stories are of everybody.
    if id.is_empty() || id == "status" {
        return Forms::default();
    }
    let server = contact.split_once('@').map(|(_, server)| server);
    let spoken: String = id
        .chars()
        .filter(|letter| !"+ ()-.".contains(*letter))
        .collect();
    let mut forms = Forms::default();
    match server {
        // In an id a hyphen counts: `5500900000001-1612345678@g.us`.
        Some(_) if !is_number(id) => forms.exact = Some(id.to_owned()),
        Some("lid" | "g.us" | "newsletter") => forms.numbers.push(id.to_owned()),
        _ => {
            let is_spoken = is_number(&spoken);
            if is_spoken {
                let has_country = server.is_some() || id.starts_with('+');
                let brazilian = format!("{BRAZIL}{spoken}");
                let may_lack_country =
                    !has_country && !is_brazilian(&spoken) && is_brazilian(&brazilian);
                forms.numbers = with_or_without_ninth_digit(&spoken);
                if may_lack_country {
                    forms
                        .numbers
                        .extend(with_or_without_ninth_digit(&brazilian));
                }
            }
            if !is_spoken || id.trim_start_matches('+') != spoken {
                forms.exact = Some(id.to_owned());
            }
        }
    }
    forms
}

fn is_number(id: &str) -> bool {
    DIGITS.contains(&id.len()) && id.bytes().all(|letter| letter.is_ascii_digit())
}

/// WhatsApp knows many Brazilian mobile numbers by the eight digits that they had before the ninth was added.
fn with_or_without_ninth_digit(number: &str) -> Vec<String> {
    let mut forms = vec![number.to_owned()];
    if !is_brazilian(number) {
        return forms;
    }
    let (area, local) = number.split_at(4);
    let is_mobile = |local: &str| !local.starts_with(['0', '2', '3', '4', '5']);
    match local.strip_prefix('9') {
        Some(eight) if local.len() == 9 && is_mobile(eight) => forms.push(format!("{area}{eight}")),
        _ if local.len() == 8 && is_mobile(local) => forms.push(format!("{area}9{local}")),
        _ => {}
    }
    forms
}

/// Whether it is the country, an area of two digits without 0, and a mobile number of nine digits or any of eight.
fn is_brazilian(number: &str) -> bool {
    let national = number.strip_prefix(BRAZIL);
    let Some((area, local)) = national.and_then(|national| national.split_at_checked(2)) else {
        return false;
    };
    !area.contains('0') && (local.len() == 8 || local.len() == 9 && local.starts_with('9'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_is_read_as_people_and_as_whatsapp_write_it() {
        let both = ["551187654321", "5511987654321"];
        for (contact, numbers, exact) in [
            (
                "+55 (11) 98765-4321",
                &both[..],
                Some("+55 (11) 98765-4321"),
            ),
            ("+5511987654321", &both, None),
            ("5511987654321@s.whatsapp.net", &both, None),
            ("5511987654321:12@c.us", &both, None),
            ("551187654321", &both, None),
            ("11987654321", &["11987654321", both[0], both[1]], None),
            // A landline has no ninth digit, nor a mobile number that would be one without it.
            ("551134567890", &["551134567890"], None),
            ("5511934567890", &["5511934567890"], None),
            // Not of this country.
            ("15551234567", &["15551234567"], None),
            // Without a country it may be of either; with one it is not.
            ("4531234567", &["4531234567", "554531234567"], None),
            ("4531234567@s.whatsapp.net", &["4531234567"], None),
            ("+45 3123-4567", &["4531234567"], Some("+45 3123-4567")),
            ("100000000000001@lid", &["100000000000001"], None),
            ("120363000000000001@g.us", &["120363000000000001"], None),
            (
                "5511987654321-1612345678@g.us",
                &[],
                Some("5511987654321-1612345678"),
            ),
            ("false", &[], Some("false")),
            ("%", &[], Some("%")),
            ("@lid", &[], None),
            ("status@broadcast", &[], None),
            ("", &[], None),
        ] {
            let mut found = forms(contact);
            found.numbers.sort();
            let found_exact = found.exact.as_deref();
            assert_eq!(
                (&found.numbers[..], found_exact),
                (
                    &numbers.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>()[..],
                    exact
                ),
                "{contact}"
            );
        }
    }
}
