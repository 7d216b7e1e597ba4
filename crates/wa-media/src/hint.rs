//! Whether a body may have media, at any place and around any message. It finds more than [`find`](crate::find), and reads
//! nothing.

use serde_json::{Map, Value};

use crate::carrier::{carrier, is_closed};
use crate::read::{field, is_empty_bytes, letters, same_name, text};

/// The most objects and lists that are searched.
const MOST_VALUES: usize = 16_384;

/// Fields about another message, or with a sender's decoration, in gateways' own forms.
const CLOSED: &[&str] = &["context", "referral", "reference", "statusImage"];

/// The preview of a link has a key, too.
const PREVIEWS: &[&str] = &["thumbnailDirectPath", "matchedText", "canonicalUrl"];

/// Whether there is an object that describes a file and is not known to belong to another message: one with a key, one with a
/// type and a path, hash or link, or one in the field of a message with a file, such as `imageMessage`.
pub fn may_have_media(body: &Value) -> bool {
    search(vec![body])
}

/// [`may_have_media`] for an object.
pub fn may_have_media_in(object: &Map<String, Value>) -> bool {
    describes_file(object) || search(open_values(object).collect())
}

fn search(mut work: Vec<&Value>) -> bool {
    let mut searched = 0;
    while let Some(value) = work.pop() {
        searched += 1;
        if searched > MOST_VALUES {
            return false;
        }
        match value {
            Value::Array(items) => work.extend(items.iter().filter(|item| is_nested(item))),
            Value::Object(object) if describes_file(object) => return true,
            Value::Object(object) => work.extend(open_values(object)),
            _ => {}
        }
    }
    false
}

/// Values that are not known to belong to another message.
fn open_values(object: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    let is_closed = |name: &str| is_closed(name) || CLOSED.iter().any(|it| same_name(name, it));
    let open = object
        .iter()
        .filter(move |(name, value)| is_nested(value) && !is_closed(name));
    open.map(|(_, value)| value)
}

fn is_nested(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

fn describes_file(object: &Map<String, Value>) -> bool {
    let has = |names: &[&str]| field(object, names).is_some();
    let has_path = field(object, &["directPath"]).and_then(text).is_some();
    let has_key = field(object, &["mediaKey"]).is_some_and(|key| !is_empty_bytes(key));
    let is_preview = !has_path && has(PREVIEWS);
    let is_typed = has(&["mimetype", "mime_type", "contentType"]);
    let is_kept_elsewhere = object.iter().any(|(name, value)| is_link(name, value));
    let is_carrier = |(name, value): (&String, &Value)| {
        carrier(name).is_some() && value.as_object().is_some_and(|it| !it.is_empty())
    };
    has_key && !is_preview
        || is_typed && (has_path || has(&["fileSha256", "sha256"]) || is_kept_elsewhere)
        || object.iter().any(is_carrier)
}

/// Whether a field is a link to something else than a preview, such as `ptvUrl`.
fn is_link(name: &str, value: &Value) -> bool {
    let name: Vec<u8> = letters(name).collect();
    let is_named = name.ends_with(b"url") || name.ends_with(b"link");
    let is_preview = name.windows(5).any(|part| part == b"thumb");
    let is_http = |link: &str| link.starts_with("https://") || link.starts_with("http://");
    is_named && !is_preview && value.as_str().is_some_and(is_http)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn files_are_seen_at_any_place() {
        for body in [
            json!({"a": [[{"b": {"mediaKey": "x"}}]]}),
            json!([{"x": {"directPath": "/v/a", "mimetype": "image/png"}}]),
            json!({"x": {"0": {"ImageMessage": {"url": "u"}}}}),
            json!({"x": {"image": {"id": "1", "mime_type": "image/jpeg", "sha256": "x"}}}),
            json!({"mediaKey": "x", "matchedText": "y", "directPath": "/v/a"}),
            json!({"lottie": {"lottieUrl": "https://files.example/a", "mimeType": "application/was"}}),
            json!({"files": [{"contentType": "image/png", "media_link": "http://files.example/a"}]}),
        ] {
            assert!(may_have_media(&body), "{body}");
        }
    }

    #[test]
    fn what_belongs_to_another_message_is_no_file() {
        let file = json!({"mediaKey": "x", "directPath": "/v/a", "mimetype": "image/png"});
        for body in [
            json!({"text": "mediaKey", "mediaKey": ""}),
            json!({"imageMessage": {}, "mimetype": "image/png"}),
            json!({"quotedMessage": {"imageMessage": file}}),
            json!({"contextInfo": file, "quotedMsg": file, "replyTo": file, "referral": file}),
            json!({"extendedTextMessage": {"text": "a", "matchedText": "b", "mediaKey": "x"}}),
            json!({"historySyncNotification": file}),
            json!({"x": {"thumbnailUrl": "https://files.example/a", "mimeType": "image/png"}}),
            json!({"headers": {"content-type": "application/json"}, "url": "https://n8n.example/hook"}),
            json!(1),
        ] {
            assert!(!may_have_media(&body), "{body}");
        }
    }

    #[test]
    fn an_object_is_a_file_or_has_one_below() {
        for (object, expected) in [
            (json!({"mediaKey": "x"}), true),
            (json!({"a": {"mediaKey": "x"}}), true),
            (json!({"a": [[{"mediaKey": "x"}]]}), true),
            (json!({}), false),
            (json!({"a": {"b": [1, "mediaKey"]}}), false),
            (json!({"quotedMessage": {"mediaKey": "x"}}), false),
        ] {
            assert_eq!(may_have_media(&object), expected, "{object}");
            let object = object.as_object().unwrap();
            assert_eq!(may_have_media_in(object), expected, "{object:?}");
        }
    }

    /// The list counts, and its first item is searched last.
    #[test]
    fn the_last_value_that_may_be_searched_is_searched() {
        for (empty, expected) in [(MOST_VALUES - 2, true), (MOST_VALUES - 1, false)] {
            for item in [json!({}), json!([])] {
                let mut items = vec![json!({"mediaKey": "x"})];
                items.resize(1 + empty, item);
                assert_eq!(may_have_media(&json!(items)), expected, "{empty}");
            }
        }
    }

    #[test]
    fn only_objects_and_lists_count_as_searched() {
        for item in [json!(1), json!("x"), json!(null), json!(true)] {
            let mut items = vec![json!({"mediaKey": "x"})];
            items.resize(2 * MOST_VALUES, item);
            assert!(may_have_media(&json!(items)), "{}", items[1]);
            let object = json!({"a": items});
            assert!(may_have_media_in(object.as_object().unwrap()));
        }
    }
}
