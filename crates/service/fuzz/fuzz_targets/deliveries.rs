//! Any body at the address of any gateway: it is read within the limits, and always in the same way.
#![no_main]

use libfuzzer_sys::fuzz_target;
use midiateca_service::gateway::signature::Headers;
use midiateca_service::gateway::{Gateway, Reading};

fuzz_target!(|body: &[u8]| {
    let headers = Headers::default();
    // The length decides, so that the fixtures are bodies as they are.
    let gateway = Gateway::ALL[body.len() % Gateway::ALL.len()];
    let Ok(reading) = gateway.read_from(body, &headers) else {
        return;
    };
    match reading {
        Reading::Other(_) => assert!(gateway.source_of(body, &headers).is_some()),
        Reading::Own(readings) => {
            assert!(!readings.is_empty());
            assert!(gateway.source_of(body, &headers).is_none());
            for reading in readings {
                assert!(reading.message.id.len() <= 255);
                assert!(!reading.message.id.chars().any(char::is_control));
            }
        }
    }
});
