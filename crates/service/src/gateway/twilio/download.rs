//! The ways to a file, and the calls for it.

use super::{Twilio, basic};
use crate::gateway::Access;
use crate::gateway::protocol::Download;
use crate::model::Route;

impl Download for Twilio {
    /// The token is `account:token` of its basic authentication. It redirects to another host, which must not get it.
    fn file_headers(&self, access: Access<'_>) -> Vec<(&'static str, String)> {
        vec![("authorization", basic(access))]
    }

    fn file_domains(&self) -> &'static [&'static str] {
        &["twilio.com"]
    }

    fn default_api_base(&self) -> &'static str {
        "https://api.twilio.com"
    }

    fn file_paths(&self) -> &'static [&'static str] {
        &["/*/Accounts/*/Messages/*/Media/"]
    }

    fn routes(&self) -> &'static [Route] {
        &[Route::Link]
    }
}
