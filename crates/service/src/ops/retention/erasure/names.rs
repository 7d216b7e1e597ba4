//! Who is meant: the names under which a person may be known to one client.

use std::collections::BTreeSet;

use crate::app::App;
use crate::media::{self, Others, Person};
use crate::ops::retention::Error;

/// How many digits a number, a privacy id or a group has.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=20;
/// A person has a number and a privacy id, perhaps two of each; somebody with more of them is several people.
const MOST_OTHERS: usize = 4;
/// Who is found by way of others, and these by way of others, is a crowd.
const MOST_FOUND: usize = 16;
/// The country whose numbers are written in several ways.
const BRAZIL: &str = "55";

/// Under which names a person is looked for.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// All of them.
    pub all: BTreeSet<String>,
    /// Those that go with one of them, and with so many others that they are not one person's.
    pub left_out: Vec<String>,
}

/// The names that were given, those that are known to be the same person's, and those that an erasure of them which was
/// cut short had found.
pub(super) async fn of(
    app: &App,
    client: i64,
    contacts: &[String],
    found_before: impl Iterator<Item = &[String]>,
) -> Result<Names, Error> {
    let mut open = Vec::new();
    for contact in contacts {
        let given = given(contact);
        let mut known = Vec::new();
        for name in given.exact {
            let person = Person { client, name };
            if media::is_known(&app.db, &person).await? {
                known.push(person.name);
            }
        }
        if given.numbers.is_empty() && known.is_empty() {
            let contact = contact.clone();
            return Err(Error::Nobody { contact });
        }
        let held = of_several_countries(app, client, &given.numbers).await?;
        if held.len() > 1 {
            let contact = contact.clone();
            return Err(Error::SeveralCountries { contact, held });
        }
        open.extend(given.numbers);
        open.extend(known);
    }
    let is_meant = |names: &&[String]| names.iter().any(|name| open.contains(name));
    let before: Vec<_> = found_before.filter(is_meant).flatten().cloned().collect();
    open.extend(before);
    let given: BTreeSet<_> = open.iter().cloned().collect();
    let mut names = Names::default();
    while let Some(name) = open.pop() {
        if names.all.contains(&name) || names.left_out.contains(&name) {
            continue;
        }
        let person = Person { client, name };
        let Others { lids, numbers } = media::known_as(&app.db, &person).await?;
        if numbers.len() > MOST_OTHERS {
            let (name, count) = (person.name, numbers.len());
            if given.contains(&name) {
                return Err(Error::SeveralPeople { name, count });
            }
            // What was only found may be left out, for the number says enough.
            names.left_out.push(name);
            continue;
        }
        names.all.insert(person.name.clone());
        if names.all.len() > given.len() + MOST_FOUND {
            let (name, count) = (person.name, names.all.len() - 1);
            return Err(Error::SeveralPeople { name, count });
        }
        match lids.len() > MOST_OTHERS {
            true => names.left_out.extend(lids),
            false => open.extend(lids),
        }
        open.extend(numbers);
        open.retain(|name| given.contains(name) || is_number(name));
    }
    Ok(names)
}

/// Of the numbers that one may mean, those that are held and would be of different countries: no two of them are one
/// person's.
async fn of_several_countries(
    app: &App,
    client: i64,
    numbers: &[String],
) -> Result<Vec<String>, Error> {
    let mut held: Vec<String> = Vec::new();
    for name in numbers {
        let name = name.clone();
        let person = Person { client, name };
        let is_known = media::is_known(&app.db, &person).await?;
        let is_brazils = |number: &str| number.strip_prefix(BRAZIL).is_some_and(is_brazilian);
        let is_other = |other: &String| is_brazils(other) != is_brazils(&person.name);
        if is_known && held.iter().all(is_other) {
            held.push(person.name);
        }
    }
    Ok(held)
}

/// What a contact may mean.
#[derive(Debug, Default, PartialEq, Eq)]
struct Given {
    /// Numbers and privacy ids, to be looked for wherever they may stand.
    numbers: Vec<String>,
    /// Ids that are only meant when they are there.
    exact: Vec<String>,
}

