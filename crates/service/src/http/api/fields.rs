//! Reads the fields of a query or a body, with errors that name the field and what is expected there. The errors of serde's own
//! readers are sentences, in one language.

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, Expected, IntoDeserializer as _,
    MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value};

use super::error::Detail;
use crate::i18n::TextKey;
use crate::i18n::keys::api as texts;

/// What a reader of one field expects, for [`serde::de::Error::invalid_value`].
pub const WHOLE_NUMBER: &str = "a whole number in range";
pub const FLAG: &str = "true or false";
pub const BIT: &str = "1 or 0";

/// The longest text of a field, in characters; many have a lower limit of their own.
pub const MOST_LETTERS: usize = 4_096;

/// What is wrong with a field.
#[derive(Debug)]
pub struct FieldError {
    /// With those around it: `filter.kind`.
    field: String,
    problem: Problem,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Problem {
    Missing,
    Unknown,
    TooLong,
    HasNul,
    /// The text says what it must be.
    Not(TextKey),
    NoneOf(&'static [&'static str]),
    Unusable,
}

/// Reads all fields.
pub fn read<T: DeserializeOwned>(fields: Map<String, Value>) -> Result<T, FieldError> {
    T::deserialize(Field(Value::Object(fields)))
}

impl FieldError {
    fn new(problem: Problem) -> Self {
        let field = String::new();
        Self { field, problem }
    }

    fn within(mut self, outer: &str) -> Self {
        self.field = match self.field.as_str() {
            "" => outer.to_owned(),
            inner => format!("{outer}.{inner}"),
        };
        self
    }

    /// Says what the field must be, unless more is known.
    fn or_not(mut self, expected: TextKey) -> Self {
        if self.problem == Problem::Unusable && self.field.is_empty() {
            self.problem = Problem::Not(expected);
        }
        self
    }
}

impl From<FieldError> for Detail {
    fn from(error: FieldError) -> Self {
        let field = crate::terminal::tame(&error.field);
        let (key, known) = match error.problem {
            Problem::Missing => (texts::DETAIL_MISSING, None),
            Problem::Unknown => (texts::DETAIL_UNKNOWN_FIELD, None),
            Problem::Not(key) => (key, None),
            Problem::NoneOf(known) => (texts::DETAIL_NONE_OF, Some(known.join(", "))),
            Problem::TooLong => (texts::DETAIL_TOO_LONG, Some(MOST_LETTERS.to_string())),
            Problem::HasNul => (texts::DETAIL_NUL, None),
            Problem::Unusable => (texts::DETAIL_UNUSABLE, None),
        };
        let known = known.map(|known| ("known", known));
        Self::Said(key, [("field", field)].into_iter().chain(known).collect())
    }
}

impl std::fmt::Display for FieldError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {:?}", self.field, self.problem)
    }
}

impl std::error::Error for FieldError {}

impl serde::de::Error for FieldError {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self::new(Problem::Unusable)
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(match expected.to_string().as_str() {
            WHOLE_NUMBER => Problem::Not(texts::DETAIL_NO_NUMBER),
            FLAG => Problem::Not(texts::DETAIL_NO_FLAG),
            BIT => Problem::Not(texts::DETAIL_NO_BIT),
            _ => Problem::Unusable,
        })
    }

    fn unknown_variant(_: &str, known: &'static [&'static str]) -> Self {
        Self::new(Problem::NoneOf(known))
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Self::new(Problem::Unknown).within(field)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(Problem::Missing).within(field)
    }
}

/// One value.
struct Field(Value);

impl Field {
    fn visit<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(flag) => visitor.visit_bool(flag),
            Value::String(text) => visitor.visit_string(text),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), ..) => visitor.visit_u64(number),
                (_, Some(number), _) => visitor.visit_i64(number),
                (.., Some(number)) => visitor.visit_f64(number),
                _ => Err(FieldError::custom("")),
            },
            Value::Array(items) => visitor.visit_seq(Items(items.into_iter())),
            Value::Object(fields) => visitor.visit_map(Fields {
                fields: fields.into_iter(),
                next: None,
            }),
        }
    }
}

impl Field {
    fn text<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        match &self.0 {
            Value::String(text) if text.chars().count() > MOST_LETTERS => {
                Err(FieldError::new(Problem::TooLong))
            }
            Value::String(text) if text.contains('\0') => Err(FieldError::new(Problem::HasNul)),
            _ => self
                .visit(visitor)
                .map_err(|error| error.or_not(texts::DETAIL_NO_TEXT)),
        }
    }
}

macro_rules! expecting {
    ($text:ident: $($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
            self.visit(visitor).map_err(|error| error.or_not(texts::$text))
        }
    )*};
}

