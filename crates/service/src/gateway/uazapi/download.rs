//! The ways to a file, and the calls for it.

use serde_json::json;

use super::{Uazapi, call};
use crate::gateway::protocol::Download;
use crate::gateway::{Access, CallMethod, FileAnswer, FileCall, FileRequest, answers};
use crate::model::{Reason, Route};

impl Download for Uazapi {
    fn file_call(&self, access: Access<'_>, request: &FileRequest<'_>) -> Option<FileCall> {
        let call = call(CallMethod::Post, "message/download", access);
        let body = json!({"id": request.message_id, "return_link": true, "return_base64": false, "generate_mp3": false});
        Some(FileCall::Ask(call.with_body(body)))
    }

    fn read_file_answer(&self, status: u16, body: &[u8]) -> Result<FileAnswer, Reason> {
        answers::file(status, body, &["fileURL", "url"], &["base64Data"])
    }

    fn routes(&self) -> &'static [Route] {
        &[Route::Inline, Route::Cdn, Route::Link, Route::Gateway]
    }
}
