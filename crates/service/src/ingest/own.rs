//! The account's own messages where the gateway does not mark them.

use crate::gateway::ParsedDelivery;
use crate::instances::Instance;
use crate::model::contact::phone_of;

/// Marks messages whose sender is the number that the instance is named by. GOWA 6 says nothing of whose messages those in groups
/// are.
pub(super) fn mark(readings: &mut [ParsedDelivery], instance: &Instance) {
    mark_named(readings, [instance.id.as_str(), instance.name_at_gateway()]);
}

fn mark_named(readings: &mut [ParsedDelivery], names: [&str; 2]) {
    let numbers = names.map(phone_of);
    for reading in readings {
        let origin = &mut reading.message.origin;
        let sender = origin.sender.id.as_deref().and_then(phone_of);
        origin.from_me |= sender.is_some() && numbers.contains(&sender);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::Gateway;
    use serde_json::json;

    #[test]
    fn own_messages_in_groups_of_gowa_6_are_known_by_the_number_of_the_instance() {
        for (names, sender, is_own) in [
            (
                ["loja", "5548900000900"],
                "5548900000900:3@s.whatsapp.net",
                true,
            ),
            (["5548900000900", "x"], "5548900000900@s.whatsapp.net", true),
            (
                ["+5548900000900", "loja"],
                "5548900000900@s.whatsapp.net",
                true,
            ),
            (
                ["loja", "5548900000900@s.whatsapp.net"],
                "5548900000900@s.whatsapp.net",
                true,
            ),
            (
                ["loja", "5548900000900"],
                "5548900000101@s.whatsapp.net",
                false,
            ),
            (["loja", "5548900000900"], "5548900000900@lid", false),
            (["loja", "loja"], "5548900000900@s.whatsapp.net", false),
        ] {
            let body = json!({"from": format!("{sender} in 120363000000000201@g.us"), "pushname": "x",
                "message": {"id": "3A"}, "timestamp": "2026-09-21T14:13:20Z",
                "image": {"media_path": "statics/media/a.jpe", "mime_type": "image/jpeg"}});
            let mut readings = Gateway::Gowa.read(body.to_string().as_bytes()).unwrap();
            mark_named(&mut readings, names);
            assert_eq!(
                readings[0].message.origin.from_me, is_own,
                "{names:?} {sender}"
            );
            assert!(readings[0].message.origin.is_group);
        }
    }
}
