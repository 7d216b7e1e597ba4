//! A picture that is sent to try whether deliveries are stored.

use serde_json::{Value as Json, json};

/// A message with a picture.
pub struct Sample<'a> {
    /// The instance's id, or its name at the gateway if that is another.
    pub instance: &'a str,
    /// The message's id.
    pub id: &'a str,
    pub chat: &'a str,
    pub mime: &'a str,
    pub sha256: &'a str,
    pub base64: &'a str,
}

impl Sample<'_> {
    /// The description of the file in the message.
    pub(super) fn image(&self) -> Json {
        json!({"mimetype": self.mime, "fileSha256": self.sha256})
    }
}