impl<'de> Deserializer<'de> for Field {
    type Error = FieldError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        self.visit(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        self.text(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        self.text(visitor)
    }

    expecting!(DETAIL_NO_FLAG: deserialize_bool);
    expecting!(DETAIL_NO_LIST: deserialize_seq);
    expecting!(DETAIL_NO_FIELDS: deserialize_map);
    expecting!(DETAIL_NO_NUMBER: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16
        deserialize_u32 deserialize_u64);

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        // A list would be taken for the fields in their order.
        if !self.0.is_object() {
            return Err(FieldError::new(Problem::Not(texts::DETAIL_NO_FIELDS)));
        }
        self.visit(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        match self.0 {
            Value::String(text) => visitor.visit_enum(text.into_deserializer()),
            _ => Err(FieldError::new(Problem::NoneOf(known))),
        }
    }

    forward_to_deserialize_any! {
        i128 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

struct Items(std::vec::IntoIter<Value>);

impl<'de> SeqAccess<'de> for Items {
    type Error = FieldError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, FieldError> {
        let item = self.0.next();
        item.map(|item| seed.deserialize(Field(item))).transpose()
    }
}

struct Fields {
    fields: serde_json::map::IntoIter,
    next: Option<(String, Value)>,
}

impl<'de> MapAccess<'de> for Fields {
    type Error = FieldError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, FieldError> {
        self.next = self.fields.next();
        let name = self.next.as_ref().map(|(name, _)| name.clone());
        let name = name.map(|name| seed.deserialize(name.into_deserializer()));
        name.transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, FieldError> {
        let (name, value) = self.next.take().unwrap_or_default();
        let read = seed.deserialize(Field(value));
        read.map_err(|error| error.within(&name))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;
    use crate::model::{Direction, Role};

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        name: String,
        #[serde(default)]
        role: Option<Role>,
        #[serde(default)]
        count: Option<u32>,
        #[serde(default)]
        kinds: Vec<String>,
        #[serde(default)]
        inner: Option<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[serde(default)]
        yes: bool,
        direction: Option<Direction>,
        #[serde(default, deserialize_with = "crate::http::api::query::number")]
        limit: Option<u32>,
    }

    fn problem(fields: &Value) -> (String, Problem) {
        let Value::Object(fields) = fields.clone() else {
            panic!("no fields");
        };
        let error = read::<Outer>(fields).unwrap_err();
        (error.field, error.problem)
    }

    #[test]
    fn errors_name_the_field_and_what_is_expected() {
        let roles: &[&str] = &["viewer", "operator", "admin"];
        for (fields, field, expected) in [
            (json!({}), "name", Problem::Missing),
            (
                json!({"name": 1}),
                "name",
                Problem::Not(texts::DETAIL_NO_TEXT),
            ),
            (
                json!({"name": null}),
                "name",
                Problem::Not(texts::DETAIL_NO_TEXT),
            ),
            (
                json!({"name": "ã".repeat(MOST_LETTERS + 1)}),
                "name",
                Problem::TooLong,
            ),
            (json!({"name": "a\0"}), "name", Problem::HasNul),
            (
                json!({"name": "a", "kinds": ["b\0"]}),
                "kinds",
                Problem::HasNul,
            ),
            (json!({"name": "a", "x": 1}), "x", Problem::Unknown),
            (
                json!({"name": "a", "role": "king"}),
                "role",
                Problem::NoneOf(roles),
            ),
            (
                json!({"name": "a", "count": -1}),
                "count",
                Problem::Not(texts::DETAIL_NO_NUMBER),
            ),
            (
                json!({"name": "a", "count": 1.5}),
                "count",
                Problem::Not(texts::DETAIL_NO_NUMBER),
            ),
            (
                json!({"name": "a", "kinds": "b"}),
                "kinds",
                Problem::Not(texts::DETAIL_NO_LIST),
            ),
            (
                json!({"name": "a", "kinds": [1]}),
                "kinds",
                Problem::Not(texts::DETAIL_NO_TEXT),
            ),
            (
                json!({"name": "a", "inner": []}),
                "inner",
                Problem::Not(texts::DETAIL_NO_FIELDS),
            ),
            (
                json!({"name": "a", "inner": {"yes": "no"}}),
                "inner.yes",
                Problem::Not(texts::DETAIL_NO_FLAG),
            ),
            (
                json!({"name": "a", "inner": {"z": 1}}),
                "inner.z",
                Problem::Unknown,
            ),
            (
                json!({"name": "a", "inner": {"direction": "up"}}),
                "inner.direction",
                Problem::NoneOf(&["received", "sent"]),
            ),
            (
                json!({"name": "a", "inner": {"direction": 1}}),
                "inner.direction",
                Problem::NoneOf(&["received", "sent"]),
            ),
            (
                json!({"name": "a", "inner": {"limit": "x"}}),
                "inner.limit",
                Problem::Not(texts::DETAIL_NO_NUMBER),
            ),
            (
                json!({"name": "a", "inner": {"limit": true}}),
                "inner.limit",
                Problem::Not(texts::DETAIL_NO_NUMBER),
            ),
        ] {
            assert_eq!(problem(&fields), (field.to_owned(), expected), "{fields}");
        }
        let right = json!({"name": "a", "role": "admin", "count": 3, "kinds": ["b"], "inner": {"yes": true, "direction": "sent", "limit": 7}});
        let read: Outer = read(right.as_object().unwrap().clone()).unwrap();
        assert_eq!(
            (read.name.as_str(), read.role, read.count),
            ("a", Some(Role::Admin), Some(3))
        );
        assert_eq!(read.kinds, ["b"]);
        let inner = read.inner.unwrap();
        assert_eq!((inner.yes, inner.limit), (true, Some(7)));
        assert_eq!(inner.direction, Some(Direction::Sent));
    }
}
