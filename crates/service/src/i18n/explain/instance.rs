//! An instance that cannot be added as it is given.

use std::fmt::Display;

use super::super::Language;
use super::super::keys::errors as words;
use super::Cause;
use super::ground::db;
use crate::gateway::Gateway;
use crate::ops::instance::AddError;
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
