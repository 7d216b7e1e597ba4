//! Gupshup: version 2 of its format, and version 3, which is Meta's with links to the files. Facts from its documentation.

mod download;
mod older;
mod read;

use super::protocol::{Admin, Authenticate};

pub(super) struct Gupshup;

impl Authenticate for Gupshup {}

impl Admin for Gupshup {}
