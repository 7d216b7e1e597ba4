//! Phone numbers as people write them, and the ids that they mean.

use super::contact;

/// How many digits a phone number, a LID or a group has.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=20;
/// How many digits a phone number has that is looked for; E.164 allows no more.
const TYPED_DIGITS: std::ops::RangeInclusive<usize> = 8..=15;
/// The last digits of a number, by which it is found with and without country, area and ninth digit.
const TAIL_DIGITS: usize = 8;
/// The country whose numbers are written in several ways.
const BRAZIL: &str = "55";

/// The ids that a text means.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Forms {
    /// Phone numbers, LIDs, groups.
    pub numbers: Vec<String>,
    /// An id that is none of these.
    pub exact: Option<String>,
}

/// What people and WhatsApp write for a person or a chat.
pub fn forms(contact: &str) -> Forms {
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

pub fn is_number(id: &str) -> bool {
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
pub fn is_brazilian(number: &str) -> bool {
    let national = number.strip_prefix(BRAZIL);
    let Some((area, local)) = national.and_then(|national| national.split_at_checked(2)) else {
        return false;
    };
    !area.contains('0') && (local.len() == 8 || local.len() == 9 && local.starts_with('9'))
}

/// A phone number that someone typed to look for it: whole, or its last eight digits or more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    /// The number with and without the ninth digit.
    forms: Vec<String>,
    /// With its country.
    is_whole: bool,
}

impl Typed {
    /// None for a text that is no phone number.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (number, server) = match text.split_once('@') {
            Some((_, server)) => (contact::bare(text), Some(server)),
            None => (text, None),
        };
        if !server.is_none_or(|server| ["s.whatsapp.net", "c.us"].contains(&server)) {
            return None;
        }
        let is_written = |letter: char| letter.is_ascii_digit() || " +-()./".contains(letter);
        if !number.chars().all(is_written) {
            return None;
        }
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        // `00` comes before a country, a single `0` before an area.
        let plain = digits.trim_start_matches('0');
        let is_whole = server.is_some() || number.starts_with('+') || digits.starts_with("00");
        let forms = if is_whole {
            with_or_without_ninth_digit(plain)
        } else {
            national_forms(plain)
        };
        TYPED_DIGITS
            .contains(&plain.len())
            .then_some(Self { forms, is_whole })
    }

    /// The last digits of every number that it can mean.
    pub fn tail(&self) -> &str {
        let digits = self.forms[0].as_str();
        &digits[digits.len() - TAIL_DIGITS..]
    }

    /// Whether an id, with or without its server, is of this number.
    pub fn matches(&self, id: &str) -> bool {
        let Some(number) = contact::phone_of(id) else {
            return false;
        };
        self.forms.iter().any(|form| {
            if self.is_whole {
                number == form
            } else {
                number.ends_with(form.as_str())
            }
        })
    }
}

/// A number without its country, perhaps without its area, with and without the ninth digit.
fn national_forms(digits: &str) -> Vec<String> {
    let is_mobile = |local: &str| local.starts_with(['6', '7', '8', '9']);
    let mut forms = vec![digits.to_owned()];
    match digits.len() {
        9 => {
            let eight = digits.strip_prefix('9').filter(|eight| is_mobile(eight));
            forms.extend(eight.map(str::to_owned));
        }
        10 | 11 => {
            let number = format!("{BRAZIL}{digits}");
            let other = with_or_without_ninth_digit(&number).into_iter().skip(1);
            forms.extend(other.map(|number| number[BRAZIL.len()..].to_owned()));
        }
        _ => forms = with_or_without_ninth_digit(digits),
    }
    forms
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

    #[test]
    fn a_typed_number_finds_every_form_of_itself() {
        for (typed, id, is_found) in [
            ("+55 11 98765-4321", "5511987654321@s.whatsapp.net", true),
            ("+55 11 98765-4321", "551187654321@c.us", true),
            ("0055 11 98765.4321", "5511987654321", true),
            ("+55 11 8765-4321", "5511987654321", true),
            ("(11) 98765-4321", "551187654321", true),
            ("(11) 8765-4321", "5511987654321:12@s.whatsapp.net", true),
            ("011 98765-4321", "5511987654321", true),
            ("98765-4321", "5511987654321", true),
            ("98765-4321", "551187654321", true),
            ("8765-4321", "5511987654321", true),
            ("8765-4321", "551187654321", true),
            ("5511987654321@s.whatsapp.net", "551187654321", true),
            ("11 98765-4321", "5521987654321", false),
            ("+11 98765-4321", "5511987654321", false),
            ("11 3456-7890", "551134567890", true),
            ("11 3456-7890", "5511934567890", false),
            ("555 123 4567", "15551234567", true),
            ("+1 555 123 4567", "15551234567", true),
            ("+555 123 4567", "15551234567", false),
            // A LID and a group are no phone numbers.
            ("8765-4321", "100000087654321@lid", false),
            ("8765-4321", "100000087654321", false),
            ("8765-4321", "120363087654321@g.us", false),
        ] {
            let typed = Typed::parse(typed).unwrap();
            assert_eq!(typed.matches(id), is_found, "{typed:?} {id}");
            assert!(!is_found || contact::bare(id).ends_with(typed.tail()));
        }
        for other in [
            "Ana",
            "765-4321",
            "120363087654321@g.us",
            "100000087654321@lid",
            "",
            "+",
            "98765-4321 Ana",
            "123456789012345678901",
        ] {
            assert_eq!(Typed::parse(other), None, "{other}");
        }
    }
}
