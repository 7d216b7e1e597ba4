//! Whether a delivery is from the gateway: the rules of each gateway over the raw bytes and headers.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value as Json;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha512};
use subtle::ConstantTimeEq as _;

use super::fields::Object;
use super::mask::Taken;
use super::wide_text::WideForm;
use crate::clock::{MINUTE, Millis, SECOND};
use crate::model::DeliveryReason;

/// How a gateway proves that a delivery is its own, when the instance has a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// Only the token in the address.
    None,
    /// The secret itself in any header, as it is or as a bearer token; or a bearer token signed with it (JWT, HS256).
    SecretInHeader,
    /// HMAC-SHA256 of the body in hexadecimal, perhaps after `sha256=`.
    HmacSha256 { header: &'static str },
    /// HMAC-SHA512 of the body in hexadecimal.
    HmacSha512 { header: &'static str },
    /// Base64 of HMAC-SHA1 over the address and the sorted fields of the form, in `X-Twilio-Signature`.
    Twilio,
}

/// Why a delivery is not accepted as the gateway's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It has no signature.
    Unsigned,
    /// The signature is not that of this body and secret.
    Wrong,
    /// The token was signed for another time.
    Expired,
}

impl From<Refusal> for DeliveryReason {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unsigned => Self::Unsigned,
            Refusal::Wrong => Self::WrongSignature,
            Refusal::Expired => Self::ExpiredSignature,
        }
    }
}

/// The headers of a delivery; names in lower case.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    pub fn new<'a>(headers: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let headers = headers.into_iter().map(|(name, value)| {
            // Bytes that are not UTF-8 are ISO 8859-1, as HTTP once defined.
            let value = match std::str::from_utf8(value) {
                Ok(text) => text.to_owned(),
                Err(_) => value.iter().copied().map(char::from).collect(),
            };
            (name.to_ascii_lowercase(), value.trim().to_owned())
        });
        Self(headers.collect())
    }

    /// The values of a header.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(known, _)| known == name);
        named.map(|(_, value)| value.as_str())
    }

    /// All names and values.
    #[cfg(test)]
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether one of the headers looks like a token's.
    fn has_token(&self) -> bool {
        self.0
            .iter()
            .any(|(name, _)| name.ends_with("token") || name.ends_with("apikey"))
    }

    /// Only the headers that a signature may be in: all short ones that are not of every request.
    #[must_use]
    pub fn of_signature(mut self) -> Self {
        self.0.retain(|(name, value)| {
            !COMMON_HEADERS.contains(&name.as_str()) && value.len() <= LONGEST_HEADER_BYTES
        });
        self.0.truncate(MOST_HEADERS);
        self
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        let mut named = self.0.iter().filter(|(known, _)| known == name);
        named.next().map(|(_, value)| value.as_str())
    }
}

/// A token of Evolution API is valid for ten minutes; clocks may differ by this much.
const CLOCK_SKEW: Millis = 2 * MINUTE;
/// Headers of every request, which are not kept.
const COMMON_HEADERS: &[&str] = &[
    "accept",
    "accept-encoding",
    "accept-language",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "host",
    "transfer-encoding",
    "user-agent",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
];
/// Of a delivery that is refused for its signature, so many headers are kept to check it again.
const MOST_HEADERS: usize = 32;
const LONGEST_HEADER_BYTES: usize = 4 << 10;
/// Longer bodies are no form of Twilio.
const LONGEST_FORM_BYTES: usize = 1 << 20;

/// A repeated header may have so many signatures.
const MOST_SIGNATURES: usize = 8;

/// Checks one delivery while its body arrives.
#[derive(Clone)]
pub struct Verifier {
    checks: Checks,
}

#[derive(Clone)]
enum Checks {
    Decided(Result<(), Refusal>),
    /// One for each form of the secret, and the signatures of which one must be right.
    Sha256(Vec<Hmac<Sha256>>, Vec<Vec<u8>>),
    Sha512(Vec<Hmac<Sha512>>, Vec<Vec<u8>>),
    Twilio(Box<TwilioCheck>),
}

#[derive(Clone)]
struct TwilioCheck {
    keys: Vec<Hmac<Sha1>>,
    signatures: Vec<Vec<u8>>,
    urls: Vec<String>,
    form: Vec<u8>,
    is_too_long: bool,
    /// Of the body. That of JSON is in the address.
    hash: Sha256,
}

