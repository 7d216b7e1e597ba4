//! Refused deliveries, as `check`, `doctor` and `instance show` report them.

use std::fmt::Display;

use super::language::Language;
use super::words::{Words, refusals as words};
use super::zone;
use midiateca_service::instances::{Refusal, RefusalReason};
use midiateca_service::model::InstanceId;
use midiateca_service::ops::status::RefusedDeliveries;

/// The instance, or else the gateway.
pub(super) fn about(refused: &RefusedDeliveries) -> String {
    let gateway = refused.gateway.unwrap_or("webhooks");
    let instance = refused.instance.as_deref();
    instance.unwrap_or(gateway).to_owned()
}

/// How many since when, and why.
pub(super) fn seen(refused: &RefusedDeliveries, lang: Language) -> String {
    let why = fill(refused, lang, why(refused.refusal.reason));
    let (since, last) = (zone::local(refused.first_at), zone::local(refused.last_at));
    let values: [(&str, &dyn Display); 4] = [
        ("count", &refused.count),
        ("since", &since),
        ("last", &last),
        ("why", &why),
    ];
    let are_connections = refused.refusal.reason == RefusalReason::TooManyConnections;
    let words = match (are_connections, refused.count) {
        (false, 1) => words::ONE,
        (false, _) => words::MANY,
        (true, 1) => words::ONE_CONNECTION,
        (true, _) => words::MANY_CONNECTIONS,
    };
    lang.fill(words, &values)
}

/// What to do about it.
pub(super) fn hint(refused: &RefusedDeliveries, lang: Language) -> String {
    fill(refused, lang, hint_of(&refused.refusal))
}

/// All of it in one sentence.
pub(super) fn sentence(refused: &RefusedDeliveries, lang: Language) -> String {
    let (about, seen, hint) = (about(refused), seen(refused, lang), hint(refused, lang));
    let values: [(&str, &dyn Display); 3] = [("about", &about), ("seen", &seen), ("hint", &hint)];
    lang.fill(words::SENTENCE, &values)
}

fn fill(refused: &RefusedDeliveries, lang: Language, words: Words) -> String {
    let refusal = &refused.refusal;
    let gateway = refusal.gateway.map_or("wapi", |gateway| gateway.as_str());
    let id = |id: &Option<InstanceId>| id.as_ref().map_or("ID", InstanceId::as_str).to_owned();
    let (instance, address_of) = (id(&refusal.instance), id(&refusal.address_of));
    let values: [(&str, &dyn Display); 3] = [
        ("instance", &instance),
        ("address_of", &address_of),
        ("gateway", &gateway),
    ];
    lang.fill(words, &values)
}

fn why(reason: RefusalReason) -> Words {
    match reason {
        RefusalReason::MissingToken => words::MISSING_TOKEN,
        RefusalReason::WrongToken => words::WRONG_TOKEN,
        RefusalReason::ReplacedToken => words::REPLACED_TOKEN,
        RefusalReason::RemovedInstance => words::REMOVED_INSTANCE,
        RefusalReason::OtherInstance => words::OTHER_INSTANCE,
        RefusalReason::UnknownInstance => words::UNKNOWN_INSTANCE,
        RefusalReason::UnknownGateway => words::UNKNOWN_GATEWAY,
        RefusalReason::BodyTooLarge => words::BODY_TOO_LARGE,
        RefusalReason::UnsupportedMediaType => words::UNSUPPORTED_MEDIA_TYPE,
        RefusalReason::TooManyConnections => words::TOO_MANY_CONNECTIONS,
    }
}

fn hint_of(refusal: &Refusal) -> Words {
    match refusal.reason {
        RefusalReason::MissingToken | RefusalReason::WrongToken if refusal.instance.is_none() => {
            words::FIND_INSTANCE
        }
        RefusalReason::MissingToken
        | RefusalReason::WrongToken
        | RefusalReason::ReplacedToken
        | RefusalReason::OtherInstance => words::PASTE_ADDRESS,
        RefusalReason::RemovedInstance => words::REMOVE_OR_ADD,
        RefusalReason::UnknownInstance => words::ADD_INSTANCE,
        RefusalReason::UnknownGateway => words::CORRECT_ADDRESS,
        RefusalReason::BodyTooLarge => words::RAISE_LIMIT,
        RefusalReason::UnsupportedMediaType => words::SEND_PLAIN,
        RefusalReason::TooManyConnections => words::RAISE_CONNECTIONS,
    }
}
