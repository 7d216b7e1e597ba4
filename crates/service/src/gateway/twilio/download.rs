//! The ways to a file, and the calls for it.

use url::Url;

use super::conversations::DEFAULT_FILE_HOST;
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

    /// Files of conversations are in the region of the API: `api.dublin.ie1.twilio.com`.
    fn file_url(&self, link: &str, api_base: &Url) -> Option<Url> {
        let mut url = Url::parse(link).ok()?;
        let region = api_base.host_str().and_then(|host| {
            let (before, region) = host.strip_suffix(".twilio.com")?.rsplit_once('.')?;
            before.starts_with("api").then_some(region)
        });
        if let (Some(DEFAULT_FILE_HOST), Some(region)) = (url.host_str(), region) {
            url.set_host(Some(&format!("mcs.{region}.twilio.com")))
                .ok()?;
        }
        Some(url)
    }

    fn file_paths(&self) -> &'static [&'static str] {
        &["/*/Accounts/*/Messages/*/Media/", "/v1/Services/*/Media/"]
    }

    fn routes(&self) -> &'static [Route] {
        &[Route::Link]
    }
}