impl Verifier {
    /// `urls` are the addresses that the sender may have requested, with their query.
    pub fn new(
        signature: Signature,
        secret: &[u8],
        headers: &Headers,
        urls: &[&str],
        now: Millis,
    ) -> Self {
        let checks = match signature {
            Signature::None => Checks::Decided(Ok(())),
            Signature::SecretInHeader => Checks::Decided(secret_in_header(secret, headers, now)),
            Signature::HmacSha256 { header } => {
                Checks::Sha256(keyed(secret), signatures(headers, header, digest))
            }
            Signature::HmacSha512 { header } => {
                Checks::Sha512(keyed(secret), signatures(headers, header, digest))
            }
            Signature::Twilio => Checks::Twilio(Box::new(TwilioCheck {
                keys: keyed(secret),
                signatures: signatures(headers, "x-twilio-signature", base64),
                urls: urls.iter().flat_map(|url| spellings(url)).collect(),
                form: Vec::new(),
                is_too_long: false,
                hash: Sha256::new(),
            })),
        };
        Self { checks }
    }

    /// Takes the next bytes of what may be signed.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.checks {
            Checks::Decided(_) => {}
            Checks::Sha256(macs, _) => macs.iter_mut().for_each(|mac| mac.update(bytes)),
            Checks::Sha512(macs, _) => macs.iter_mut().for_each(|mac| mac.update(bytes)),
            Checks::Twilio(check) => {
                sha2::Digest::update(&mut check.hash, bytes);
                check.is_too_long |= check.form.len() + bytes.len() > LONGEST_FORM_BYTES;
                if !check.is_too_long {
                    check.form.extend_from_slice(bytes);
                }
            }
        }
    }

    pub fn finish(self) -> Result<(), Refusal> {
        match self.checks {
            Checks::Decided(verdict) => verdict,
            Checks::Sha256(macs, given) => compare(macs, &given),
            Checks::Sha512(macs, given) => compare(macs, &given),
            Checks::Twilio(check) => check.finish(),
        }
    }

    /// The verdict of several: one of them has to be right.
    pub fn any(verifiers: impl IntoIterator<Item = Self>) -> Result<(), Refusal> {
        let mut verdict = Err(Refusal::Unsigned);
        for verifier in verifiers {
            match (verifier.finish(), verdict) {
                (Ok(()), _) => return Ok(()),
                (Err(refusal), Err(Refusal::Unsigned)) => verdict = Err(refusal),
                _ => {}
            }
        }
        verdict
    }
}

impl TwilioCheck {
    fn finish(self) -> Result<(), Refusal> {
        let hash = self.hash.finalize();
        let is_hashed = |url: &&String| hash_in_query(url).is_some_and(|given| given == *hash);
        let (hashed, urls): (Vec<_>, Vec<_>) = self.urls.iter().partition(is_hashed);
        let fields = sorted_fields(&self.form);
        // Of a form that is too long the fields are unknown.
        // Without fields, the signature of an address with a hash is that of the body with that hash.
        let may_be_form = |url: &&String| !fields.is_empty() || hash_in_query(url).is_none();
        let urls = urls
            .into_iter()
            .filter(|_| !self.is_too_long)
            .filter(may_be_form);
        let none: &[(String, String)] = &[];
        let signed = hashed.into_iter().map(|url| (url, none));
        let signed = signed.chain(urls.map(|url| (url, &fields[..])));
        let macs = signed.flat_map(|(url, fields)| {
            self.keys.iter().map(move |key| {
                let mut mac = key.clone();
                mac.update(url.as_bytes());
                for (name, value) in fields {
                    mac.update(name.as_bytes());
                    mac.update(value.as_bytes());
                }
                mac
            })
        });
        compare(macs.collect(), &self.signatures)
    }
}

/// All signatures in a header, which may be repeated, or joined with commas by a proxy. What is no signature fits nothing.
fn signatures(headers: &Headers, name: &str, decode: fn(&str) -> Vec<u8>) -> Vec<Vec<u8>> {
    let values = headers.all(name).flat_map(|value| value.split(','));
    let given = values.map(str::trim).filter(|value| !value.is_empty());
    given.take(MOST_SIGNATURES).map(decode).collect()
}

/// The secret as it is, and without blanks around it, which come from copying it. An empty one fits nothing.
fn forms_of(secret: &[u8]) -> impl Iterator<Item = &[u8]> {
    let bare = match std::str::from_utf8(secret) {
        Ok(text) => text.trim().as_bytes(),
        Err(_) => secret.trim_ascii(),
    };
    let forms = [Some(secret), Some(bare).filter(|bare| *bare != secret)];
    forms.into_iter().flatten().filter(|_| !bare.is_empty())
}

fn keyed<M: hmac::digest::KeyInit>(secret: &[u8]) -> Vec<M> {
    let keyed = forms_of(secret).filter_map(|secret| M::new_from_slice(secret).ok());
    keyed.collect()
}

