//! What others did not answer, or were not asked.

use super::super::Language;
use super::super::keys::errors as words;
use super::Cause;
use crate::net::{self, guard};

pub(super) fn fetch(error: &net::Error, lang: Language) -> Cause {
    use net::Error as E;
    match error {
        E::Refused(_) => Cause::new(lang, words::ADDRESS_REFUSED, &[]),
        E::Unreachable(_) => Cause::with(lang, words::NO_ANSWER, words::LOOK_AT_NETWORK, &[]),
        E::TimedOut => Cause::with(lang, words::TIMED_OUT, words::LOOK_AT_NETWORK, &[]),
        E::Status { status, .. } => Cause::new(lang, words::HTTP_STATUS, &[("status", status)]),
        E::CutShort(_) => Cause::with(lang, words::CUT_SHORT, words::LOOK_AT_NETWORK, &[]),
        E::EndedEarly => Cause::with(lang, words::ENDED_EARLY, words::LOOK_AT_NETWORK, &[]),
        E::UnknownCoding(coding) => {
            Cause::new(lang, words::UNKNOWN_CODING, &[("coding", &coding.0)])
        }
        E::Undecodable(_) => Cause::new(lang, words::UNDECODABLE, &[]),
        E::ProxyAuthorization => {
            Cause::with(lang, words::PROXY_AUTHORIZATION, words::SET_PROXY, &[])
        }
        E::TooLarge { limit } => Cause::new(lang, words::ANSWER_TOO_LARGE, &[("limit", limit)]),
    }
}

pub(super) fn proxy(error: &net::proxy::InvalidProxy, lang: Language) -> Cause {
    let variable = error.variable;
    let values: [(&str, &dyn std::fmt::Display); 1] = [("variable", &variable)];
    Cause::with(lang, words::PROXY_UNUSABLE, words::SET_PROXY, &values)
}

pub(super) fn unresolved(_: &net::Unresolved, lang: Language) -> Cause {
    Cause::with(lang, words::NAME_UNRESOLVED, words::LOOK_AT_RESOLVER, &[])
}

pub(super) fn guard(error: &guard::Error, lang: Language) -> Cause {
    use guard::Error as E;
    match error {
        E::NotAUrl => Cause::new(lang, words::LINK_NOT_A_URL, &[]),
        E::Scheme => Cause::new(lang, words::LINK_SCHEME, &[]),
        E::Host(host) => Cause::with(
            lang,
            words::HOST_NOT_ALLOWED,
            words::ALLOW_HOST,
            &[("host", host)],
        ),
        E::NotPublic(address) => {
            Cause::new(lang, words::ADDRESS_NOT_PUBLIC, &[("address", address)])
        }
        E::NoPublicAddress => Cause::new(lang, words::NO_PUBLIC_ADDRESS, &[]),
        E::TooManyRedirects => Cause::new(lang, words::TOO_MANY_REDIRECTS, &[]),
    }
}
