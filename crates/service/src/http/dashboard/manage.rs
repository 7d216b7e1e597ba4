//! The pages for those who run the service: deliveries, clients and instances, endpoints, users and keys, links,
//! legal holds, the audit log, health.

mod access;
mod clients;
mod deliveries;
mod endpoints;
mod health;
mod holds;
mod instances;
mod links;
mod standing;

pub use access::{access, audit};
pub use clients::client;
pub use deliveries::{deliveries, delivery};
pub use endpoints::{endpoint, endpoints, notification};
pub use health::health;
pub use holds::holds;
pub use instances::{gateway, instance, instances};
pub use links::links;
pub(super) use standing::{InstanceRow, rows};

use std::future::Future;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::frame::{Frame, answer, failed};
use crate::http::api::ApiError;

/// The page of a list with its filter, or why it cannot be shown.
async fn listing<T: Template>(
    frame: Frame,
    making: impl Future<Output = Result<(StatusCode, T), ApiError>>,
) -> Response {
    match making.await {
        Ok((status, page)) => answer(status, &page),
        Err(error) => failed(frame, &error),
    }
}

/// A page, or why it cannot be shown.
async fn page<T: Template>(
    frame: Frame,
    making: impl Future<Output = Result<T, ApiError>>,
) -> Response {
    match making.await {
        Ok(page) => answer(StatusCode::OK, &page),
        Err(error) => failed(frame, &error),
    }
}
