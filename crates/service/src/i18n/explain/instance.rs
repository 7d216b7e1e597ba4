//! Instances, keys, users and endpoints that cannot be added as they are given.

use std::fmt::Display;

use super::super::Language;
use super::super::keys::errors as words;
use super::Cause;
use super::ground::{db, secrets};
use crate::access::password::{PasswordError, SHORTEST};
use crate::clock::rfc3339;
use crate::events::KINDS;
use crate::gateway::Gateway;
use crate::ops::endpoints::{EndpointError, LONGEST_URL};
use crate::ops::instance::{AddError, LONGEST_ID};
use crate::ops::keys::KeyError;
use crate::ops::users::UserError;
use crate::terminal::plain;

pub(super) fn add(error: &AddError, lang: Language) -> Cause {
    match error {
        AddError::UnknownGateway { name } => {
            let known: Vec<_> = Gateway::ALL.iter().map(|known| known.as_str()).collect();
            let (name, known) = (plain(name), known.join(", "));
            let values: [(&str, &dyn Display); 2] = [("name", &name), ("known", &known)];
            Cause::with(
                lang,
                words::UNKNOWN_GATEWAY,
                words::SUPPORTED_GATEWAYS,
                &values,
            )
        }
        AddError::UnknownClient { client } => Cause::with(
            lang,
            words::UNKNOWN_CLIENT,
            words::ADD_CLIENT,
            &[("client", client)],
        ),
        AddError::InvalidId => Cause::new(lang, words::INSTANCE_ID_INVALID, &[]),
        AddError::LongId => Cause::new(lang, words::INSTANCE_ID_LONG, &[("longest", &LONGEST_ID)]),
        AddError::OtherClient { id, client } => {
            let id = plain(id);
            let values: [(&str, &dyn Display); 2] = [("id", &id), ("client", client)];
            let hint = words::REMOVE_INSTANCE_FIRST;
            Cause::with(lang, words::INSTANCE_OF_OTHER_CLIENT, hint, &values)
        }
        AddError::InvalidAddress { url } => {
            let url = plain(url);
            let values: [(&str, &dyn Display); 1] = [("url", &url)];
            Cause::with(lang, words::ADDRESS_INVALID, words::WRITE_ADDRESS, &values)
        }
        AddError::InvalidRoutes { list } => {
            let list = plain(list);
            let values: [(&str, &dyn Display); 1] = [("list", &list)];
            Cause::with(lang, words::ROUTE_LIST_INVALID, words::ROUTES_ARE, &values)
        }
        AddError::NoSignature { gateway } => Cause::with(
            lang,
            words::GATEWAY_UNSIGNED,
            words::OMIT_SECRET,
            &[("gateway", gateway)],
        ),
        AddError::EmptySecret => Cause::new(lang, words::SECRET_EMPTY, &[]),
        AddError::EmptyToken => Cause::new(lang, words::TOKEN_EMPTY, &[]),
        AddError::TokenOfLines { at } => {
            Cause::with(lang, words::TOKEN_OF_LINES, words::ONE_LINE, &[("at", at)])
        }
        AddError::InvalidToken { at, code } => {
            let values: [(&str, &dyn Display); 2] = [("at", at), ("code", code)];
            Cause::with(lang, words::TOKEN_CHARACTER, words::COPY_TOKEN, &values)
        }
        AddError::Db(error) => db(error, lang),
    }
}

pub(super) fn key(error: &KeyError, lang: Language) -> Cause {
    match error {
        KeyError::Name => Cause::new(lang, words::KEY_NAME_INVALID, &[]),
        KeyError::Duration { text } => {
            let text = plain(text);
            Cause::new(lang, words::KEY_DURATION_INVALID, &[("text", &text)])
        }
        KeyError::Outlives { end } => {
            Cause::new(lang, words::KEY_OUTLIVES, &[("end", &rfc3339(*end))])
        }
        KeyError::NoClient { client } => Cause::with(
            lang,
            words::UNKNOWN_CLIENT,
            words::ADD_CLIENT,
            &[("client", client)],
        ),
        KeyError::Db(error) => db(error, lang),
    }
}

pub(super) fn user(error: &UserError, lang: Language) -> Cause {
    match error {
        UserError::Name => Cause::new(lang, words::USER_NAME_INVALID, &[]),
        UserError::NameOfClient { client } => {
            Cause::new(lang, words::USER_NAME_OF_CLIENT, &[("client", client)])
        }
        UserError::NameTaken { name } => {
            let name = plain(name);
            Cause::new(lang, words::USER_NAME_TAKEN, &[("name", &name)])
        }
        UserError::NoClient { client } => Cause::with(
            lang,
            words::UNKNOWN_CLIENT,
            words::ADD_CLIENT,
            &[("client", client)],
        ),
        UserError::KeyExpires => Cause::new(lang, words::KEY_MAKES_NO_ADMIN, &[]),
        UserError::Unknown => Cause::new(lang, words::USER_UNKNOWN, &[]),
        UserError::AdminIsOther => Cause::new(lang, words::ADMIN_IS_OTHER, &[]),
        UserError::LastAdmin => Cause::new(lang, words::LAST_ADMIN, &[]),
        UserError::Link => Cause::new(lang, words::SETUP_LINK_INVALID, &[]),
        UserError::NoName => Cause::new(lang, words::SETUP_LINK_FOR_WHOM, &[]),
        UserError::Password(error) => password(*error, lang),
        UserError::Db(error) => db(error, lang),
    }
}

pub(super) fn password(error: PasswordError, lang: Language) -> Cause {
    match error {
        PasswordError::Short => Cause::new(lang, words::PASSWORD_SHORT, &[("least", &SHORTEST)]),
        PasswordError::Long => Cause::new(lang, words::PASSWORD_LONG, &[]),
        PasswordError::IsName => Cause::new(lang, words::PASSWORD_IS_NAME, &[]),
        PasswordError::Busy => Cause::new(lang, words::PASSWORDS_BUSY, &[]),
    }
}

pub(super) fn endpoint(error: &EndpointError, lang: Language) -> Cause {
    match error {
        EndpointError::UnknownType { kind } => {
            let (name, known) = (plain(kind), KINDS.join(", "));
            let values: [(&str, &dyn Display); 2] = [("name", &name), ("known", &known)];
            Cause::new(lang, words::EVENT_TYPE_UNKNOWN, &values)
        }
        EndpointError::NoClient { client } => Cause::with(
            lang,
            words::UNKNOWN_CLIENT,
            words::ADD_CLIENT,
            &[("client", client)],
        ),
        EndpointError::TooLong => {
            let values: [(&str, &dyn Display); 1] = [("longest", &LONGEST_URL)];
            Cause::new(lang, words::ENDPOINT_ADDRESS_LONG, &values)
        }
        EndpointError::Address(_) => Cause::new(lang, words::ENDPOINT_ADDRESS_INVALID, &[]),
        EndpointError::Secrets(error) => secrets(error, lang),
        EndpointError::Db(error) => db(error, lang),
    }
}
