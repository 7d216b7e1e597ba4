//! Bodies of webhooks for display, without anything that decrypts media or grants access.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::gateway;

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

/// Fields with the name of a header or parameter, and those with its value: `{"name": "Authorization", "value": "…"}`.
const NAMES: [&str; 6] = ["name", "key", "header", "field", "Name", "Key"];
const VALUES: [&str; 4] = ["value", "values", "val", "content"];
/// A longer text is not the name of a field.
const LONGEST_NAME: usize = 64;

/// Numbers, or characters of base64: hashes, keys, waveforms and links have fewer in a row.
const LEAST_FILE: usize = 180;
/// Encoders that break lines make them at least this long (RFC 7468: 64, RFC 2045: 76).
const LEAST_LINE: usize = 60;

/// The body as JSON with masked secrets. None when it is neither JSON nor a form of fields, because secrets cannot be
/// recognised in it then. JSON in texts, plain or in base64, is masked too.
pub fn masked(body: &[u8]) -> Option<Value> {
    masked_with(body, &SECRETS)
}

/// Like [`masked`], with the keys that decrypt media.
pub fn masked_tokens(body: &[u8]) -> Option<Value> {
    masked_with(body, &SECRETS[1..])
}

/// The bytes of files in a masked body, replaced by their length: who may not have the file of a media has no other way to it.
pub fn without_files(body: Value) -> Value {
    match body {
        Value::Array(values) if is_bytes(values.iter()) => bytes_of(values.len()),
        Value::Object(fields)
            if is_bytes(fields.values()) && fields.keys().all(|key| is_index(key)) =>
        {
            bytes_of(fields.len())
        }
        Value::Array(values) => values.into_iter().map(without_files).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter();
            let fields = fields.map(|(name, value)| match value {
                // A file also when it is small.
                Value::String(text) if is_file_name(&name) && !text.is_empty() => {
                    (name, base64_of(text.len()))
                }
                value => (name, without_files(value)),
            });
            Value::Object(fields.collect())
        }
        Value::String(text) => without_base64(&text).map_or(Value::String(text), Value::from),
        other => other,
    }
}

fn is_index(key: &str) -> bool {
    key.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_bytes<'v>(mut values: impl ExactSizeIterator<Item = &'v Value>) -> bool {
    values.len() >= LEAST_FILE && values.all(Value::is_i64)
}

fn bytes_of(count: usize) -> Value {
    Value::from(format!("[{count} bytes]"))
}

fn base64_of(count: usize) -> Value {
    Value::from(format!("[base64, {count} bytes]"))
}

/// Whether a field holds a file in base64 by its name, such as `base64` and `mediaBase64`.
fn is_file_name(name: &str) -> bool {
    name.len() <= LONGEST_NAME && name.to_ascii_lowercase().ends_with("base64")
}

fn is_base64(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "+/-_=".contains(letter)
}

/// The length of a run of base64 with its line breaks, also as escapes in JSON.
fn run_length(text: &str) -> usize {
    let mut end = 0;
    loop {
        let line = text[end..].find(|letter| !is_base64(letter));
        let line = line.unwrap_or(text.len() - end);
        end += line;
        let rest = &text[end..];
        let breaks = ["\r\n", "\n", "\\r\\n", "\\n"];
        let found = breaks.iter().find(|it| rest.starts_with(**it));
        match found {
            Some(found) if line >= LEAST_LINE && rest[found.len()..].starts_with(is_base64) => {
                end += found.len();
            }
            _ => return end,
        }
    }
}

/// A text with its long runs of base64 replaced; JSON in texts has them too.
fn without_base64(text: &str) -> Option<String> {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_base64) {
        let (before, run) = rest.split_at(start);
        shown.push_str(before);
        let (run, after) = run.split_at(run_length(run));
        if run.len() >= LEAST_FILE {
            shown.push_str(&format!("[base64, {} bytes]", run.len()));
        } else {
            shown.push_str(run);
        }
        rest = after;
    }
    shown.push_str(rest);
    (shown != text).then_some(shown)
}

fn masked_with(body: &[u8], secrets: &[&str]) -> Option<Value> {
    let read = serde_json::from_slice(body).ok();
    let read = read.or_else(|| of_form(body));
    // Multipart, other encodings, and JSON with defects.
    let read = read.or_else(|| gateway::as_json(body));
    Some(mask(read?, 0, secrets))
}

