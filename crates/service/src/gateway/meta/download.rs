//! The ways to a file, and the calls for it.

use url::Url;

use super::{Meta, VERSION};
use crate::clock::{MINUTE, Millis};
use crate::gateway::protocol::Download;
use crate::gateway::{
    Access, CallMethod, FileAnswer, FileCall, FileRequest, answers, at_own_address, segment,
};
use crate::model::{Reason, Route};

impl Download for Meta {
    fn file_call(&self, access: Access<'_>, request: &FileRequest<'_>) -> Option<FileCall> {
        let id = segment(request.media_id?);
        let path = if self.is_signed {
            format!("{VERSION}/{id}")
        } else {
            id
        };
        Some(FileCall::Ask(self.call(CallMethod::Get, path, access)))
    }

    fn read_file_answer(&self, status: u16, body: &[u8]) -> Result<FileAnswer, Reason> {
        answers::file(status, body, &["url"], &[])
    }

    fn file_headers(&self, access: Access<'_>) -> Vec<(&'static str, String)> {
        vec![self.authorization(access)]
    }

    fn link_life(&self, _link: &str) -> Option<Millis> {
        Some(5 * MINUTE)
    }

    fn file_domains(&self) -> &'static [&'static str] {
        if self.is_signed {
            &["fbsbx.com", "facebook.com"]
        } else {
            &[]
        }
    }

    /// 360dialog hands out Meta's link, whose host must be replaced by its own.
    fn file_url(&self, link: &str, api_base: &Url) -> Option<Url> {
        let url = Url::parse(link).ok()?;
        if self.is_signed {
            return Some(url);
        }
        Some(at_own_address(&url, api_base))
    }

    fn default_api_base(&self) -> &'static str {
        if self.is_signed {
            "https://graph.facebook.com"
        } else {
            "https://waba-v2.360dialog.io"
        }
    }

    fn known_domains(&self) -> &'static [&'static str] {
        &["fbsbx.com", "facebook.com", "whatsapp.net", "360dialog.io"]
    }

    fn file_paths(&self) -> &'static [&'static str] {
        &["/whatsapp_business/"]
    }

    fn routes(&self) -> &'static [Route] {
        &[Route::Link, Route::Gateway]
    }
}
