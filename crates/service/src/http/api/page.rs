//! Lists in pages, newest first.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::error::{ApiError, Detail, Result};
use super::query::number;
use crate::i18n::keys as texts;
use crate::model::cut;

const DEFAULT_LIMIT: u32 = 50;
const MOST: u32 = 500;

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

    pub fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

/// Which part of a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// Items per page, 50 without it.
    #[serde(default, deserialize_with = "number")]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

impl PageQuery {
    /// The first page.
    pub fn first(limit: u32) -> Self {
        Self {
            cursor: None,
            limit: Some(limit),
        }
    }

    pub fn limit(&self) -> Result<u32> {
        match self.limit {
            None => Ok(DEFAULT_LIMIT),
            Some(limit @ 1..=MOST) => Ok(limit),
            Some(_) => Err(ApiError::bad(
                texts::api::BAD_QUERY,
                Detail::with(texts::api::DETAIL_LIMIT, "most", MOST),
            )),
        }
    }

    /// The place after which the page begins.
    pub fn after<T>(&self, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>> {
        let cursor = self.cursor.as_deref();
        let wrong = || ApiError::new(StatusCode::BAD_REQUEST, texts::api::BAD_CURSOR);
        cursor.map(|text| parse(text).ok_or_else(wrong)).transpose()
    }
}