fn of_form(body: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(body).ok()?.trim();
    let is_form = text.contains('=') && !text.contains(char::is_whitespace);
    is_form.then(|| {
        let pairs = url::form_urlencoded::parse(text.as_bytes());
        let fields =
            pairs.map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())));
        Value::Object(fields.collect::<Map<_, _>>())
    })
}

fn mask(value: Value, depth: usize, secrets: &[&str]) -> Value {
    match value {
        Value::Array(_) | Value::Object(_) if depth >= MOST_DEEP => Value::from(MASK),
        Value::Array(values) => {
            // Also headers as pairs, or as names and values in turn.
            let mut follows_name = false;
            let mask_one = |value: Value| {
                let is_masked = follows_name && value.is_string();
                follows_name = !is_masked && is_name_of_secret(&value, secrets);
                if is_masked {
                    Value::from(MASK)
                } else {
                    mask(value, depth + 1, secrets)
                }
            };
            values.into_iter().map(mask_one).collect()
        }
        Value::Object(fields) => {
            let has_name = |name: &&str| {
                let value = fields.get(*name);
                value.is_some_and(|value| is_name_of_secret(value, secrets))
            };
            let is_named = NAMES.iter().any(has_name);
            let fields = fields.into_iter().map(|(name, value)| {
                let is_masked = (is_secret(&name, secrets)
                    || is_named && VALUES.contains(&name.to_lowercase().as_str()))
                    && !value.is_null()
                    && !value.is_boolean();
                let value = if is_masked {
                    Value::from(MASK)
                } else {
                    mask(value, depth + 1, secrets)
                };
                (name, value)
            });
            Value::Object(fields.collect())
        }
        Value::String(text) if is_credential(&text) => Value::from(MASK),
        Value::String(text) => within(&text, depth, secrets)
            .or_else(|| address(&text, secrets))
            .unwrap_or(Value::String(text)),
        other => other,
    }
}

fn is_secret(name: &str, secrets: &[&str]) -> bool {
    let letters = name.chars().filter(|letter| letter.is_alphanumeric());
    let name: String = letters.flat_map(char::to_lowercase).collect();
    // The timestamp of a key is not a secret.
    secrets.iter().any(|secret| name.contains(secret)) && !name.ends_with("timestamp")
}

/// Whether a value is the name of a field or header with a secret.
fn is_name_of_secret(value: &Value, secrets: &[&str]) -> bool {
    let name = value.as_str().filter(|name| name.len() <= LONGEST_NAME);
    name.is_some_and(|name| !name.contains(char::is_whitespace) && is_secret(name, secrets))
}

/// Whether a text is the value of a header `Authorization`, whatever its field is called.
fn is_credential(text: &str) -> bool {
    let Some((scheme, value)) = text.trim().split_once(' ') else {
        return false;
    };
    let value = value.trim();
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => !value.contains(' '),
        "basic" => STANDARD
            .decode(value)
            .is_ok_and(|user| user.contains(&b':')),
        _ => false,
    }
}

