//! The ways to a file, and the calls for it.

use serde_json::json;

use super::{EvolutionGo, call};
use crate::gateway::protocol::Download;
use crate::gateway::{Access, CallMethod, FileCall, FileRequest, baileys, whatsmeow};
use crate::model::Route;

impl Download for EvolutionGo {
    /// It knows image, video, audio, document and sticker messages; a round video is given as a video.
    fn file_call(&self, access: Access<'_>, request: &FileRequest<'_>) -> Option<FileCall> {
        let (name, _) = baileys::file_of(request)?;
        let file = whatsmeow::file_of(request)?;
        let call = call(CallMethod::Post, "message/downloadmedia", access);
        Some(FileCall::Ask(
            call.with_body(json!({"message": { name: file }})),
        ))
    }

    fn routes(&self) -> &'static [Route] {
        &[Route::Inline, Route::Cdn, Route::Link, Route::Gateway]
    }
}
