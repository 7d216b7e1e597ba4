//! The ways to a file, and the calls for it.

use super::{Quepasa, call};
use crate::gateway::protocol::Download;
use crate::gateway::{Access, CallMethod, FileCall, FileRequest, segment};
use crate::model::Route;

impl Download for Quepasa {
    fn file_call(&self, access: Access<'_>, request: &FileRequest<'_>) -> Option<FileCall> {
        let path = format!("download/{}", segment(request.message_id));
        Some(FileCall::Fetch(call(CallMethod::Get, &path, access)))
    }

    fn file_headers(&self, access: Access<'_>) -> Vec<(&'static str, String)> {
        vec![("x-quepasa-token", access.token.to_owned())]
    }

    fn file_paths(&self) -> &'static [&'static str] {
        &["/download/"]
    }

    fn routes(&self) -> &'static [Route] {
        &[Route::Link, Route::Gateway]
    }
}
