//! The ways to a file, and the calls for it.

use url::Url;

use super::Waha;
use crate::clock::{Millis, SECOND};
use crate::gateway::protocol::Download;
use crate::gateway::{
    Access, Call, CallMethod, FileAnswer, FileCall, FileRequest, answers, at_own_address, segment,
};
use crate::model::{Reason, Route};

impl Download for Waha {
    /// Makes WAHA download the file again; the answer has a new link.
    fn file_call(&self, access: Access<'_>, request: &FileRequest<'_>) -> Option<FileCall> {
        let parts = [access.instance, request.chat?, request.message_id].map(segment);
        let [session, chat, message] = parts;
        let path = format!("api/{session}/chats/{chat}/messages/{message}?downloadMedia=true");
        Some(FileCall::Ask(Call::new(
            CallMethod::Get,
            path,
            ("x-api-key", access.token),
        )))
    }

    /// NOWEB asks the phone like Baileys, GOWS since 2026.4.3.
    fn reupload_call(&self, access: Access<'_>, request: &FileRequest<'_>) -> Option<FileCall> {
        self.file_call(access, request)
    }

    fn read_file_answer(&self, status: u16, body: &[u8]) -> Result<FileAnswer, Reason> {
        answers::file(status, body, &["url"], &[])
    }

    fn file_headers(&self, access: Access<'_>) -> Vec<(&'static str, String)> {
        vec![("x-api-key", access.token.to_owned())]
    }

    /// Its own files; those that it uploads to a storage stay longer.
    fn link_life(&self, link: &str) -> Option<Millis> {
        link.contains("/api/files/").then_some(180 * SECOND)
    }

    /// WAHA writes the name by which it knows itself, which may not be that of the configured address.
    fn file_url(&self, link: &str, api_base: &Url) -> Option<Url> {
        let url = Url::parse(link).ok()?;
        if !url.path().starts_with("/api/files/") {
            return Some(url);
        }
        Some(at_own_address(&url, api_base))
    }

    /// Its links die after 180 seconds, so they come first.
    fn file_paths(&self) -> &'static [&'static str] {
        &["/api/files/"]
    }

    fn routes(&self) -> &'static [Route] {
        &[Route::Inline, Route::Link, Route::Cdn, Route::Gateway]
    }
}
