//! The ways to a file, and the calls for it.

use super::{Wppconnect, call};
use crate::gateway::protocol::Download;
use crate::gateway::{Access, CallMethod, FileCall, FileRequest, segment};
use crate::model::Route;

impl Download for Wppconnect {
    fn file_call(&self, access: Access<'_>, request: &FileRequest<'_>) -> Option<FileCall> {
        let path = format!("get-media-by-message/{}", segment(request.message_id));
        Some(FileCall::Ask(call(CallMethod::Get, access, &path)))
    }

    fn routes(&self) -> &'static [Route] {
        &[Route::Inline, Route::Cdn, Route::Link, Route::Gateway]
    }
}
