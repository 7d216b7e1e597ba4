//! Webhook addresses: `/hooks/{gateway}/{token}`, and those of the original system.

use url::Url;

use super::Gateway;

/// The paths of the original system, without their last slash.
pub const ORIGINAL_PATHS: [&str; 7] = [
    "/webhook/whatsapp",
    "/webhook/receive-message",
    "/webhook/send-message",
    "/webhook/chat-presence",
    "/webhook/message-status",
    "/webhook/connect",
    "/webhook/disconnect",
];

/// The token in a webhook address, also behind a proxy's path, with or without a slash at its end.
pub fn hook_token(gateway: Gateway, address: &str) -> Option<String> {
    let address = Url::parse(address).ok()?;
    let path = address.path();
    let path = path.strip_suffix('/').unwrap_or(path);
    if ORIGINAL_PATHS.iter().any(|known| path.ends_with(known)) {
        let mut query = address.query_pairs();
        return query
            .find(|(name, _)| name == "token")
            .map(|(_, token)| token.into_owned());
    }
    let (before, token) = path.rsplit_once('/')?;
    let is_hook = before.ends_with(&format!("/hooks/{}", gateway.as_str()));
    // Pasted behind another address, it leads nowhere.
    let is_doubled = before.matches("/hooks/").count() > 1;
    (is_hook && !is_doubled && !token.is_empty()).then(|| token.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_webhook_address_has_a_token() {
        for (address, token) in [
            ("https://a.example/hooks/wapi/T", Some("T")),
            ("https://a.example/midia/hooks/wapi/T/", Some("T")),
            ("https://a.example/webhook/connect/?token=T", Some("T")),
            ("https://a.example/webhook/whatsapp?token=T", Some("T")),
            ("https://a.example/webhook/whatsapp", None),
            ("https://a.example/hook/wapi/T", None),
            ("https://a.example/hooks/other/T", None),
            (
                "https://a.example/hooks/wapi/https://a.example/hooks/wapi/T",
                None,
            ),
            ("https://a.example/T", None),
            ("T", None),
        ] {
            let found = hook_token(Gateway::Wapi, address);
            assert_eq!(found.as_deref(), token, "{address}");
        }
    }
}
