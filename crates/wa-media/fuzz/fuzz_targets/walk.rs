//! Any JSON: the walk ends, within its limits, and finds nothing in what a message quotes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let Ok(content) = serde_json::from_slice(bytes) else {
        return;
    };
    let found = wa_media::find(&content);
    assert!(found.media.len() <= 64 && found.unknown.len() <= 16);
    for media in &found.media {
        assert!(media.media_key.is_none() || !media.media_key_malformed);
        assert!(media.wrapper.len() < 34 * 65);
    }
    let without = wa_media::find(&without_quotes(content));
    for media in found.media {
        let path = media.direct_path;
        assert!(path.is_none() || without.media.iter().any(|other| other.direct_path == path));
    }
});

fn without_quotes(value: Value) -> Value {
    match value {
        Value::Array(list) => list.into_iter().map(without_quotes).collect(),
        Value::Object(object) => {
            let is_quote = |name: &str| {
                let name = name.replace('_', "").to_ascii_lowercase();
                name == "contextinfo" || name.starts_with("quoted")
            };
            let kept = object.into_iter().filter(|(name, _)| !is_quote(name));
            kept.map(|(name, value)| (name, without_quotes(value))).collect()
        }
        other => other,
    }
}
