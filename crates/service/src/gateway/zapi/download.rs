//! The ways to a file, and the calls for it.

use super::Zapi;
use crate::gateway::protocol::Download;
use crate::model::Route;

impl Download for Zapi {
    fn default_api_base(&self) -> &'static str {
        "https://api.z-api.io"
    }

    /// Its links are public.
    fn needs_token(&self) -> bool {
        false
    }

    fn routes(&self) -> &'static [Route] {
        &[Route::Link]
    }
}
