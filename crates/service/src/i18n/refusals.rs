//! Refused deliveries, as text. Times are in `zone`.

use std::fmt::Display;

use super::keys::refusals as words;
use super::{Language, Reader, TextKey};
use crate::clock::Zone;
use crate::gateway::Gateway;
use crate::instances::{Refusal, RefusalReason};
use crate::model::InstanceId;
use crate::ops::status::RefusedDeliveries;

/// The instance, or else the gateway.
fn about(refused: &RefusedDeliveries) -> String {
    let Refusal {
        gateway, instance, ..
    } = &refused.refusal;
    let gateway = gateway.map_or("webhooks", Gateway::as_str);
    instance
        .as_ref()
        .map_or(gateway, InstanceId::as_str)
        .to_owned()
}

/// How many since when, and why.
pub fn seen(refused: &RefusedDeliveries, lang: Language, zone: &Zone) -> String {
    let why = fill(Reader::Program, refused, lang, why(refused.refusal.reason));
    let counted = &refused.counted;
    let (since, last) = (zone.local(counted.first_at), zone.local(counted.last_at));
    let values: [(&str, &dyn Display); 4] = [
        ("count", &counted.count),
        ("since", &since),
        ("last", &last),
        ("why", &why),
    ];
    let are_connections = refused.refusal.reason == RefusalReason::TooManyConnections;
    let words = match (are_connections, counted.count) {
        (false, 1) => words::ONE,
        (false, _) => words::MANY,
        (true, 1) => words::ONE_CONNECTION,
        (true, _) => words::MANY_CONNECTIONS,
    };
    lang.fill(words, &values)
}

pub fn hint(reader: Reader, refused: &RefusedDeliveries, lang: Language) -> String {
    fill(reader, refused, lang, hint_of(&refused.refusal))
}

/// With its instance or gateway.
pub fn sentence(
    reader: Reader,
    refused: &RefusedDeliveries,
    lang: Language,
    zone: &Zone,
) -> String {
    let (about, seen) = (about(refused), seen(refused, lang, zone));
    let hint = hint(reader, refused, lang);
    let values: [(&str, &dyn Display); 3] = [("about", &about), ("seen", &seen), ("hint", &hint)];
    lang.fill(words::SENTENCE, &values)
}

/// For an instance that is named already.
pub fn own(refused: &RefusedDeliveries, lang: Language, zone: &Zone) -> String {
    let (seen, hint) = (
        seen(refused, lang, zone),
        hint(Reader::Program, refused, lang),
    );
    lang.fill(words::OWN, &[("seen", &seen), ("hint", &hint)])
}

fn fill(reader: Reader, refused: &RefusedDeliveries, lang: Language, words: TextKey) -> String {
    let refusal = &refused.refusal;
    let id = |id: &Option<InstanceId>| id.as_ref().map_or("ID", InstanceId::as_str).to_owned();
    let (instance, address_of) = (id(&refusal.instance), id(&refusal.address_of));
    let values: [(&str, &dyn Display); 2] = [("instance", &instance), ("address_of", &address_of)];
    lang.fill_for(reader, words, &values)
}

fn why(reason: RefusalReason) -> TextKey {
    match reason {
        RefusalReason::MissingToken => words::MISSING_TOKEN,
        RefusalReason::WrongToken => words::WRONG_TOKEN,
        RefusalReason::WrongSignature => words::WRONG_SIGNATURE,
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

fn hint_of(refusal: &Refusal) -> TextKey {
    match refusal.reason {
        RefusalReason::MissingToken | RefusalReason::WrongToken if refusal.instance.is_none() => {
            words::FIND_INSTANCE
        }
        RefusalReason::MissingToken
        | RefusalReason::WrongToken
        | RefusalReason::ReplacedToken
        | RefusalReason::OtherInstance => words::PASTE_ADDRESS,
        RefusalReason::WrongSignature => words::CORRECT_SECRET,
        RefusalReason::RemovedInstance => words::REMOVE_OR_ADD,
        RefusalReason::UnknownInstance => words::ADD_INSTANCE,
        RefusalReason::UnknownGateway => words::CORRECT_ADDRESS,
        RefusalReason::BodyTooLarge => words::RAISE_LIMIT,
        RefusalReason::UnsupportedMediaType => words::SEND_PLAIN,
        RefusalReason::TooManyConnections => words::RAISE_CONNECTIONS,
    }
}
