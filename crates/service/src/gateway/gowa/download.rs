//! The ways to a file, and the calls for it.

use url::Url;

use super::{Gowa, call};
use crate::gateway::protocol::Download;
use crate::gateway::{Access, CallMethod, FileAnswer, FileCall, FileRequest, answers, segment};
use crate::model::{Reason, Route};

impl Download for Gowa {
    /// `phone` must be the id of the chat.
    fn file_call(&self, access: Access<'_>, request: &FileRequest<'_>) -> Option<FileCall> {
        let [message, chat] = [request.message_id, request.chat?].map(segment);
        let path = format!("message/{message}/download?phone={chat}");
        Some(FileCall::Ask(call(CallMethod::Get, path, access)))
    }

    fn read_file_answer(&self, status: u16, body: &[u8]) -> Result<FileAnswer, Reason> {
        answers::file(status, body, &["file_path", "file_url"], &[])
    }

    /// A path below the gateway's address; `http://…/statics/` is also one, by the name that the gateway gives itself.
    fn file_url(&self, link: &str, api_base: &Url) -> Option<Url> {
        let absolute = Url::parse(link).ok().filter(|url| url.has_host());
        if let Some(url) = absolute
            .as_ref()
            .filter(|url| !url.path().starts_with("/statics/"))
        {
            return Some(url.clone());
        }
        let path = absolute.as_ref().map_or(link, |url| url.path());
        let base = api_base.as_str().trim_end_matches('/');
        let url = Url::parse(&format!("{base}/{}", path.trim_start_matches('/'))).ok()?;
        (url.origin() == api_base.origin()).then_some(url)
    }

    fn file_paths(&self) -> &'static [&'static str] {
        &["/statics/"]
    }

    fn routes(&self) -> &'static [Route] {
        &[Route::Link, Route::Gateway]
    }
}
