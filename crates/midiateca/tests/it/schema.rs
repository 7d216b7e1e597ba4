//! What the OpenAPI document says of a JSON value, compared with the value: the keywords that the document uses, and no others.

use std::sync::LazyLock;

use midiateca_service::clock::millis_of;
use midiateca_service::http::api::document;
use serde_json::Value;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(document()).unwrap());

/// The first thing that is not as a schema says.
pub(crate) fn problem(name: &str, value: &Value) -> Option<String> {
    let schema = &DOCUMENT["components"]["schemas"][name];
    assert!(schema.is_object(), "there is no schema {name}");
    check(schema, value, name).err()
}

/// For an event as it is in the log, by its kind.
pub(crate) fn problem_of_data(kind: &str, data: &Value) -> Option<String> {
    let webhook = &DOCUMENT["webhooks"][kind]["post"]["requestBody"]["content"];
    let schema = referred(&webhook["application/json"]["schema"]);
    let event = &schema["properties"]["data"]["properties"]["event"]["oneOf"][0];
    let name = event["$ref"].as_str().unwrap_or_else(|| panic!("{kind}"));
    problem(name.rsplit('/').next().unwrap(), data)
}

/// For the body of a notification, by its type.
pub(crate) fn problem_of_notification(body: &Value) -> Option<String> {
    let kind = body["type"].as_str().unwrap();
    let webhook = &DOCUMENT["webhooks"][kind]["post"]["requestBody"]["content"];
    let schema = &webhook["application/json"]["schema"];
    assert!(schema.is_object(), "{kind} is not documented");
    check(schema, body, kind).err()
}

fn referred(schema: &Value) -> &Value {
    let name = schema["$ref"].as_str().unwrap();
    &DOCUMENT["components"]["schemas"][name.rsplit('/').next().unwrap()]
}

fn check(schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    if schema.get("$ref").is_some() {
        return check(referred(schema), value, place);
    }
    for (keyword, rule) in schema.as_object().unwrap() {
        let is_met = match keyword.as_str() {
            "description" | "example" | "title" | "deprecated" => true,
            "type" => types(rule).any(|kind| is_of(kind, value)),
            "enum" => rule.as_array().unwrap().contains(value),
            "format" => has_format(rule.as_str().unwrap(), value),
            "minimum" => value.as_i64().is_none_or(|n| Some(n) >= rule.as_i64()),
            "maximum" => value.as_i64().is_none_or(|n| Some(n) <= rule.as_i64()),
            "maxLength" => {
                let length = value.as_str().map(|text| text.chars().count() as u64);
                length.is_none_or(|length| Some(length) <= rule.as_u64())
            }
            "required" => {
                let names = rule.as_array().unwrap().iter();
                let mut names = names.filter_map(Value::as_str);
                !value.is_object() || names.all(|name| value.get(name).is_some())
            }
            "properties" => {
                for (name, schema) in rule.as_object().unwrap() {
                    if let Some(value) = value.get(name) {
                        check(schema, value, &format!("{place}.{name}"))?;
                    }
                }
                true
            }
            "items" => {
                for (n, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(rule, item, &format!("{place}[{n}]"))?;
                }
                true
            }
            "allOf" => {
                for part in rule.as_array().unwrap() {
                    check(part, value, place)?;
                }
                true
            }
            "anyOf" => matching(rule, value, place) > 0,
            "oneOf" => matching(rule, value, place) == 1,
            other => panic!("{place}: the keyword {other} is not known here"),
        };
        if !is_met {
            return Err(format!("{place}: {keyword} {rule}: {value}"));
        }
    }
    Ok(())
}

fn matching(parts: &Value, value: &Value, place: &str) -> usize {
    let parts = parts.as_array().unwrap().iter();
    parts
        .filter(|part| check(part, value, place).is_ok())
        .count()
}

fn types(rule: &Value) -> impl Iterator<Item = &str> {
    let list = rule
        .as_array()
        .map_or(std::slice::from_ref(rule), Vec::as_slice);
    list.iter().filter_map(Value::as_str)
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("unknown type {other}"),
    }
}

fn has_format(format: &str, value: &Value) -> bool {
    match format {
        "date-time" => value.as_str().is_none_or(|text| millis_of(text).is_some()),
        "int32" | "int64" | "binary" | "float" | "double" => true,
        other => panic!("unknown format {other}"),
    }
}
