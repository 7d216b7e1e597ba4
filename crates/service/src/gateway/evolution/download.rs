//! The ways to a file, and the calls for it.

use serde_json::json;

use super::Evolution;
use crate::gateway::protocol::Download;
use crate::gateway::{Access, Call, CallMethod, FileCall, FileRequest, baileys, segment};
use crate::model::Route;

impl Download for Evolution {
    /// The message is built from its row, so the call works after the delivery was pruned, and its wrappers are gone.
    fn file_call(&self, access: Access<'_>, request: &FileRequest<'_>) -> Option<FileCall> {
        let mut key =
            json!({"id": request.message_id, "remoteJid": request.chat, "fromMe": request.from_me});
        if let Some(participant) = request.participant {
            key["participant"] = participant.into();
        }
        let mut message = json!({"key": key});
        if let Some((name, file)) = baileys::file_of(request) {
            message["message"] = json!({ name: file });
            message["messageType"] = name.into();
        }
        let path = format!(
            "chat/getBase64FromMediaMessage/{}",
            segment(access.instance)
        );
        let call = Call::new(CallMethod::Post, path, ("apikey", access.token));
        Some(FileCall::Ask(call.with_body(
            json!({"message": message, "convertToMp4": false}),
        )))
    }

    /// Baileys asks the phone when the CDN answers 404 or 410, for which it needs the key, and in groups the sender.
    fn reupload_call(&self, access: Access<'_>, request: &FileRequest<'_>) -> Option<FileCall> {
        baileys::file_of(request)?;
        self.file_call(access, request)
    }

    fn routes(&self) -> &'static [Route] {
        &[Route::Inline, Route::Cdn, Route::Link, Route::Gateway]
    }
}

#[cfg(test)]
mod tests {
    use wa_media::{FoundMedia, KeyKind, MediaKey, MediaKind};

    use super::*;
    use crate::gateway::fields::Object;

    #[test]
    fn the_phone_is_asked_with_the_sender_in_a_group_and_never_without_a_key() {
        let access = Access {
            instance: "loja",
            token: "chave",
            secret: None,
        };
        let mut found = FoundMedia::of_fields(MediaKind::Image, &Object::new());
        let asks = |request: &FileRequest<'_>| match Evolution.reupload_call(access, request) {
            Some(FileCall::Ask(call)) => call.body,
            _ => None,
        };
        assert_eq!(asks(&FileRequest::of("A", None, &found)), None);
        found.media_key = Some(MediaKey::new([7; 32]));
        found.key_kind = KeyKind::from(MediaKind::Image);
        found.direct_path = Some("/v/x".to_owned());
        let request = FileRequest {
            chat: Some("1@g.us"),
            participant: Some("2@lid"),
            ..FileRequest::of("A", None, &found)
        };
        let body = asks(&request).unwrap();
        let key =
            json!({"id": "A", "remoteJid": "1@g.us", "fromMe": false, "participant": "2@lid"});
        assert_eq!(body["message"]["key"], key);
    }
}
