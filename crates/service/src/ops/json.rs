//! How reports write times and paths in JSON.

use std::path::Path;

use serde::{Serialize, Serializer};

use crate::clock::{Millis, rfc3339};

pub(crate) use crate::clock::as_rfc3339 as time;

/// RFC 3339, UTC, or null.
pub(crate) fn time_or_null<S: Serializer>(
    at: &Option<Millis>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    at.map(rfc3339).serialize(serializer)
}

/// Bytes of a path that are not UTF-8 are replaced: a report must not fail because of a name.
pub(crate) fn path<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    path.to_string_lossy().serialize(serializer)
}
