//! Any multipart body: it becomes the same JSON in pieces as in a whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use midiateca_service::gateway::multipart::{Multipart, boundary, boundary_of_head};

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let _ = boundary(&String::from_utf8_lossy(&bytes[..end]));
    let Some(boundary) = boundary_of_head(None, bytes).or_else(|| boundary_of_head(Some("x"), bytes)) else {
        return;
    };
    let convert = |piece: usize| {
        let mut multipart = Multipart::new(&boundary);
        let mut json = Vec::new();
        for piece in bytes.chunks(piece) {
            json.extend(multipart.update(piece));
        }
        multipart.finish().ok().map(|(rest, fields)| {
            json.extend(rest);
            (json, fields)
        })
    };
    assert_eq!(convert(usize::MAX), convert(1));
    assert_eq!(convert(13), convert(usize::MAX));
});
