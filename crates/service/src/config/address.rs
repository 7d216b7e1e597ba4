//! Addresses in settings and options.

use super::Problem;

/// An address and a port, or a name and a port, to listen on.
pub fn listen_address(text: &str) -> Result<String, Problem> {
    let parts = text.rsplit_once(':');
    match parts.filter(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok()) {
        Some(_) => Ok(text.to_owned()),
        None => Err(Problem::Listen {
            text: text.to_owned(),
        }),
    }
}

/// Whether this is a plain web address: with neither user, password, query nor fragment in it.
pub fn is_web_address(text: &str) -> bool {
    url::Url::parse(text.trim()).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    })
}
