//! Z-API. Facts from its documentation and from captured deliveries.

mod admin;
mod authenticate;
mod download;
mod read;

pub(super) struct Zapi;
