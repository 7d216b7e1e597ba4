//! Addresses of files: which a delivery may lead to, and which get the gateway's token.

use url::Url;

use super::{Access, Gateway};

impl Gateway {
    /// The headers with which the gateway's own host wants a file to be requested. Other hosts must not get them.
    pub fn file_headers(
        self,
        access: Access<'_>,
        url: &Url,
        api_base: &Url,
    ) -> Vec<(&'static str, String)> {
        let protocol = self.protocol();
        let is_own = url.origin() == api_base.origin();
        let is_safe = url.scheme() == "https" && is_in_domains(url, protocol.file_domains());
        if (is_own || is_safe) && self.is_file_path(url, api_base) {
            protocol.file_headers(access)
        } else {
            Vec::new()
        }
    }

    /// Whether a path at the gateway's own address, or at that of its files, may be a file's.
    pub fn is_file_path(self, url: &Url, api_base: &Url) -> bool {
        let paths = self.protocol().file_paths();
        if paths.is_empty() {
            return true;
        }
        let below = api_base.path().trim_end_matches('/');
        let path = if url.origin() == api_base.origin() {
            url.path().strip_prefix(below)
        } else {
            Some(url.path())
        };
        let path = path.unwrap_or_default().to_ascii_lowercase();
        // A server may read such a segment as several.
        let is_hidden = ["%2f", "%5c", "%25"].iter().any(|part| path.contains(part));
        !is_hidden && paths.iter().any(|known| begins_like(&path, known))
    }

    /// The address of a link in a delivery or an answer. A host that gets a token gets it encrypted.
    pub fn file_url(self, link: &str, api_base: &Url) -> Option<Url> {
        let protocol = self.protocol();
        let mut url = protocol.file_url(link, api_base)?;
        let is_of_files = is_in_domains(&url, protocol.file_domains());
        if url.scheme() == "http" && is_of_files && url.origin() != api_base.origin() {
            url.set_port(None).ok()?;
            url.set_scheme("https").ok()?;
        }
        Some(url)
    }
}

/// The path and query of a link at the configured address of the gateway.
pub(super) fn at_own_address(link: &Url, api_base: &Url) -> Url {
    let mut own = api_base.clone();
    let below = api_base.path().trim_end_matches('/');
    own.set_path(&format!("{below}{}", link.path()));
    own.set_query(link.query());
    own
}

fn is_in_domains(url: &Url, domains: &[&str]) -> bool {
    let host = url.host_str().unwrap_or_default();
    domains.iter().any(|domain| {
        host.strip_suffix(domain)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

/// Whether a path in lower case begins with the segments of another, in which `*` is any one segment.
fn begins_like(path: &str, known: &str) -> bool {
    let known = known.to_ascii_lowercase();
    let mut segments = path.split('/');
    known.split('/').all(|wanted| {
        let is_end = wanted.is_empty() && known.ends_with('/');
        segments.next().is_some_and(|segment| match wanted {
            "*" => !segment.is_empty(),
            "" => is_end || segment.is_empty(),
            wanted => segment == wanted,
        })
    })
}
