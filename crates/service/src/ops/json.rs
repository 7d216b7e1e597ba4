//! How reports write times and paths in JSON.

use std::path::Path;

use serde::{Serialize, Serializer};

pub(crate) use crate::clock::{as_rfc3339 as time, as_rfc3339_or_null as time_or_null};

/// Bytes of a path that are not UTF-8 are replaced: a report must not fail because of a name.
pub(crate) fn path<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    path.to_string_lossy().serialize(serializer)
}
