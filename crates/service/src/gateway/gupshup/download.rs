//! The ways to a file, and the calls for it.

use super::Gupshup;
use crate::gateway::Access;
use crate::gateway::protocol::Download;
use crate::model::Route;

impl Download for Gupshup {
    /// Its links are public, unless the account closed them to all but its own key.
    fn needs_token(&self) -> bool {
        false
    }

    fn file_headers(&self, access: Access<'_>) -> Vec<(&'static str, String)> {
        vec![("apikey", access.token.to_owned())]
    }

    /// Of its hosts, only that of the files.
    fn file_domains(&self) -> &'static [&'static str] {
        &["filemanager.gupshup.io"]
    }

    fn file_paths(&self) -> &'static [&'static str] {
        &["/wa/", "/fm/"]
    }

    fn routes(&self) -> &'static [Route] {
        &[Route::Link]
    }
}
