//! The ways to a file, and the calls for it.

use super::Gupshup;
use crate::gateway::protocol::Download;
use crate::model::Route;

impl Download for Gupshup {
    /// Its links are public.
    fn needs_token(&self) -> bool {
        false
    }

    fn routes(&self) -> &'static [Route] {
        &[Route::Link]
    }
}
