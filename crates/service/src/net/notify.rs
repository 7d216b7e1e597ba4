//! Posting to servers that are not trusted.

use http_body_util::Full;
use hyper::Method;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use tokio::time::Instant;

use super::guard::Guard;
use super::{
    CallResponse, EXCERPT_PATIENCE, Error, HttpClient, excerpt, request, retry_after, set_headers,
    unreachable,
};

impl HttpClient {
    /// Posts JSON with headers to a server that is not trusted, if the guard allows its address; follows no redirect.
    pub async fn notify(
        &self,
        guard: &Guard,
        url: &str,
        headers: &[(&'static str, String)],
        body: String,
    ) -> Result<CallResponse, Error> {
        let checked = guard.check(url)?;
        let mut request = request(&checked.url, Full::from(body))?;
        *request.method_mut() = Method::POST;
        set_headers(request.headers_mut(), headers)?;
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(CONTENT_TYPE, json);
        let within = self.settings.call_timeout.duration();
        let call = async {
            let sent = self.client.send(request, checked.trusted).await;
            let response = sent.map_err(unreachable)?;
            let status = response.status();
            Ok(CallResponse {
                status: status.as_u16(),
                retry_after: retry_after(response.headers()),
                date: None,
                body: excerpt(response, Instant::now() + EXCERPT_PATIENCE)
                    .await
                    .as_bytes()
                    .into(),
            })
        };
        tokio::time::timeout(within, call)
            .await
            .unwrap_or(Err(Error::TimedOut))
    }
}
