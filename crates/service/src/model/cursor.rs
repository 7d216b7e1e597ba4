//! A place in a list.

use std::fmt;

use crate::clock::Millis;

/// An item of a list that is ordered by time and id.
pub trait Listed {
    fn listed_at(&self) -> Millis;
    fn listed_id(&self) -> &str;
}

/// A place in a list, newest first: after an item, which may have been deleted since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub(crate) at: Millis,
    pub(crate) id: String,
}

impl Cursor {
    pub fn of(item: &impl Listed) -> Self {
        Self {
            at: item.listed_at(),
            id: item.listed_id().to_owned(),
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        let (at, id) = text.split_once('_')?;
        Some(Self {
            at: at.parse().ok()?,
            id: id.to_owned(),
        })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.at, self.id)
    }
}

/// Cuts items, of which one more than `limit` was read, so that it is known whether more follow. The last one if so.
pub fn cut<T>(items: &mut Vec<T>, limit: u32) -> Option<&T> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_cut = items.len() > limit;
    items.truncate(limit);
    items.last().filter(|_| is_cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_the_same_after_it_was_written() {
        for (text, expected) in [
            ("5_m1", Some((5, "m1"))),
            ("-1_msg_e_7", Some((-1, "msg_e_7"))),
            ("m1", None),
            ("x_m1", None),
            ("", None),
        ] {
            let parsed = Cursor::parse(text);
            let found = parsed
                .as_ref()
                .map(|cursor| (cursor.at, cursor.id.as_str()));
            assert_eq!(found, expected, "{text}");
            if let Some(cursor) = parsed {
                assert_eq!(cursor.to_string(), text);
            }
        }
    }

    #[test]
    fn a_page_has_a_next_one_when_more_was_read() {
        for (count, limit, expected, last) in [
            (0, 2, 0, None),
            (1, 2, 1, None),
            (2, 2, 2, None),
            (3, 2, 2, Some(1)),
            (1, 0, 0, None),
        ] {
            let mut items: Vec<_> = (0..count).collect();
            assert_eq!(cut(&mut items, limit).copied(), last, "{count} {limit}");
            assert_eq!(items.len(), expected, "{count} {limit}");
        }
    }
}
