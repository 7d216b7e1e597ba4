//! Bodies of webhooks for display, without anything that decrypts media or grants access.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// Replaces a secret.
const MASK: &str = "[masked]";
/// Deeper values are masked completely.
const MOST_DEEP: usize = 64;
/// Parts of field names with secrets, in lower case, without separators; first the keys of media.
const SECRETS: [&str; 8] = [
    "mediakey",
    "secret",
    "token",
    "apikey",
    "authorization",
    "password",
    "privatekey",
    "signature",
];

/// The body as JSON with masked secrets. None when it is neither JSON nor a form, because secrets cannot be
/// recognised in it then. JSON in texts, plain or in base64, is masked too.
pub fn masked(body: &[u8]) -> Option<Value> {
    masked_with(body, &SECRETS)
}

/// Like [`masked`], with the keys that decrypt media.
pub fn masked_tokens(body: &[u8]) -> Option<Value> {
    masked_with(body, &SECRETS[1..])
}

fn masked_with(body: &[u8], secrets: &[&str]) -> Option<Value> {
    if let Ok(value) = serde_json::from_slice(body) {
        return Some(mask(value, 0, secrets));
    }
    let text = std::str::from_utf8(body).ok()?.trim();
    let is_form = text.contains('=') && !text.contains(char::is_whitespace);
    is_form.then(|| {
        let pairs = url::form_urlencoded::parse(text.as_bytes());
        let fields =
            pairs.map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())));
        mask(Value::Object(fields.collect::<Map<_, _>>()), 0, secrets)
    })
}

fn mask(value: Value, depth: usize, secrets: &[&str]) -> Value {
    match value {
        Value::Array(_) | Value::Object(_) if depth >= MOST_DEEP => Value::from(MASK),
        Value::Array(values) => values
            .into_iter()
            .map(|value| mask(value, depth + 1, secrets))
            .collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| {
                let is_masked =
                    is_secret(&name, secrets) && !value.is_null() && !value.is_boolean();
                let value = if is_masked {
                    Value::from(MASK)
                } else {
                    mask(value, depth + 1, secrets)
                };
                (name, value)
            });
            Value::Object(fields.collect())
        }
        Value::String(text) => within(&text, depth, secrets).unwrap_or(Value::String(text)),
        other => other,
    }
}

fn is_secret(name: &str, secrets: &[&str]) -> bool {
    let letters = name.chars().filter(|letter| letter.is_alphanumeric());
    let name: String = letters.flat_map(char::to_lowercase).collect();
    // The timestamp of a key is not a secret.
    secrets.iter().any(|secret| name.contains(secret)) && !name.ends_with("timestamp")
}

/// JSON in a text, masked, as the same kind of text.
fn within(text: &str, depth: usize, secrets: &[&str]) -> Option<Value> {
    let begins = |bytes: &[u8]| matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'['));
    if depth >= MOST_DEEP {
        return None;
    }
    if begins(text.as_bytes()) {
        let inner = serde_json::from_str(text).ok()?;
        return Some(Value::from(mask(inner, depth + 1, secrets).to_string()));
    }
    let decoded = STANDARD.decode(text.trim()).ok()?;
    if !begins(&decoded) {
        return None;
    }
    let inner = serde_json::from_slice(&decoded).ok()?;
    let masked = mask(inner, depth + 1, secrets).to_string();
    Some(Value::from(STANDARD.encode(masked)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_and_tokens_are_masked_wherever_they_are() {
        let inner = json!({"mediaKey": "aGVsbG8="}).to_string();
        let body = json!({
            "msgContent": {"imageMessage": {
                "mediaKey": "c2VjcmV0", "mediaKeyTimestamp": "1757102696", "fileSha256": "eA==", "caption": "oi",
            }},
            "media_key": {"0": 1, "1": 2},
            "list": [{"MediaKey": [1, 2, 3]}],
            "apikey": "abc",
            "inText": inner,
            "inBase64": STANDARD.encode(&inner),
            "tokenExpired": true,
        });
        let masked = masked(body.to_string().as_bytes()).unwrap();
        let image = &masked["msgContent"]["imageMessage"];
        assert_eq!(image["mediaKey"], MASK);
        assert_eq!(image["mediaKeyTimestamp"], "1757102696");
        assert_eq!(image["caption"], "oi");
        assert_eq!(image["fileSha256"], "eA==");
        assert_eq!(masked["media_key"], MASK);
        assert_eq!(masked["list"][0]["MediaKey"], MASK);
        assert_eq!(masked["apikey"], MASK);
        assert_eq!(masked["tokenExpired"], true);
        let text = masked["inText"].as_str().unwrap();
        assert!(text.contains(MASK) && !text.contains("aGVsbG8"), "{text}");
        let decoded = STANDARD
            .decode(masked["inBase64"].as_str().unwrap())
            .unwrap();
        assert!(String::from_utf8(decoded).unwrap().contains(MASK));
    }

    #[test]
    fn forms_are_read_and_what_is_neither_is_not_shown() {
        let form = masked(b"instance=A&data=%7B%22mediaKey%22%3A%22x%22%7D").unwrap();
        assert_eq!(form["data"], json!({"mediaKey": MASK}).to_string());
        assert_eq!(masked(b"mediaKey is x"), None);
        assert_eq!(masked(b"{\"mediaKey\": \"x\""), None);
        assert_eq!(masked(&[0xff, 0xfe]), None);
        let deep = "[".repeat(100) + &"]".repeat(100);
        assert!(masked(deep.as_bytes()).unwrap().to_string().contains(MASK));
    }
}
