//! WAHA with its engines NOWEB (Baileys), GOWS (whatsmeow) and WEBJS. Facts from its documentation and source.

mod admin;
mod authenticate;
mod download;
mod read;

pub(super) struct Waha;
