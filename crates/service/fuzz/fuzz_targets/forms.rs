//! Any form: it becomes the same JSON in pieces as in a whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use midiateca_service::gateway::form::Form;

fuzz_target!(|bytes: &[u8]| {
    let convert = |piece: usize| {
        let mut form = Form::default();
        let mut json = Vec::new();
        for piece in bytes.chunks(piece) {
            json.extend(form.decode(piece));
        }
        json.extend(form.finish());
        json
    };
    let whole = convert(usize::MAX);
    assert_eq!(whole, convert(1));
    assert!(whole.starts_with(b"{") && whole.ends_with(b"}"));
});