fn compare<M: hmac::Mac>(macs: Vec<M>, given: &[Vec<u8>]) -> Result<(), Refusal> {
    if given.is_empty() {
        return Err(Refusal::Unsigned);
    }
    let mut is_right = false;
    for mac in macs {
        let wanted = mac.finalize().into_bytes();
        for given in given {
            is_right |= bool::from(wanted.ct_eq(given.as_slice()));
        }
    }
    is_right.then_some(()).ok_or(Refusal::Wrong)
}

/// The names of hashes before a signature, without hyphens.
const SCHEMES: &[&str] = &["sha256", "sha512", "hmacsha256", "hmacsha512"];

/// A signature in hexadecimal or base64, perhaps after the name of the hash such as `sha256=`; none when it is something else.
fn digest(text: &str) -> Vec<u8> {
    let is_scheme = |scheme: &str| {
        let scheme = scheme.trim().replace(['-', '_'], "").to_ascii_lowercase();
        SCHEMES.contains(&scheme.as_str())
    };
    let value = match text.split_once('=') {
        Some((scheme, value)) if is_scheme(scheme) => value.trim(),
        _ => text,
    };
    let bytes = hexadecimal(value);
    if bytes.is_empty() {
        return base64(value);
    }
    bytes
}

/// Base64 in either alphabet, padded or not; none when it is something else.
fn base64(text: &str) -> Vec<u8> {
    let text = text.trim_end_matches('=');
    let decoded = STANDARD_NO_PAD
        .decode(text)
        .or_else(|_| URL_SAFE_NO_PAD.decode(text));
    decoded.unwrap_or_default()
}

fn hexadecimal(digits: &str) -> Vec<u8> {
    let pair = |at: usize| u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok();
    let is_even = digits.is_ascii() && digits.len().is_multiple_of(2);
    let bytes: Option<Vec<u8>> = (0..digits.len() / 2).map(pair).collect();
    bytes.filter(|_| is_even).unwrap_or_default()
}

fn is_same(a: &[u8], b: &[u8]) -> bool {
    // Hashes have the same length, so that the time does not depend on the secret's.
    Sha256::digest(a).ct_eq(&Sha256::digest(b)).into()
}

