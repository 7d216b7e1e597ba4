//! Any value and any text: the readers never panic, and a path that is taken stays what it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wa_media::{DirectPath, expiry_of, path_of_url, read};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(value) = serde_json::from_slice(bytes) {
        let _ = read::bytes32(&value);
        let _ = read::flag(&value);
        if let Some(seconds) = read::seconds(&value) {
            assert!((1..253_402_300_800).contains(&seconds));
        }
        assert!(read::number(&value).is_none_or(|number| number < 1 << 63 || value.is_u64() || value.is_string()));
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let _ = expiry_of(text);
    assert!(path_of_url(text).is_none_or(|path| path.starts_with('/')));
    if let Ok(path) = DirectPath::parse(text) {
        assert!(path.as_str() == text && text.starts_with('/') && !text.starts_with("//"));
        assert_eq!(path.url("https://host"), format!("https://host{text}"));
    }
});
