//! Signatures that are cut off, changed, repeated or written in another way, and secrets of odd bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::Hmac;
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::super::signature::{Headers, Refusal, Signature, Verifier};
use super::{cases, signed_bytes, verdict};

const URL: &str = "https://acervo.example/hooks/twilio/x";
const BODY: &[u8] = b"a=1&b=2";

fn mac<M: hmac::Mac + hmac::digest::KeyInit>(secret: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = <M as hmac::digest::KeyInit>::new_from_slice(secret).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn check(signature: Signature, secret: &[u8], headers: &[(&str, &[u8])]) -> Result<(), Refusal> {
    let headers = Headers::new(headers.iter().copied());
    let mut verifier = Verifier::new(signature, secret, &headers, &[URL], 0);
    verifier.update(BODY);
    verifier.finish()
}

#[test]
fn a_signature_that_is_cut_off_or_changed_is_refused() {
    for case in cases() {
        let auth = &case.expected["auth"];
        if auth["verdict"] != "accept" {
            continue;
        }
        let secret = auth["secret"].as_str().unwrap().as_bytes();
        let body = signed_bytes(&case);
        let scheme = case.gateway().signature();
        for (name, value) in case.headers.iter() {
            let with = |value: &str| {
                let others = case.headers.iter().filter(|(other, _)| *other != name);
                let all = others.chain([(name, value)]);
                let headers = Headers::new(all.map(|(name, value)| (name, value.as_bytes())));
                verdict(&case, secret, &body, &headers)
            };
            // Only the header with the signature decides.
            if with("").is_ok() {
                continue;
            }
            for end in 0..value.len() {
                assert!(with(&value[..end]).is_err(), "{} {end}", case.name);
            }
            let is_padded = scheme == Signature::Twilio || value.contains('.');
            let last = if is_padded {
                value.len() - 2
            } else {
                value.len()
            };
            let begin = value
                .rfind(['.', '=', ' '])
                .filter(|at| at + 2 < last)
                .map_or(0, |at| at + 1);
            for at in begin..last {
                let other = if value.as_bytes()[at] == b'0' {
                    "1"
                } else {
                    "0"
                };
                let changed = format!("{}{other}{}", &value[..at], &value[at + 1..]);
                assert!(with(&changed).is_err(), "{} {at} {changed}", case.name);
            }
        }
    }
}

#[test]
fn secrets_of_odd_bytes_are_compared_as_they_are() {
    let secrets: &[&[u8]] = &[
        "ação, \"=&%😀".as_bytes(),
        b"a b",
        b"\x00\x01\xff\xfe",
        b"sha256=00",
        &[b'x'; 300],
        b"{\"a\":1}",
    ];
    let sha256 = Signature::HmacSha256 { header: "x-s" };
    let sha512 = Signature::HmacSha512 { header: "x-s" };
    for secret in secrets {
        let of_256 = hex(&mac::<Hmac<Sha256>>(secret, BODY));
        let of_512 = hex(&mac::<Hmac<Sha512>>(secret, BODY));
        let of_twilio = STANDARD.encode(mac::<Hmac<Sha1>>(
            secret,
            [URL.as_bytes(), b"a1b2"].concat().as_slice(),
        ));
        for (signature, name, value) in [
            (sha256, "X-S", of_256.clone()),
            (sha256, "x-s", format!("sha256={}", of_256.to_uppercase())),
            (sha256, "x-s", format!("00, {of_256}")),
            (sha512, "x-s", of_512.clone()),
            (sha512, "x-s", format!("sha512={of_512}")),
            (Signature::Twilio, "X-Twilio-Signature", of_twilio),
        ] {
            let headers = [(name, value.as_bytes())];
            assert_eq!(check(signature, secret, &headers), Ok(()), "{value}");
            // Blanks around a secret come from copying it.
            let copied = [b" ", *secret, b"\r\n"].concat();
            assert_eq!(check(signature, &copied, &headers), Ok(()), "{value}");
            let cut = &secret[..secret.len() - 1];
            assert_eq!(
                check(signature, cut, &headers),
                Err(Refusal::Wrong),
                "{value}"
            );
            assert_eq!(check(signature, secret, &[]), Err(Refusal::Unsigned));
            assert_eq!(
                check(signature, secret, &[(name, b" ")]),
                Err(Refusal::Unsigned)
            );
        }
    }
    let in_header = |secret: &str, value: &[u8]| {
        check(
            Signature::SecretInHeader,
            secret.as_bytes(),
            &[("token", value)],
        )
    };
    for (secret, value) in [
        ("ação", "ação".as_bytes()),
        ("ação", b"a\xe7\xe3o"),
        (" segredo ", b"segredo"),
        ("segredo", b"  segredo "),
        ("segredo", b"Bearer segredo"),
        ("segredo", b"bearer  segredo"),
        ("Bearer segredo", b"Bearer segredo"),
    ] {
        assert_eq!(in_header(secret, value), Ok(()), "{secret}");
        assert_eq!(in_header("x", value), Err(Refusal::Wrong), "{secret}");
    }
    for empty in ["", " ", "\n"] {
        assert!(in_header(empty, b"").is_err());
        assert!(in_header(empty, b" ").is_err());
        let headers = [("x-s", hex(&mac::<Hmac<Sha256>>(empty.as_bytes(), BODY)))];
        let headers = headers
            .each_ref()
            .map(|(name, value)| (*name, value.as_bytes()));
        assert!(check(sha256, empty.as_bytes(), &headers).is_err());
    }
}
