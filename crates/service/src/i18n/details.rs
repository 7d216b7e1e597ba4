//! The further fields of an entry of the audit log, as text.

use serde_json::Value;

use super::Language;
use crate::access::audit::AuditEntry;
use crate::clock::{Zone, millis_of};
use crate::terminal;

/// Each field that is known, with its label. Times are in `zone`.
pub fn of_entry(entry: &AuditEntry, lang: Language, zone: &Zone) -> Vec<(String, String)> {
    details(&entry.action, &entry.data, lang, zone)
}

/// The same for an entry as the API gives it.
pub fn details(action: &str, data: &Value, lang: Language, zone: &Zone) -> Vec<(String, String)> {
    let fields = data.as_object().into_iter().flatten();
    let known = fields.filter(|(_, value)| !value.is_null());
    let detail = |(name, value): (&String, &Value)| {
        let label = lang.label(name).to_owned();
        (label, shown(action, name, value, lang, zone))
    };
    known.map(detail).collect()
}

fn shown(action: &str, name: &str, value: &Value, lang: Language, zone: &Zone) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match (name, value) {
        ("change", _) => lang.label(&format!("change.{text}")).to_owned(),
        ("result", _) => lang.label(&format!("{action}.{text}")).to_owned(),
        ("role", _) | (_, Value::Bool(_)) => lang.label(&text).to_owned(),
        ("size", _) => {
            let size = value.as_i64().and_then(|size| u64::try_from(size).ok());
            lang.bytes(size.unwrap_or(0))
        }
        (_, Value::Number(_)) => lang.count(value.as_i64().unwrap_or(0)),
        _ if name.ends_with("_at") => millis_of(&text).map_or(text, |at| zone.local(at)),
        _ => terminal::plain(&text),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_have_labels_and_values_for_people() {
        let data = json!({
            "change": "renamed",
            "name": "A\u{1b}[31m",
            "size": 2048,
            "total": 1234,
            "keys": true,
            "nothing": null,
        });
        let zone = Zone::named("UTC").unwrap();
        let of = |lang| {
            let pairs = details("client_changed", &data, lang, &zone).into_iter();
            let pairs: Vec<_> = pairs
                .map(|(name, text)| format!("{name}: {text}"))
                .collect();
            pairs.join("; ")
        };
        let portuguese = of(Language::Portuguese);
        assert!(portuguese.contains("2,00 KiB"), "{portuguese}");
        assert!(portuguese.contains(": 1.234"), "{portuguese}");
        assert!(portuguese.contains(": sim"), "{portuguese}");
        assert!(!portuguese.contains('\u{1b}') && !portuguese.contains("null"));
        assert!(of(Language::English).contains("change: renamed"));
    }
}