/// The forms in which a header may have a secret: alone, behind the name of a scheme, and as name and password of basic
/// authentication.
fn credentials(value: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![value.as_bytes().to_vec()];
    if let Some((scheme, rest)) = value.split_once(' ') {
        let rest = rest.trim();
        forms.push(rest.as_bytes().to_vec());
        let decoded = if scheme.eq_ignore_ascii_case("basic") {
            base64(rest)
        } else {
            Vec::new()
        };
        let password = decoded.splitn(2, |byte| *byte == b':').nth(1);
        forms.extend(password.map(<[u8]>::to_vec));
        forms.push(decoded);
    }
    forms
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

fn secret_in_header(secret: &[u8], headers: &Headers, now: Millis) -> Result<(), Refusal> {
    let bare = |value: &str| {
        let values = credentials(value);
        let fitting = values
            .iter()
            .flat_map(|value| forms_of(secret).filter(move |secret| is_same(value, secret)));
        fitting.count() > 0
    };
    // Every header is compared, so that the time does not depend on which one fits.
    let fitting = headers.0.iter().filter(|(_, value)| bare(value)).count();
    if fitting > 0 {
        return Ok(());
    }
    let tokens: Vec<_> = headers.all("authorization").filter_map(bearer).collect();
    let signed = tokens.iter().filter(|token| token.split('.').count() == 3);
    let verdicts =
        signed.flat_map(|token| forms_of(secret).map(move |secret| verify_jwt(token, secret, now)));
    let best = verdicts.min_by_key(|verdict| match verdict {
        Ok(()) => 0,
        Err(Refusal::Expired) => 1,
        Err(_) => 2,
    });
    match best {
        Some(verdict) => verdict,
        None if tokens.is_empty() && !headers.has_token() => Err(Refusal::Unsigned),
        None => Err(Refusal::Wrong),
    }
}

/// A token of RFC 7519 with the algorithm HS256, and only that.
fn verify_jwt(token: &str, secret: &[u8], now: Millis) -> Result<(), Refusal> {
    let (signed, signature) = token.rsplit_once('.').ok_or(Refusal::Wrong)?;
    let (head, claims) = signed.split_once('.').ok_or(Refusal::Wrong)?;
    let decode = |text: &str| -> Option<Object> {
        let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
        serde_json::from_slice(&bytes).ok()
    };
    let head = decode(head).ok_or(Refusal::Wrong)?;
    if head.get("alg").and_then(Json::as_str) != Some("HS256") {
        return Err(Refusal::Wrong);
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(|_| Refusal::Wrong)?;
    mac.update(signed.as_bytes());
    let given = URL_SAFE_NO_PAD.decode(signature.trim_end_matches('='));
    mac.verify_slice(&given.unwrap_or_default())
        .map_err(|_| Refusal::Wrong)?;
    let claims = decode(claims).ok_or(Refusal::Wrong)?;
    let time = |name: &str| claims.get(name).and_then(Json::as_f64);
    let now = now as f64 / SECOND as f64;
    let skew = CLOCK_SKEW as f64 / SECOND as f64;
    // A token without an end would be valid for ever.
    let is_over = time("exp").is_none_or(|at| now > at + skew);
    let is_early = ["nbf", "iat"]
        .iter()
        .any(|name| time(name).is_some_and(|at| now < at - skew));
    if is_over || is_early {
        Err(Refusal::Expired)
    } else {
        Ok(())
    }
}

/// The fields of a form, sorted by name; equal pairs count once, as in Twilio's client libraries.
fn sorted_fields(form: &[u8]) -> Vec<(String, String)> {
    let fields = url::form_urlencoded::parse(form);
    let mut fields: Vec<_> = fields
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    fields.sort();
    fields.dedup();
    fields
}

/// An address as its sender may have signed it: client libraries differ in the port, and in how they encode the query.
fn spellings(address: &str) -> Vec<String> {
    let mut urls = with_and_without_port(address);
    if let Some((_, query)) = address.split_once('?') {
        let fields: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
        let join = |encode: fn(&str) -> String| {
            let fields = fields.iter();
            let fields = fields.map(|(name, value)| format!("{}={}", encode(name), encode(value)));
            fields.collect::<Vec<_>>().join("&")
        };
        let others = [join(super::segment), join(str::to_owned)];
        let others = others.iter().filter(|other| *other != query);
        let rewritten = urls.iter().flat_map(|url| {
            let before = url.split('?').next().unwrap_or_default();
            others.clone().map(move |query| format!("{before}?{query}"))
        });
        let rewritten: Vec<_> = rewritten.collect();
        urls.extend(rewritten);
    }
    urls
}

/// The hash of a JSON body, which its sender put into the address.
fn hash_in_query(url: &str) -> Option<Vec<u8>> {
    let (_, query) = url.split_once('?')?;
    let mut fields = url::form_urlencoded::parse(query.as_bytes());
    let (_, hash) = fields.find(|(name, _)| name.eq_ignore_ascii_case("bodySHA256"))?;
    Some(hexadecimal(&hash)).filter(|hash| !hash.is_empty())
}

/// An address as it is, without its port, and with the usual port: senders and proxies differ in it.
fn with_and_without_port(address: &str) -> Vec<String> {
    let mut urls = vec![address.to_owned()];
    let Some((scheme, rest)) = address.split_once("://") else {
        return urls;
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let usual = if scheme.eq_ignore_ascii_case("https") {
        443
    } else {
        80
    };
    match authority.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => {
            urls.push(format!("{scheme}://{host}{path}"))
        }
        _ => urls.push(format!("{scheme}://{authority}:{usual}{path}")),
    }
    urls
}

/// The values to check a signature again, besides the body as it is stored. It has secrets.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Signed {
    pub headers: Headers,
    /// The address that the sender requested, with its query.
    pub url: String,
    /// Other addresses that it may have requested: proxies change them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_urls: Vec<String>,
    /// The fields that are signed in place of a multipart body; only of one that was stored as JSON by an earlier version.
    #[serde(default)]
    pub fields: Option<String>,
    /// The boundary of a multipart body.
    #[serde(default)]
    pub boundary: Option<String>,
    /// How a body in UTF-16 or UTF-32 was written, if it is stored as UTF-8.
    #[serde(default)]
    pub wide: Option<WideForm>,
    /// The tokens that were in the body.
    #[serde(default)]
    pub taken: Vec<Taken>,
    /// Those in the part of it that is behind the limits.
    #[serde(default)]
    pub rest_taken: Vec<Taken>,
    /// The body as it came, in base64, if it was compressed: the stored one is not.
    #[serde(default)]
    pub coded: Option<String>,
}

impl Signed {
    pub fn verifier(&self, signature: Signature, secret: &str, now: Millis) -> Verifier {
        let urls = std::iter::once(&self.url).chain(&self.other_urls);
        let urls: Vec<_> = urls.map(String::as_str).collect();
        Verifier::new(signature, secret.as_bytes(), &self.headers, &urls, now)
    }
}