fn given(contact: &str) -> Given {
    let contact = contact.trim();
    let id = contact.split(['@', ':']).next().unwrap_or(contact);
    // Stories are everybody's, and what names nobody is no name.
    if id.is_empty() || id == "status" {
        return Given::default();
    }
    let server = contact.split_once('@').map(|(_, server)| server);
    let spoken: String = id
        .chars()
        .filter(|letter| !"+ ()-.".contains(*letter))
        .collect();
    let mut given = Given::default();
    match server {
        // An id is written as it is, a number as people do: in `5500900000001-1612345678@g.us` the hyphen counts.
        Some(_) if !is_number(id) => given.exact.push(id.to_owned()),
        Some("lid" | "g.us" | "newsletter") => given.numbers.push(id.to_owned()),
        _ => {
            if is_number(&spoken) {
                // An id has its country, and so has what begins with `+`.
                let has_country = server.is_some() || id.starts_with('+');
                let whole = (!has_country).then(|| with_country(&spoken)).flatten();
                let forms = [Some(spoken.clone()), whole].into_iter().flatten();
                given.numbers = forms.flat_map(|number| as_written(&number)).collect();
            }
            if id != spoken && id.trim_start_matches('+') != spoken || !is_number(&spoken) {
                given.exact.push(id.to_owned());
            }
        }
    }
    given
}

fn is_number(name: &str) -> bool {
    DIGITS.contains(&name.len()) && name.bytes().all(|letter| letter.is_ascii_digit())
}

/// A number as it is with the country, if it may be a Brazilian one that is spoken without.
fn with_country(number: &str) -> Option<String> {
    let has_country = number.strip_prefix(BRAZIL).is_some_and(is_brazilian);
    (!has_country && is_brazilian(number)).then(|| format!("{BRAZIL}{number}"))
}

/// The ways in which a number may be written: Brazilian mobile ones with or without the ninth digit, for many are known
/// to WhatsApp by the eight that they once had.
fn as_written(number: &str) -> Vec<String> {
    let mut written = vec![number.to_owned()];
    let national = number.strip_prefix(BRAZIL);
    if !national.is_some_and(is_brazilian) {
        return written;
    }
    let (area, local) = number.split_at(4);
    let is_mobile = |local: &str| !local.starts_with(['0', '2', '3', '4', '5']);
    match local.strip_prefix('9') {
        Some(eight) if local.len() == 9 && is_mobile(eight) => {
            written.push(format!("{area}{eight}"));
        }
        _ if local.len() == 8 && is_mobile(local) => written.push(format!("{area}9{local}")),
        _ => {}
    }
    written
}

/// Whether it is an area of two digits, none of them 0, with a mobile number of nine or any number of eight.
fn is_brazilian(national: &str) -> bool {
    let Some((area, local)) = national.split_at_checked(2) else {
        return false;
    };
    !area.contains('0')
        && match local.len() {
            9 => local.starts_with('9'),
            8 => true,
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given_as(contact: &str) -> (Vec<String>, Vec<String>) {
        let Given { mut numbers, exact } = given(contact);
        numbers.sort();
        (numbers, exact)
    }

    #[test]
    fn a_contact_is_read_as_people_and_as_whatsapp_write_it() {
        let both = ["551187654321", "5511987654321"];
        for (contact, numbers, exact) in [
            (
                "+55 (11) 98765-4321",
                &both[..],
                &["+55 (11) 98765-4321"][..],
            ),
            ("+5511987654321", &both, &[]),
            ("5511987654321@s.whatsapp.net", &both, &[]),
            ("5511987654321:12@c.us", &both, &[]),
            ("551187654321", &both, &[]),
            ("11987654321", &["11987654321", both[0], both[1]], &[]),
            // A landline has no ninth digit, nor a mobile number that would be one without it.
            ("551134567890", &["551134567890"], &[]),
            ("5511934567890", &["5511934567890"], &[]),
            // Not of this country.
            ("15551234567", &["15551234567"], &[]),
            // Spoken without a country, it may be of either; with one it is not.
            ("4531234567", &["4531234567", "554531234567"], &[]),
            ("4531234567@s.whatsapp.net", &["4531234567"], &[]),
            ("+45 3123-4567", &["4531234567"], &["+45 3123-4567"]),
            ("100000000000001@lid", &["100000000000001"], &[]),
            ("120363000000000001@g.us", &["120363000000000001"], &[]),
            (
                "5511987654321-1612345678@g.us",
                &[],
                &["5511987654321-1612345678"],
            ),
            ("false", &[], &["false"]),
            ("%", &[], &["%"]),
            ("@lid", &[], &[]),
            ("status@broadcast", &[], &[]),
            ("", &[], &[]),
        ] {
            let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(
                given_as(contact),
                (owned(numbers), owned(exact)),
                "{contact}"
            );
        }
    }
}
