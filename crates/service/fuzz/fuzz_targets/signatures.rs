//! Any signature of any body: it is refused, in pieces as in a whole. The first line is the signature.
#![no_main]

use libfuzzer_sys::fuzz_target;
use midiateca_service::gateway::Gateway;
use midiateca_service::gateway::signature::{Headers, Signature, Verifier};

const SECRET: &[u8] = b"a secret that no input has";
const URL: &str = "https://acervo.example/hooks/x/y?z=1";

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (value, body) = bytes.split_at(end);
    for gateway in Gateway::ALL {
        let signature = gateway.signature();
        let name = match signature {
            Signature::None => continue,
            Signature::SecretInHeader => "authorization",
            Signature::HmacSha256 { header } | Signature::HmacSha512 { header } => header,
            Signature::Twilio => "x-twilio-signature",
        };
        let headers = Headers::new([(name, value)]);
        let verifier = Verifier::new(signature, SECRET, &headers, &[URL], 1_790_000_000_000);
        let verdict = |piece: usize| {
            let mut verifier = verifier.clone();
            body.chunks(piece).for_each(|piece| verifier.update(piece));
            verifier.finish()
        };
        let whole = verdict(usize::MAX);
        assert!(whole.is_err());
        assert_eq!(whole, verdict(7));
    }
});
