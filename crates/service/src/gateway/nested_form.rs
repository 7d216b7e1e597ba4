//! Forms with brackets in their names, `data[key][id]=…`, in which PHP and others write objects and lists, and forms whose only name
//! is JSON, which is JSON that was sent with the type of a form.

use serde_json::{Map, Value as Json};

use super::envelope;

/// The bytes of a key are a field each.
const MOST_FIELDS: usize = 16_384;
const DEEPEST: usize = 16;

pub(super) fn read(body: &[u8]) -> Option<Json> {
    let mut fields = url::form_urlencoded::parse(body);
    let (first, value) = fields.next()?;
    if first.starts_with(['{', '[']) {
        let text = if value.is_empty() {
            first
        } else {
            format!("{first}={value}").into()
        };
        return envelope::inside(&text);
    }
    let mut root = Json::Object(Map::new());
    let mut is_nested = false;
    for (name, value) in url::form_urlencoded::parse(body).take(MOST_FIELDS) {
        let path = path(&name);
        is_nested |= path.len() > 1;
        insert(&mut root, &path, value.into_owned())?;
    }
    is_nested.then(|| with_lists(root))
}

/// `a[b][c]` is a, b, c. What has other brackets is one name.
fn path(name: &str) -> Vec<&str> {
    let Some((first, rest)) = name.split_once('[').filter(|(first, _)| !first.is_empty()) else {
        return vec![name];
    };
    let Some(rest) = rest.strip_suffix(']') else {
        return vec![name];
    };
    let parts = std::iter::once(first).chain(rest.split("]["));
    let path: Vec<_> = parts.collect();
    let is_plain = path.iter().all(|part| !part.contains(['[', ']']));
    if is_plain && path.len() <= DEEPEST {
        path
    } else {
        vec![name]
    }
}

/// Of a field that is repeated, the first value that is not empty counts. `None` when one name is a text and an object.
fn insert(root: &mut Json, path: &[&str], value: String) -> Option<()> {
    let mut place = root;
    for part in path {
        let object = place.as_object_mut()?;
        let name = match *part {
            // The next of a list.
            "" => object.len().to_string(),
            name => name.to_owned(),
        };
        place = object
            .entry(name)
            .or_insert_with(|| Json::Object(Map::new()));
    }
    match place {
        Json::Object(object) if object.is_empty() => *place = parsed(value),
        Json::String(known) if known.is_empty() => *place = parsed(value),
        Json::String(_) => {}
        _ => return None,
    }
    Some(())
}

fn parsed(value: String) -> Json {
    envelope::inside(&value).unwrap_or(Json::String(value))
}

/// Objects with the names 0, 1, 2, … are lists.
fn with_lists(value: Json) -> Json {
    let Json::Object(object) = value else {
        return value;
    };
    let is_list =
        !object.is_empty() && (0..object.len()).all(|at| object.contains_key(&at.to_string()));
    let mut object: Map<_, _> = object
        .into_iter()
        .map(|(name, value)| (name, with_lists(value)))
        .collect();
    if !is_list {
        return Json::Object(object);
    }
    let items = (0..object.len()).filter_map(|at| object.remove(&at.to_string()));
    Json::Array(items.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn brackets_are_objects_and_lists() {
        for (form, wanted) in [
            (
                "a[b][c]=1&a[b][d]=x+y&e=2",
                Some(json!({"a": {"b": {"c": "1", "d": "x y"}}, "e": "2"})),
            ),
            (
                "a%5Bb%5D=%C3%A7&a%5Bc%5D=",
                Some(json!({"a": {"b": "\u{e7}", "c": ""}})),
            ),
            ("a[]=1&a[]=2", Some(json!({"a": ["1", "2"]}))),
            ("a[1]=y&a[0]=x", Some(json!({"a": ["x", "y"]}))),
            ("a[1]=y", Some(json!({"a": {"1": "y"}}))),
            ("a[b]=&a[b]=1&a[b]=2", Some(json!({"a": {"b": "1"}}))),
            ("a[b]={\"c\":1}", Some(json!({"a": {"b": {"c": 1}}}))),
            ("a[b]=1&a=2", None),
            ("a=1&b=2", None),
            ("a[b=1&[c]=2&d]=3", None),
            ("", None),
        ] {
            assert_eq!(read(form.as_bytes()), wanted, "{form}");
        }
        let deep = format!("a{}=1", "[b]".repeat(1_000));
        assert_eq!(read(deep.as_bytes()), None);
    }

    #[test]
    fn a_name_may_be_the_whole_body() {
        let wanted = Some(json!({"a": "b=c&d"}));
        assert_eq!(read(b"%7B%22a%22%3A%22b%3Dc%26d%22%7D="), wanted);
        assert_eq!(read(b"%7B%22a%22%3A%22b%3Dc%26d%22%7D"), wanted);
        assert_eq!(read(b"%7B%22a%22%3A=1"), None);
    }
}
