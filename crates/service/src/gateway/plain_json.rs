//! JSON as it should be written, within limits.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Value as Json};

use super::long_number;

/// Each value takes up to some hundred bytes of memory, however short it is written. A history of some thousand messages fits.
pub(super) const MOST_VALUES: usize = 400_000;

/// How many objects behind each other are read.
const MOST_LINES: usize = 4_096;

/// Parses JSON. Ids that are numbers keep all their digits.
pub(super) fn from_json(body: &[u8]) -> serde_json::Result<Json> {
    match long_number::as_texts(body) {
        // An error names a place in the body as it came.
        Some(body_with_texts) => read(&body_with_texts).or_else(|_| read(body)),
        None => read(body),
    }
}

fn read(json: &[u8]) -> serde_json::Result<Json> {
    serde_json::from_slice::<Filled>(json).map(|filled| filled.0)
}

/// Reads several objects behind each other, as one in each line, as a list; a single one may have zeros and blanks behind it.
/// `None` when there is anything else.
pub(super) fn several(body: &[u8]) -> Option<Json> {
    let with_texts = long_number::as_texts(body);
    let body = with_texts.as_deref().unwrap_or(body);
    let mut values = serde_json::Deserializer::from_slice(body).into_iter::<Filled>();
    let mut items = Vec::new();
    let mut end = 0;
    while let Some(Ok(Filled(value))) = values.next() {
        if !value.is_object() && !value.is_array() || items.len() == MOST_LINES {
            return None;
        }
        items.push(value);
        end = values.byte_offset();
    }
    let is_blank = |byte: &u8| byte.is_ascii_whitespace() || b"\0;,".contains(byte);
    if !body.get(end..)?.iter().all(is_blank) {
        return None;
    }
    match items.len() {
        0 => None,
        1 => items.pop(),
        _ => Some(Json::Array(items)),
    }
}

/// JSON in which of a name that is repeated the last value counts, unless it is empty.
struct Filled(Json);

impl<'de> Deserialize<'de> for Filled {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Filling).map(Self)
    }
}

struct Filling;

impl<'de> Visitor<'de> for Filling {
    type Value = Json;

    fn expecting(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(Filled(item)) = from.next_element()? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Json, A::Error> {
        let mut object = Map::new();
        while let Some((name, Filled(value))) = from.next_entry::<String, Filled>()? {
            match object.entry(name) {
                Entry::Vacant(place) => {
                    place.insert(value);
                }
                Entry::Occupied(mut place) if is_empty(place.get()) || !is_empty(&value) => {
                    place.insert(value);
                }
                Entry::Occupied(_) => {}
            }
        }
        Ok(Json::Object(object))
    }
}

fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(object) => object.is_empty(),
        _ => false,
    }
}

/// The number of commas and colons outside of strings: about as many as there are values.
pub(super) fn separators(body: &[u8]) -> usize {
    let (mut count, mut in_string, mut is_escaped) = (0, false, false);
    for byte in body {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            b',' | b':' if !in_string => count += 1,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn of_a_repeated_name_the_last_value_that_is_not_empty_counts() {
        for (text, wanted) in [
            (r#"{"a":1,"a":2}"#, json!({"a": 2})),
            (r#"{"a":{"b":1},"a":null}"#, json!({"a": {"b": 1}})),
            (r#"{"a":"x","a":"","a":[]}"#, json!({"a": "x"})),
            (r#"{"a":null,"a":"x","a":{}}"#, json!({"a": "x"})),
            (r#"{"a":"","a":null}"#, json!({"a": null})),
            (
                r#"{"a":1,"a":0,"b":true,"b":false}"#,
                json!({"a": 0, "b": false}),
            ),
            (
                r#"[{"x":{"a":[-1,1.5],"a":[]}}]"#,
                json!([{"x": {"a": [-1, 1.5]}}]),
            ),
        ] {
            assert_eq!(from_json(text.as_bytes()).unwrap(), wanted, "{text}");
        }
    }

    #[test]
    fn json_is_read_as_serde_json_reads_it() {
        for text in [
            r#"{"a":[null,true,-7,1844674407370955161,1e3,0.1,"\u00e9\n"],"b":{}}"#,
            "5",
            r#""x""#,
            "[]",
            "[1,2",
            "{\"a\"}",
            "1e999",
            "",
        ] {
            let wanted: Option<Json> = serde_json::from_str(text).ok();
            assert_eq!(from_json(text.as_bytes()).ok(), wanted, "{text}");
        }
        let deep = "[".repeat(200) + &"]".repeat(200);
        assert!(from_json(deep.as_bytes()).is_err());
    }

    #[test]
    fn objects_behind_each_other_are_a_list() {
        for (text, wanted) in [
            (
                "{\"a\":1}\n{\"a\":2}\r\n",
                Some(json!([{"a": 1}, {"a": 2}])),
            ),
            ("{\"a\":1}{\"a\":2}", Some(json!([{"a": 1}, {"a": 2}]))),
            ("[{}]\n[1]", Some(json!([[{}], [1]]))),
            ("{\"a\":1}\0\0", Some(json!({"a": 1}))),
            ("{\"a\":1};\n", Some(json!({"a": 1}))),
            ("{\"a\":1}\n{\"a\":", None),
            ("{\"a\":1} x", None),
            ("1 2", None),
            ("\"a\" \"b\"", None),
            ("", None),
        ] {
            assert_eq!(several(text.as_bytes()), wanted, "{text}");
        }
    }
}
