//! Lists in pages, with one shape for all: a limit, and a cursor that says where the page before ended.

use std::cmp::Reverse;

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::error::{ApiError, Detail, Result};
use super::query::{Query, number};
use crate::i18n::keys as texts;
use crate::model::cut;

const DEFAULT_LIMIT: u32 = 50;
const MOST: u32 = 500;
/// The lengths of ids.
const ID_BYTES: std::ops::RangeInclusive<usize> = 16..=64;

/// A part of a list.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// The cursor of the next page; null on the last one.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Of up to `limit + 1` items, so that it is known whether more follow.
    pub fn of(mut items: Vec<T>, limit: u32, cursor: impl Fn(&T) -> String) -> Self {
        let next = cut(&mut items, limit).map(cursor);
        Self { items, next }
    }

    /// Nothing matches.
    pub fn empty() -> Self {
        Self {
            items: Vec::new(),
            next: None,
        }
    }
}

/// The place of an item in a list that is in memory; its order is that of the list.
pub trait Place: Ord + Sized {
    fn parse(cursor: &str) -> Option<Self>;
    fn cursor(&self) -> String;
}

/// By number, the smallest first.
impl Place for i64 {
    fn parse(cursor: &str) -> Option<Self> {
        cursor.parse().ok()
    }

    fn cursor(&self) -> String {
        self.to_string()
    }
}

/// By id, the newest first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub struct NewestFirst(Reverse<String>);

impl NewestFirst {
    pub fn new(id: &str) -> Self {
        Self(Reverse(id.to_owned()))
    }
}

impl Place for NewestFirst {
    fn parse(cursor: &str) -> Option<Self> {
        id_of(cursor).map(|id| Self::new(&id))
    }

    fn cursor(&self) -> String {
        self.0.0.clone()
    }
}

/// The id that is a cursor.
pub fn id_of(cursor: &str) -> Option<String> {
    let is_possible = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let is_id = ID_BYTES.contains(&cursor.len()) && cursor.bytes().all(is_possible);
    is_id.then(|| cursor.to_owned())
}

/// Which part of a list.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// Items per page, 50 without it.
    #[serde(default, deserialize_with = "number")]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// Everything in one page, for the dashboard.
    #[serde(skip)]
    #[param(ignore)]
    is_whole: bool,
}

/// The query for a whole list, for the dashboard.
pub fn whole<F: Default>() -> Query<F, PageQuery> {
    let page = PageQuery {
        is_whole: true,
        ..PageQuery::default()
    };
    Query(F::default(), page)
}

impl PageQuery {
    /// The first page.
    pub fn first(limit: u32) -> Self {
        Self {
            limit: Some(limit),
            ..Self::default()
        }
    }

    pub fn limit(&self) -> Result<u32> {
        match self.limit {
            None if self.is_whole => Ok(u32::MAX - 1),
            None => Ok(DEFAULT_LIMIT),
            Some(limit @ 1..=MOST) => Ok(limit),
            Some(_) => Err(ApiError::bad(
                texts::api::BAD_QUERY,
                Detail::with(texts::api::DETAIL_LIMIT, "most", MOST),
            )),
        }
    }

    /// The page of a list that is in memory. What its cursor names may be gone.
    pub fn of<T, P: Place>(&self, mut items: Vec<T>, place: impl Fn(&T) -> P) -> Result<Page<T>> {
        let (limit, after) = (self.limit()?, self.after(P::parse)?);
        items.sort_by_cached_key(&place);
        if let Some(after) = after {
            items.retain(|item| place(item) > after);
        }
        items.truncate(limit.saturating_add(1) as usize);
        Ok(Page::of(items, limit, |item| place(item).cursor()))
    }

    /// The place after which the page begins.
    pub fn after<T>(&self, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>> {
        let cursor = self.cursor.as_deref();
        let wrong = || ApiError::new(StatusCode::BAD_REQUEST, texts::api::BAD_CURSOR);
        cursor.map(|text| parse(text).ok_or_else(wrong)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::api::query::None as NoOther;

    #[test]
    fn pages_of_a_list_in_memory_follow_each_other_though_items_go() {
        let query = |cursor: Option<String>| PageQuery {
            cursor,
            ..PageQuery::first(2)
        };
        let mut items = vec![4, 1, 3, 5, 2];
        let page = query(None).of(items.clone(), |item| *item).unwrap();
        assert_eq!(
            (&page.items[..], page.next.as_deref()),
            (&[1, 2][..], Some("2"))
        );
        items.retain(|item| *item != 2);
        let page = query(page.next).of(items.clone(), |item| *item).unwrap();
        assert_eq!(
            (&page.items[..], page.next.as_deref()),
            (&[3, 4][..], Some("4"))
        );
        let page = query(page.next).of(items.clone(), |item| *item).unwrap();
        assert_eq!((&page.items[..], page.next), (&[5][..], None));
        assert!(
            query(Some("x".to_owned()))
                .of(items.clone(), |item| *item)
                .is_err()
        );
        let Query(NoOther {}, whole) = whole();
        assert_eq!(whole.of(items, |item| *item).unwrap().items, [1, 3, 4, 5]);
    }

    #[test]
    fn newer_ids_come_first() {
        let ids = [1, 2].map(crate::model::fresh_id);
        let page = PageQuery::first(1).of(ids.to_vec(), |id| NewestFirst::new(id));
        let page = page.unwrap();
        assert_eq!(
            (&page.items[0], page.next.as_ref()),
            (&ids[1], Some(&ids[1]))
        );
        for wrong in ["", " ", "x", "019", "019a0000-0000-7000-8000-00000000000ç"] {
            assert_eq!(id_of(wrong), None, "{wrong}");
        }
    }
}
