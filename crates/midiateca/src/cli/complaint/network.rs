//! What others did not answer, or were not asked.

use super::Told;
use crate::cli::language::Language;
use crate::cli::panel;
use crate::cli::words::errors as words;
use midiateca_service::net::{self, guard};
use midiateca_service::secrets;

pub(super) fn fetch(error: &net::Error, lang: Language) -> Told {
    use net::Error as E;
    match error {
        E::Refused(_) => Told::new(lang, words::REFUSED, &[]),
        E::Unreachable(_) => Told::with(lang, words::UNREACHABLE, words::LOOK_AT_NETWORK, &[]),
        E::TimedOut => Told::with(lang, words::TIMED_OUT, words::LOOK_AT_NETWORK, &[]),
        E::Status { status, .. } => Told::new(lang, words::STATUS, &[("status", status)]),
        E::CutShort(_) => Told::with(lang, words::CUT_SHORT, words::LOOK_AT_NETWORK, &[]),
        E::EndedEarly => Told::with(lang, words::ENDED_EARLY, words::LOOK_AT_NETWORK, &[]),
        E::UnknownCoding(coding) => {
            Told::new(lang, words::UNKNOWN_CODING, &[("coding", &coding.0)])
        }
        E::Undecodable(_) => Told::new(lang, words::UNDECODABLE, &[]),
        E::ProxyAuthorization => {
            Told::with(lang, words::PROXY_AUTHORIZATION, words::SET_PROXY, &[])
        }
        E::TooLarge { limit } => Told::new(lang, words::TOO_LARGE, &[("limit", limit)]),
    }
}

pub(super) fn proxy(error: &net::proxy::InvalidProxy, lang: Language) -> Told {
    let variable = error.variable;
    let values: [(&str, &dyn std::fmt::Display); 1] = [("variable", &variable)];
    Told::with(lang, words::UNUSABLE_PROXY, words::SET_PROXY, &values)
}

pub(super) fn unresolved(_: &net::Unresolved, lang: Language) -> Told {
    Told::new(lang, words::UNRESOLVED, &[])
}

pub(super) fn guard(error: &guard::Error, lang: Language) -> Told {
    use guard::Error as E;
    match error {
        E::NotAUrl => Told::new(lang, words::NOT_A_URL, &[]),
        E::Scheme => Told::new(lang, words::SCHEME, &[]),
        E::Host(host) => Told::with(lang, words::HOST, words::ALLOW_HOST, &[("host", host)]),
        E::NotPublic(address) => Told::new(lang, words::NOT_PUBLIC, &[("address", address)]),
        E::NoPublicAddress => Told::new(lang, words::NO_PUBLIC_ADDRESS, &[]),
        E::TooManyRedirects => Told::new(lang, words::REDIRECTS, &[]),
    }
}

pub(super) fn panel(error: &panel::Error, lang: Language) -> Told {
    use panel::Error as E;
    let look = words::LOOK_AT_INSTANCE;
    match error {
        E::NoToken => Told::with(lang, words::NO_TOKEN, words::ADD_TOKEN, &[]),
        E::Sealed(secrets::Error::Missing { .. }) => Told::new(lang, words::TOKEN_SEALED, &[]),
        E::Sealed(_) => Told::with(lang, words::TOKEN_SEALED, words::KEY_OR_TOKEN, &[]),
        E::Base => Told::with(lang, words::API_BASE, words::SET_API_BASE, &[]),
        E::Silent(_) => Told::with(lang, words::GATEWAY_SILENT, look, &[]),
        E::Status { status, .. } => {
            Told::with(lang, words::GATEWAY_STATUS, look, &[("status", status)])
        }
        E::NotJson => Told::with(lang, words::GATEWAY_NOT_JSON, look, &[]),
        E::Refused(_) => {
            let named = error.named();
            Told::with(lang, words::GATEWAY_REFUSES, look, &[("named", &named)])
        }
        E::Empty => Told::with(lang, words::GATEWAY_EMPTY, look, &[]),
        E::Other(_) => {
            let named = error.named();
            Told::with(lang, words::GATEWAY_OTHER, look, &[("named", &named)])
        }
    }
}
