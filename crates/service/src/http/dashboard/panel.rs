//! A part of a page: what it shows, or why it cannot. No part keeps the others from being shown.

use std::time::Duration;

use axum::http::StatusCode;

use super::frame::Frame;
use crate::http::api::ApiError;
use crate::i18n::keys::api as texts;
use crate::i18n::{Explanation, Reader};

/// How long a page waits for one of its parts: a bit longer than a list may take.
const PATIENCE: Duration = Duration::from_secs(6);

pub struct Panel<T>(pub Result<T, Explanation>);

impl<T> Panel<T> {
    pub fn new(frame: &Frame, result: Result<T, ApiError>) -> Self {
        Self(result.map_err(|error| error.explanation(Reader::Page, frame.lang)))
    }

    /// Made within the patience of a page.
    pub async fn wait(frame: &Frame, making: impl Future<Output = Result<T, ApiError>>) -> Self {
        Self::new(frame, in_time(making).await)
    }
}

/// What is not there in time is answered as a query that takes too long.
pub async fn in_time<T>(making: impl Future<Output = Result<T, ApiError>>) -> Result<T, ApiError> {
    let made = tokio::time::timeout(PATIENCE, making).await;
    made.unwrap_or_else(|_| {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Err(ApiError::new(status, texts::QUERY_TOO_SLOW))
    })
}
