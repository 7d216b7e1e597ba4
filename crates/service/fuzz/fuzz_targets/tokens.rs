//! Any body without its tokens: nothing else is changed, and it can be made as it came again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use midiateca_service::gateway::{unmasked, without_tokens};

fuzz_target!(|body: &[u8]| {
    let Some(masked) = without_tokens(body) else {
        return;
    };
    assert_ne!(masked.body, body);
    assert_eq!(unmasked(&masked.body, &masked.taken).as_deref(), Some(body));
});
