//! The ways to a file, and the calls for it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::{Wuzapi, call};
use crate::gateway::protocol::Download;
use crate::gateway::{Access, CallMethod, FileAnswer, FileCall, FileRequest, answers};
use crate::model::{Reason, Route};

impl Download for Wuzapi {
    fn file_call(&self, access: Access<'_>, request: &FileRequest<'_>) -> Option<FileCall> {
        let (key, path) = (request.media_key?, request.direct_path?);
        let hash = |hash: Option<&[u8; 32]>| hash.map(|hash| STANDARD.encode(hash));
        let body = json!({
            "Url": format!("https://mmg.whatsapp.net{path}"),
            "DirectPath": path,
            "MediaKey": STANDARD.encode(key.as_bytes()),
            "Mimetype": request.mime.unwrap_or("application/octet-stream"),
            "FileEncSHA256": hash(request.enc_sha256),
            "FileSHA256": hash(request.sha256),
            "FileLength": request.length_bytes,
        });
        let path = format!("chat/download{}", request.kind.as_str());
        let call = call(CallMethod::Post, &path, access);
        Some(FileCall::Ask(call.with_body(body)))
    }

    fn read_file_answer(&self, status: u16, body: &[u8]) -> Result<FileAnswer, Reason> {
        answers::file(status, body, &[], &["Data"])
    }

    fn routes(&self) -> &'static [Route] {
        &[Route::Inline, Route::Cdn, Route::Link, Route::Gateway]
    }
}
