//! Tests run on PostgreSQL where `MIDIATECA_TEST_POSTGRES` has the URL of an empty database: each file that a test would open
//! is a schema there.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

use super::{Address, Db, Error};

/// The database in place of the file. None without the variable.
pub(super) async fn in_place_of(path: &Path) -> Option<Result<Db, Error>> {
    let url = std::env::var("MIDIATECA_TEST_POSTGRES").ok()?;
    let folder = path.parent().and_then(|parent| parent.canonicalize().ok());
    let mut hasher = DefaultHasher::new();
    (folder, path.file_name()).hash(&mut hasher);
    let schema = format!("s{:016x}", hasher.finish());
    let separator = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{separator}options=-csearch_path%3D{schema}");
    let address: Address = url.parse().expect("a URL with options is a URL");
    Some(Db::connect(&address).await)
}
