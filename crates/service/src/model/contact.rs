//! Compares ids of people and chats. A person's id comes with or without a server and a device, as a phone number or
//! as a LID (a privacy id; some gateways write only its digits). Ids are not guessed: a Brazilian number with its
//! ninth digit and the same number without it are different.

/// Bare digits of this length or more may be a LID or a phone number.
const LEAST_LID_DIGITS: usize = 14;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    Same,
    Different,
    /// Not comparable, or one side has no id.
    Unclear,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Phone,
    Lid,
    Digits,
    /// A group, a channel, a broadcast list or the stories.
    Other,
}

/// An id without its server and its device.
pub fn bare(id: &str) -> &str {
    let id = id.trim();
    id.split(['@', ':']).next().unwrap_or(id)
}

fn kind(id: &str) -> Kind {
    let bare = bare(id).trim_start_matches('+');
    let server = id.trim().rsplit_once('@').map(|(_, server)| server);
    let is_digits = !bare.is_empty() && bare.bytes().all(|letter| letter.is_ascii_digit());
    match server {
        Some("lid" | "hosted.lid") => Kind::Lid,
        Some("s.whatsapp.net" | "c.us" | "hosted") => Kind::Phone,
        None if is_digits && bare.len() < LEAST_LID_DIGITS => Kind::Phone,
        None if is_digits => Kind::Digits,
        _ => Kind::Other,
    }
}

/// The digits of an id that is a phone number.
pub fn phone_of(id: &str) -> Option<&str> {
    let digits = bare(id).trim_start_matches('+');
    let is_phone = kind(id) == Kind::Phone && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_phone.then_some(digits)
}

/// Whether the id is of a group, a channel, a broadcast list or the stories.
pub fn is_of_several(id: &str) -> bool {
    kind(id) == Kind::Other
}

/// All ids that one event gives for a person or a chat.
#[derive(Clone, Debug, Default)]
pub struct Contact<'a>(Vec<(&'a str, Kind)>);

impl<'a> Contact<'a> {
    /// Bare digits count as a LID if one of the LIDs has the same digits.
    pub fn new(ids: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let ids = ids.into_iter().flatten().filter(|id| !bare(id).is_empty());
        let mut known: Vec<_> = ids
            .map(|id| (bare(id).trim_start_matches('+'), kind(id)))
            .collect();
        let lids: Vec<_> = known
            .iter()
            .filter(|(_, kind)| *kind == Kind::Lid)
            .map(|(id, _)| *id)
            .collect();
        for (id, kind) in &mut known {
            if matches!(kind, Kind::Digits | Kind::Phone) && lids.contains(id) {
                *kind = Kind::Lid;
            }
        }
        Self(known)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One common id is enough. Different ids of the same kind are different people.
    pub fn compare(&self, other: &Self) -> Match {
        let pairs = || {
            self.0
                .iter()
                .flat_map(|a| other.0.iter().map(move |b| (a, b)))
        };
        if pairs().any(|(a, b)| a.0 == b.0) {
            return Match::Same;
        }
        let is_several = |kind| kind == Kind::Other;
        let differ = |(a, b): (&(&str, Kind), &(&str, Kind))| {
            a.1 == b.1 || is_several(a.1) != is_several(b.1)
        };
        if pairs().any(differ) {
            Match::Different
        } else {
            Match::Unclear
        }
    }
}

/// Chooses between two ids of one person: a phone number rather than a LID, else the known one. Bare digits count as
/// a LID if they are in `lids`.
pub fn better_id<'a>(
    known: Option<&'a str>,
    new: Option<&'a str>,
    lids: &[Option<&str>],
) -> Option<&'a str> {
    let is_lid = |id: &str| {
        let lids = lids.iter().flatten();
        kind(id) == Kind::Lid || lids.into_iter().any(|lid| bare(lid) == bare(id))
    };
    match (known, new) {
        (Some(known), Some(new)) if is_lid(known) && !is_lid(new) && !is_of_several(new) => {
            Some(new)
        }
        (known, new) => known.or(new),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHONE: &str = "5548911112222";
    const LID: &str = "555566667777888@lid";
    const DIGITS: &str = "555566667777888";

    fn compare(a: &[&str], b: &[&str]) -> Match {
        let of = |ids: &[&str]| {
            let ids: Vec<_> = ids.iter().map(|id| Some((*id).to_owned())).collect();
            ids
        };
        let (a, b) = (of(a), of(b));
        let contact = |ids: &[Option<String>]| {
            Contact::new(ids.iter().map(|id| id.as_deref()))
                .compare(&Contact::new(b.iter().map(|id| id.as_deref())))
        };
        let there = contact(&a);
        let back = Contact::new(b.iter().map(|id| id.as_deref()))
            .compare(&Contact::new(a.iter().map(|id| id.as_deref())));
        assert_eq!(there, back);
        there
    }

    #[test]
    fn one_person_is_known_in_every_spelling() {
        for (a, b) in [
            (&[PHONE][..], &["5548911112222@s.whatsapp.net"][..]),
            (
                &["5548911112222:12@s.whatsapp.net"],
                &["5548911112222@c.us"],
            ),
            (&["+5548911112222"], &[PHONE]),
            (&[PHONE, LID], &[DIGITS]),
            (&[PHONE, LID], &[DIGITS, LID]),
            (&[PHONE, LID], &["555566667777888:3@lid"]),
            (&[DIGITS], &[LID]),
            (&["1203630@g.us"], &["1203630@g.us"]),
            (&["status"], &["status@broadcast"]),
        ] {
            assert_eq!(compare(a, b), Match::Same, "{a:?} {b:?}");
        }
    }

    #[test]
    fn two_people_stay_two_and_doubt_is_reported() {
        for (a, b, expected) in [
            (&[PHONE][..], &["5548933334444"][..], Match::Different),
            // With and without the ninth digit.
            (&["5548911112222"], &["554811112222"], Match::Different),
            (&[LID], &["999900001111222@lid"], Match::Different),
            (
                &[PHONE, LID],
                &["999900001111222", "999900001111222@lid"],
                Match::Different,
            ),
            (&[PHONE], &["1203630@g.us"], Match::Different),
            (&[DIGITS], &["999900001111222"], Match::Different),
            (&[PHONE], &[LID], Match::Unclear),
            (&[PHONE], &[DIGITS], Match::Unclear),
            (&[PHONE], &[], Match::Unclear),
        ] {
            assert_eq!(compare(a, b), expected, "{a:?} {b:?}");
        }
    }

    #[test]
    fn a_phone_number_is_better_than_a_lid() {
        for (known, new, better) in [
            (Some(LID), Some(PHONE), Some(PHONE)),
            (Some(DIGITS), Some(PHONE), Some(PHONE)),
            (Some(PHONE), Some(LID), Some(PHONE)),
            (Some(PHONE), Some("5548933334444"), Some(PHONE)),
            (None, Some(LID), Some(LID)),
            (Some(LID), None, Some(LID)),
            (Some(LID), Some("1203630@g.us"), Some(LID)),
        ] {
            assert_eq!(
                better_id(known, new, &[Some(LID)]),
                better,
                "{known:?} {new:?}"
            );
        }
    }
}
