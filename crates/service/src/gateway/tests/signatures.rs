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
            for end in 0..value.trim_end_matches('=').len() {
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

/// A signature over any body and address.
fn check_at(secret: &[u8], url: &str, body: &[u8], signature: &str) -> Result<(), Refusal> {
    let headers = Headers::new([("x-twilio-signature", signature.as_bytes())]);
    let mut verifier = Verifier::new(Signature::Twilio, secret, &headers, &[url], 0);
    for piece in body.chunks(5) {
        verifier.update(piece);
    }
    verifier.finish()
}

#[test]
fn a_signature_may_be_written_in_other_ways() {
    use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
    let sha256 = Signature::HmacSha256 { header: "x-s" };
    let sha512 = Signature::HmacSha512 { header: "x-s" };
    let of_256 = mac::<Hmac<Sha256>>(b"s", BODY);
    let of_512 = mac::<Hmac<Sha512>>(b"s", BODY);
    for (signature, bytes, scheme) in [(sha256, &of_256, "sha256"), (sha512, &of_512, "sha512")] {
        let other = hex(&mac::<Hmac<Sha256>>(b"x", BODY));
        for value in [
            hex(bytes).to_uppercase(),
            format!("{scheme}={}", hex(bytes)),
            format!("{} = {}", scheme.to_uppercase(), hex(bytes)),
            format!("hmac-{scheme}={}", hex(bytes)),
            format!("sha-{}={}", &scheme[3..], hex(bytes)),
            STANDARD.encode(bytes),
            URL_SAFE.encode(bytes),
            URL_SAFE_NO_PAD.encode(bytes),
            format!("{scheme}={}", STANDARD.encode(bytes)),
            format!("{other},{scheme}={}", hex(bytes)),
        ] {
            assert_eq!(
                check(signature, b"s", &[("X-S", value.as_bytes())]),
                Ok(()),
                "{value}"
            );
            let headers = [("x-S", other.as_bytes()), ("X-s", value.as_bytes())];
            assert_eq!(check(signature, b"s", &headers), Ok(()), "{value}");
            let wrong = Err(Refusal::Wrong);
            assert_eq!(check(signature, b"x1", &[("x-s", value.as_bytes())]), wrong);
        }
        for value in ["=", "sha256=", "md5=00", "zz", "AA==", "0"] {
            assert!(
                check(signature, b"s", &[("x-s", value.as_bytes())]).is_err(),
                "{value}"
            );
        }
    }
}

#[test]
fn json_of_twilio_is_signed_by_its_hash_in_the_address() {
    use sha2::Digest as _;
    let body = format!("[{{\"a\": \"{}\"}}]", "x=1&y=2".repeat(200_000));
    let hash = hex(&Sha256::digest(body.as_bytes()));
    for (name, hash) in [
        ("bodySHA256", hash.clone()),
        ("bodysha256", hash.to_uppercase()),
    ] {
        let url = format!("https://acervo.example/hooks/twilio/x?a=1&{name}={hash}");
        let signature = STANDARD.encode(mac::<Hmac<Sha1>>(b"s", url.as_bytes()));
        assert_eq!(check_at(b"s", &url, body.as_bytes(), &signature), Ok(()));
        assert!(check_at(b"s", &url, &body.as_bytes()[1..], &signature).is_err());
        assert!(check_at(b"s", &url, b"", &signature).is_err());
        assert!(check_at(b"x", &url, body.as_bytes(), &signature).is_err());
        let elsewhere = url.replace("/x?", "/y?");
        assert!(check_at(b"s", &elsewhere, body.as_bytes(), &signature).is_err());
    }
    // A form is signed as one, whatever its address says.
    let url = format!("{URL}?bodySHA256={}", hex(&Sha256::digest(b"other")));
    let signed = [url.as_bytes(), b"a1b2"].concat();
    let signature = STANDARD.encode(mac::<Hmac<Sha1>>(b"s", &signed));
    assert_eq!(check_at(b"s", &url, BODY, &signature), Ok(()));
}

#[test]
fn an_address_of_twilio_may_be_written_in_other_ways() {
    let requested = "https://acervo.example/hooks/twilio/x?loja=S%C3%A3o+Jo%C3%A3o&b=2";
    for (signed, is_right) in [
        (requested.to_owned(), true),
        (requested.replace(".example/", ".example:443/"), true),
        (
            requested.replace("S%C3%A3o+Jo%C3%A3o", "S%C3%A3o%20Jo%C3%A3o"),
            true,
        ),
        (requested.replace("S%C3%A3o+Jo%C3%A3o", "São João"), true),
        (requested.replace(".example/", ".example:8443/"), false),
        (requested.replace("https:", "http:"), false),
        (requested.replace("/x?", "/x/?"), false),
        (requested.replace("b=2", "b=3"), false),
    ] {
        let text = format!("{signed}a1b2");
        let signature = STANDARD.encode(mac::<Hmac<Sha1>>(b"s", text.as_bytes()));
        let verdict = check_at(b"s", requested, BODY, &signature);
        assert_eq!(verdict.is_ok(), is_right, "{signed}");
        let bare = signature.trim_end_matches('=');
        assert_eq!(check_at(b"s", requested, BODY, bare).is_ok(), is_right);
    }
}

#[test]
fn a_secret_may_be_behind_the_name_of_a_scheme() {
    let of = |value: &str| {
        check(
            Signature::SecretInHeader,
            b"segredo",
            &[("Authorization", value.as_bytes())],
        )
    };
    for value in [
        "segredo",
        "Bearer segredo",
        "Token segredo",
        "ApiKey  segredo",
    ] {
        assert_eq!(of(value), Ok(()), "{value}");
    }
    for text in ["segredo", "nome:segredo", ":segredo"] {
        let value = format!("Basic {}", STANDARD.encode(text));
        assert_eq!(of(&value), Ok(()), "{text}");
    }
    for text in ["segredo:nome", "nome:segred", "nome:x:segredo", ""] {
        let value = format!("Basic {}", STANDARD.encode(text));
        assert!(of(&value).is_err(), "{text}");
    }
    let pair = format!("Basic {}", STANDARD.encode("nome:segredo"));
    let headers = [("Authorization", pair.as_bytes())];
    assert_eq!(
        check(Signature::SecretInHeader, b"nome:segredo", &headers),
        Ok(())
    );
    for empty in ["Basic ", "Basic Og==", "Bearer ", "Bearer"] {
        let headers = [("Authorization", empty.as_bytes())];
        assert!(check(Signature::SecretInHeader, b"", &headers).is_err());
    }
}
