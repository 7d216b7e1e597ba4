//! Finds the media in a message, however deeply it is wrapped.
//!
//! A work list visits every object of the content, except quoted messages. Unknown wrappers are searched like known
//! ones, and every object with a key and a path is reported, so that a new kind of wrapper loses nothing.

use std::collections::VecDeque;
use std::rc::Rc;

use serde_json::{Map, Value};

use crate::MediaKind;
use crate::carrier::{
    carrier, is_annotation, is_closed, is_known_way, is_view_once, kind_of_words, passes_marks,
    says_view_once,
};
use crate::edit::{Edit, revoked};
use crate::found::{FoundMedia, inline};
use crate::read::{LONGEST_NAME, field, same_name, text};

/// No message has more files.
const MOST_MEDIA: usize = 64;
/// The most objects that are searched.
const MOST_OBJECTS: usize = 2_048;
/// The greatest depth: each of 16 wrappers takes two levels.
const DEEPEST: usize = 34;
/// The most unknown fields that are reported.
const MOST_UNKNOWN: usize = 16;

type Object = Map<String, Value>;

/// The result of a search.
#[derive(Debug, Default)]
pub struct Found {
    /// The media, in an order that does not depend on the order of JSON keys.
    pub media: Vec<FoundMedia>,
    /// Fields that led to media and are not known wrappers or carriers, each once. They show that this version is
    /// older than the messages it reads.
    pub unknown: Vec<String>,
    /// It contains something that is encrypted with another message's secret, such as an edit.
    pub sealed: bool,
    /// The message that it revokes; an empty id when it names none. Nothing in it is verified.
    pub revokes: Option<String>,
    /// The message exceeded a limit and was not searched completely.
    pub cut_short: bool,
}

/// One object on the work list.
struct Node<'a> {
    object: &'a Object,
    /// The field that contains it.
    name: &'a str,
    wrapper: Rc<str>,
    depth: usize,
    view_once: bool,
    /// It is the new content of an earlier message.
    edit: Option<Edit<'a>>,
    /// The first unknown field on its path.
    unknown: Option<&'a str>,
}

struct Walk<'a> {
    found: Found,
    work: VecDeque<Node<'a>>,
    /// All objects that were put on the list.
    listed: usize,
}

/// Searches a message's content and its wrappers.
pub fn find(content: &Value) -> Found {
    content.as_object().map(find_in).unwrap_or_default()
}

/// Like [`find`], for the object of the content.
pub fn find_in(object: &Map<String, Value>) -> Found {
    find_in_marked(object, false)
}

/// Like [`find_in`], for a message whose envelope may mark it as view-once.
pub fn find_in_marked(object: &Map<String, Value>, view_once: bool) -> Found {
    let mut walk = Walk {
        found: Found::default(),
        work: VecDeque::new(),
        listed: 0,
    };
    walk.work.push_back(Node {
        object,
        name: "",
        wrapper: "".into(),
        depth: 0,
        view_once: view_once || says_view_once(object),
        edit: None,
        unknown: None,
    });
    while let Some(node) = walk.work.pop_front() {
        walk.look_at(&node);
    }
    // Bytes around the wrappers of the only media belong to it, too.
    if let [alone] = &mut walk.found.media[..]
        && alone.inline.is_none()
    {
        alone.inline = inline(object);
    }
    walk.found
}

impl<'a> Walk<'a> {
    fn look_at(&mut self, node: &Node<'a>) {
        if let Some(media) = flat(node) {
            self.add(node, media);
            return self.list_annotations(node, node.object);
        }
        let mut carried = Vec::new();
        for (name, value) in in_order(node.object) {
            match (carrier(name), one_object(value)) {
                (Some((place, kind)), Some(object)) => carried.push((place, name, kind, object)),
                _ => self.list(node, name, value),
            }
        }
        carried.sort_by_key(|(place, ..)| *place);
        // An edit that removes the caption may have no other content.
        let is_whole_edit = node.edit.is_some() && carried.len() == 1;
        carried.retain(|(.., object)| is_whole_edit || !object.is_empty());
        let alone = carried.len() == 1;
        for (_, name, kind, object) in carried {
            let mut media = FoundMedia::describe(kind, name, object);
            // Bytes next to the only carrier belong to its file.
            if alone && media.inline.is_none() {
                media.inline = inline(node.object);
            }
            self.add(node, media);
            self.list_annotations(node, object);
        }
    }