/// An address whose parameters or user have secrets, without them.
fn address(text: &str, secrets: &[&str]) -> Option<Value> {
    let mut url = url::Url::parse(text).ok().filter(url::Url::has_host)?;
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let has_secret = pairs.iter().any(|(name, _)| is_secret(name, secrets));
    if !has_secret && url.password().is_none() {
        return None;
    }
    if has_secret {
        let mut query = url.query_pairs_mut();
        query.clear();
        for (name, value) in &pairs {
            let is_masked = is_secret(name, secrets);
            query.append_pair(name, if is_masked { MASK } else { value });
        }
    }
    if url.password().is_some() {
        url.set_password(Some("masked")).ok()?;
    }
    Some(Value::String(url.into()))
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
    fn secrets_are_masked_that_are_no_values_of_their_own_field() {
        let body = json!({
            "headers": [{"name": "Authorization", "value": "s1"}, {"key": "x-api-key", "values": ["s2"]}, {"name": "Host", "value": "kept1"}],
            "pairs": [["apikey", "s3"], ["host", "kept2"]],
            "rawHeaders": ["Host", "kept3", "X-Auth-Token", "s4", "Accept", "kept4"],
            "sent": "Bearer s5",
            "other": "basic czY6czY=",
            "address": "https://a.example/b?kept5=1&access_token=s7&X-Amz-Signature=s8",
            "user": "https://kept6:s9@a.example/",
            "caption": "the token is: kept7", "title": "Basic kept9", "text": "bearer of kept10",
            "link": "https://mmg.whatsapp.net/v/kept8.enc?ccb=11-4&oh=01&oe=70",
        });
        let masked = masked(body.to_string().as_bytes()).unwrap().to_string();
        for n in 1..=9 {
            assert!(!masked.contains(&format!("s{n}")), "s{n} in {masked}");
        }
        assert!(!masked.contains("czY6"), "{masked}");
        for n in 1..=10 {
            assert!(masked.contains(&format!("kept{n}")), "kept{n} in {masked}");
        }
        assert!(
            masked.contains("kept8.enc?ccb=11-4&oh=01&oe=70"),
            "{masked}"
        );
    }

    #[test]
    fn bytes_of_files_are_shown_as_their_length() {
        let file: Vec<u8> = (0..=255).collect();
        let base64 = STANDARD.encode(&file);
        let object: Map<_, _> = (0..256)
            .map(|n| (n.to_string(), Value::from(n % 256)))
            .collect();
        let inner = json!({"data": base64}).to_string();
        let waveform = [1_u8; 64].to_vec();
        let body = json!({
            "base64": base64, "uri": format!("data:image/png;base64,{base64}"), "list": file, "object": object, "text": inner,
            "sha256": STANDARD.encode([7; 32]), "caption": "oi ".repeat(400), "waveform": waveform, "n": 5,
        });
        let shown = without_files(body.clone());
        assert!(!shown.to_string().contains(&base64[..200]), "{shown}");
        assert_eq!(shown["list"], "[256 bytes]");
        assert_eq!(shown["object"], "[256 bytes]");
        assert_eq!(shown["base64"], format!("[base64, {} bytes]", base64.len()));
        for kept in ["sha256", "caption", "waveform", "n"] {
            assert_eq!(shown[kept], body[kept], "{kept}");
        }
        let lines = |end: &str| {
            let lines = base64.as_bytes().chunks(76).map(String::from_utf8_lossy);
            lines.collect::<Vec<_>>().join(end)
        };
        for end in ["\n", "\r\n"] {
            let text = json!({"file": lines(end)});
            for body in [text.clone(), json!({"inner": text.to_string()})] {
                let shown = without_files(body).to_string();
                assert!(!shown.contains(&base64[..20]), "{shown}");
                assert!(!shown.contains(&base64[base64.len() - 20..]), "{shown}");
            }
        }
        let list = "arroz\nfeijao\nleite\n".repeat(20);
        let body = json!({"mediaBase64": "QUJD", "body": list, "base64": ""});
        let shown = without_files(body.clone());
        assert_eq!(shown["mediaBase64"], "[base64, 4 bytes]");
        assert_eq!(
            (&shown["body"], &shown["base64"]),
            (&body["body"], &body["base64"])
        );
    }

    #[test]
    fn forms_are_read_and_what_is_neither_is_not_shown() {
        let form = masked(b"instance=A&data=%7B%22mediaKey%22%3A%22x%22%7D").unwrap();
        assert_eq!(form["data"], json!({"mediaKey": MASK}).to_string());
        assert_eq!(masked(b"mediaKey is x"), None);
        assert_eq!(masked(b"{\"mediaKey\": \"x\""), None);
        assert_eq!(masked(&[0xff, 0xfe]), None);
        let json = r#"{"token":"s1","name":"a\u{e3}o"}"#.replace("\\u{e3}", "\u{e3}");
        let latin_1: Vec<u8> = json.chars().map(|letter| letter as u8).collect();
        let wide: Vec<u8> = json.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let part = "Content-Disposition: form-data; name=\"token\"\r\n\r\ns1\r\n";
        let multipart = format!("--b\r\n{part}--b--\r\n").into_bytes();
        for body in [latin_1, wide, multipart] {
            assert_eq!(masked(&body).unwrap()["token"], MASK);
        }
        let deep = "[".repeat(100) + &"]".repeat(100);
        assert!(masked(deep.as_bytes()).unwrap().to_string().contains(MASK));
    }
}
