//! Errors of calls to other servers.

use super::super::Language;
use super::super::keys::errors as words;
use super::Cause;
use crate::net::{self, guard};
use crate::ops::{gateway_admin, reconcile};
use crate::secrets;
use crate::terminal::plain;

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

pub(super) fn reconcile(error: &reconcile::Error, lang: Language) -> Cause {
    use reconcile::Error as E;
    match error {
        E::Gateway(error) => gateway_admin(error, lang),
        E::Db(error) => super::ground::db(error, lang),
        E::Body(_) => Cause::new(lang, words::DELIVERY_NOT_WRITTEN, &[]),
        E::NoHistory(gateway) => {
            Cause::new(lang, words::GATEWAY_NO_HISTORY, &[("gateway", gateway)])
        }
    }
}

pub(super) fn gateway_admin(error: &gateway_admin::Error, lang: Language) -> Cause {
    use gateway_admin::Error as E;
    let see = words::SEE_INSTANCE;
    match error {
        E::NoCall => Cause::with(lang, words::GATEWAY_NO_CALL, words::PASTE_ADDRESS, &[]),
        E::NoToken => Cause::with(lang, words::GATEWAY_TOKEN_MISSING, words::ADD_TOKEN, &[]),
        E::Sealed(secrets::Error::Missing { .. }) => {
            Cause::new(lang, words::GATEWAY_TOKEN_UNDECRYPTABLE, &[])
        }
        E::Sealed(_) => Cause::with(
            lang,
            words::GATEWAY_TOKEN_UNDECRYPTABLE,
            words::KEY_OR_TOKEN,
            &[],
        ),
        E::Base => Cause::with(lang, words::API_BASE_INVALID, words::SET_API_BASE, &[]),
        E::Silent(_) => Cause::with(lang, words::GATEWAY_SILENT, see, &[]),
        E::Status {
            status: 401 | 403, ..
        } => Cause::with(lang, words::GATEWAY_TOKEN_REFUSED, words::ADD_TOKEN, &[]),
        E::Status { status: 404, .. } => {
            Cause::with(lang, words::GATEWAY_INSTANCE_UNKNOWN, see, &[])
        }
        E::Status { status, .. } => {
            Cause::with(lang, words::GATEWAY_STATUS, see, &[("status", status)])
        }
        E::NotJson => Cause::with(lang, words::GATEWAY_NOT_JSON, see, &[]),
        E::Refused(said) => {
            let said = plain(said);
            Cause::with(lang, words::GATEWAY_REFUSES, see, &[("said", &said)])
        }
        E::Empty => Cause::with(lang, words::GATEWAY_EMPTY, see, &[]),
        E::Other(said) => {
            let said = plain(said);
            Cause::with(lang, words::GATEWAY_OTHER, see, &[("said", &said)])
        }
    }
}