    /// Lists the objects in a field, one or many.
    fn list(&mut self, node: &Node<'a>, name: &'a str, value: &'a Value) {
        let begins_view_once = is_view_once(name);
        let is_edit = same_name(name, "editedMessage");
        let is_protocol = same_name(name, "protocolMessage");
        self.found.sealed |= same_name(name, "secretEncryptedMessage");
        let name = short(name);
        let unknown = node.unknown.or((!is_known_way(name)).then_some(name));
        let wrapper: Rc<str> = if node.wrapper.is_empty() {
            name.into()
        } else {
            format!("{}/{name}", node.wrapper).into()
        };
        for object in objects(value) {
            if node.depth == DEEPEST || self.listed == MOST_OBJECTS {
                self.found.cut_short = true;
                return;
            }
            self.listed += 1;
            if let Some(id) = revoked(object).filter(|_| is_protocol) {
                self.found.revokes.get_or_insert_with(|| id.to_owned());
            }
            let is_marked = node.view_once && (passes_marks(name, object) || is_file(object));
            let edit = is_edit.then(|| Edit::new(node.object, object).or(node.edit));
            self.work.push_back(Node {
                object,
                name,
                wrapper: Rc::clone(&wrapper),
                depth: node.depth + 1,
                view_once: begins_view_once || is_marked || says_view_once(object),
                edit: edit.or(node.edit),
                unknown,
            });
        }
    }

    /// Lists the messages in a file's annotations: no other field of it leads to media.
    fn list_annotations(&mut self, node: &Node<'a>, object: &'a Object) {
        let fields = in_order(object).into_iter();
        for (name, value) in fields.filter(|(name, _)| is_annotation(name)) {
            self.list(node, name, value);
        }
    }

    /// Adds a media, or merges it with an equal one.
    fn add(&mut self, node: &Node<'_>, mut media: FoundMedia) {
        media.view_once |= node.view_once;
        media.edited = node.edit.is_some();
        media.caption_removed &= media.edited;
        media.edits = node.edit.and_then(|edit| edit.id).map(str::to_owned);
        media.edited_at_ms = node.edit.and_then(|edit| edit.at_ms);
        media.wrapper = node.wrapper.to_string();
        let found = &mut self.found;
        if let Some(name) = node.unknown
            && found.unknown.len() < MOST_UNKNOWN
            && !found.unknown.iter().any(|known| known == name)
        {
            found.unknown.push(name.to_owned());
        }
        let same = found.media.iter_mut().find(|known| known.is_same(&media));
        if let Some(known) = same {
            known.merge(media);
        } else if found.media.len() < MOST_MEDIA {
            found.media.push(media);
        } else {
            found.cut_short = true;
        }
    }
}

/// The object in a field, alone or in a list of one.
fn one_object(value: &Value) -> Option<&Object> {
    match value {
        Value::Array(items) => match &items[..] {
            [item] => item.as_object(),
            _ => None,
        },
        value => value.as_object(),
    }
}

/// The objects in a field: one, those in a list, or those in nested lists.
fn objects(value: &Value) -> Vec<&Object> {
    let (mut found, mut lists) = (Vec::new(), vec![std::slice::from_ref(value)]);
    while let Some(list) = lists.pop() {
        for item in list {
            match item {
                Value::Object(object) => found.push(object),
                Value::Array(inner) => lists.push(inner),
                _ => {}
            }
        }
    }
    found
}

/// A field's name, cut to the length of the longest known name.
fn short(name: &str) -> &str {
    let end = (0..=name.len().min(LONGEST_NAME))
        .rev()
        .find(|end| name.is_char_boundary(*end));
    &name[..end.unwrap_or(0)]
}

/// The fields that may lead to media, in an order that does not depend on the map.
fn in_order(object: &Object) -> Vec<(&str, &Value)> {
    let mut fields: Vec<_> = object
        .iter()
        .filter(|(name, value)| (value.is_object() || value.is_array()) && !is_closed(name))
        .map(|(name, value)| (name.as_str(), value))
        .collect();
    fields.sort_unstable_by_key(|(name, _)| *name);
    fields
}

/// Whether an object describes a file, in any field.
fn is_file(object: &Object) -> bool {
    let has = |names: &[&str]| field(object, names).is_some();
    let link = has(&["directPath", "url", "deprecatedMms3Url", "clientUrl"]);
    let key = has(&["mediaKey"]);
    // Without a key it needs a hash and a type.
    let proof = has(&["fileSha256", "fileEncSha256", "filehash", "encFilehash"]);
    let open = has(&["directPath"]) && proof && has(&["mimetype"]);
    key && link || open
}

/// A file outside of known carriers: flat messages and unknown carriers.
fn flat(node: &Node<'_>) -> Option<FoundMedia> {
    if !is_file(node.object) {
        return None;
    }
    let word = |names: &[&str]| {
        field(node.object, names)
            .and_then(text)
            .and_then(kind_of_words)
    };
    let kind = word(&["type"])
        .or_else(|| kind_of_words(node.name))
        .or_else(|| word(&["mimetype"]));
    let mut media =
        FoundMedia::describe(kind.unwrap_or(MediaKind::Document), node.name, node.object);
    media.voice_note |= field(node.object, &["type"]).and_then(text) == Some("ptt");
    Some(media)
}

#[cfg(test)]
mod tests;
