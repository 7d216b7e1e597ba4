//! What kind of server an attempt asked: a closed set, for figures that name no host.

use url::Url;

use super::cdn;
use crate::gateway::Gateway;
use crate::model::{Attempt, Route, codes};
use crate::net::guard::is_within;

/// Servers of the Cloud API and of its files.
const META: &[&str] = &["facebook.com", "fbsbx.com"];

codes! {
    HostClass {
        /// No server was asked.
        None "none",
        /// WhatsApp's CDN, or the address that an instance has for it.
        Cdn "cdn",
        Meta "meta",
        /// The gateway of the instance, or a domain that is known for its files.
        Gateway "gateway",
        /// Any other server that a link names.
        Other "other",
    }
}

impl HostClass {
    /// `api_base` is the address of the gateway's API.
    pub fn new(attempt: &Attempt, gateway: Gateway, api_base: &str) -> Self {
        let Some(host) = &attempt.host else {
            return Self::None;
        };
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        // Only this route uses the configured address of a CDN.
        if attempt.route == Route::Cdn || is_within(&host, cdn::DOMAINS) {
            return Self::Cdn;
        }
        if is_within(&host, META) {
            return Self::Meta;
        }
        let api = Url::parse(api_base).ok();
        let is_api = api.is_some_and(|url| url.host_str() == Some(host.as_str()));
        if is_api || is_within(&host, gateway.known_domains()) {
            return Self::Gateway;
        }
        Self::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(gateway: Gateway, route: Route, host: Option<&str>) -> HostClass {
        let attempt = Attempt {
            route,
            host: host.map(str::to_owned),
            started_at: 0,
            duration_ms: 0,
            http_status: None,
            size_bytes: 0,
            reason: None,
        };
        HostClass::new(&attempt, gateway, "https://gateway.example.org:8443/api")
    }

    #[test]
    fn hosts_fall_into_few_classes() {
        use Gateway::{Dialog360, Evolution};
        let classes = [
            (Route::Cdn, "mmg.whatsapp.net", HostClass::Cdn),
            (Route::Cdn, "cdn.example.org", HostClass::Cdn),
            (Route::Link, "MEDIA.whatsapp.net.", HostClass::Cdn),
            (Route::Link, "whatsapp.net.example.org", HostClass::Other),
            (Route::Link, "notwhatsapp.net", HostClass::Other),
            (Route::Gateway, "lookaside.fbsbx.com", HostClass::Meta),
            (Route::Gateway, "gateway.example.org", HostClass::Gateway),
            (Route::Reupload, "gateway.example.org", HostClass::Gateway),
            (Route::Link, "files.example.org", HostClass::Other),
        ];
        for (route, host, expected) in classes {
            assert_eq!(class(Evolution, route, Some(host)), expected, "{host}");
        }
        assert_eq!(class(Evolution, Route::Inline, None), HostClass::None);
        let host = Some("waba-v2.360dialog.io");
        assert_eq!(class(Dialog360, Route::Gateway, host), HostClass::Gateway);
        assert_eq!(class(Evolution, Route::Gateway, host), HostClass::Other);
    }
}
