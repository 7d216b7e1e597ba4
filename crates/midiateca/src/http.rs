//! The network's side of the house: the webhook door and the health checks.

mod error;
mod health;
mod hooks;
mod readiness;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use axum_server::Handle;
use tokio::sync::Semaphore;
use url::Url;

use crate::app::App;
use crate::config::millis;
use crate::gateway::Gateway;
use readiness::Readiness;

/// What a request handler gets.
#[derive(Clone)]
pub struct Door {
    app: Arc<App>,
    /// Room for bodies in memory, in KiB.
    room: Arc<Semaphore>,
    /// By which whoever asks from outside knows which data folder answers.
    folder: Arc<str>,
    readiness: Arc<Readiness>,
}

/// All routes.
fn router(app: Arc<App>, folder: Arc<str>) -> Router {
    let room = Arc::new(Semaphore::new(app.config.door.max_bodies_bytes / 1_024));
    let mut router = Router::new()
        .route("/hooks/{gateway}/{token}", post(hooks::by_path))
        .route("/hooks/{gateway}/{token}/", post(hooks::by_path))
        .route("/hooks/{gateway}", post(hooks::without_token))
        .route("/hooks/{gateway}/", post(hooks::without_token))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready));
    for path in hooks::ORIGINAL_PATHS {
        router = router.route(path, post(hooks::by_query_or_header));
        router = router.route(&format!("{path}/"), post(hooks::by_query_or_header));
    }
    router
        .fallback(error::no_such_page)
        .method_not_allowed_fallback(error::wrong_method)
        .with_state(Door {
            app,
            room,
            folder,
            readiness: Arc::default(),
        })
}

/// A door that is open.
pub struct Open {
    /// Where.
    pub address: SocketAddr,
    handle: Handle<SocketAddr>,
}

impl Open {
    /// Takes no more requests, and gives those that run this long to end.
    pub fn close(&self, within: Duration) {
        self.handle.graceful_shutdown(Some(within));
    }
}

/// The token in a webhook address, where the address leads to the door: behind a proxy's path or not, with a slash at
/// its end or without.
pub fn hook_token(gateway: Gateway, address: &str) -> Option<String> {
    let address = Url::parse(address).ok()?;
    let path = address.path();
    let path = path.strip_suffix('/').unwrap_or(path);
    if hooks::ORIGINAL_PATHS
        .iter()
        .any(|known| path.ends_with(known))
    {
        let mut query = address.query_pairs();
        return query
            .find(|(name, _)| name == "token")
            .map(|(_, token)| token.into_owned());
    }
    let (before, token) = path.rsplit_once('/')?;
    let is_hook = before.ends_with(&format!("/hooks/{}", gateway.as_str()));
    // Pasted behind another address, it leads nowhere.
    let is_doubled = before.matches("/hooks/").count() > 1;
    (is_hook && !is_doubled && !token.is_empty()).then(|| token.to_owned())
}

/// The mark under which a data folder keeps its random name.
pub const FOLDER_MARK: &str = "folder";

async fn identity(app: &App) -> Result<Arc<str>, crate::db::Error> {
    if let Some(known) = app.db.marked(FOLDER_MARK).await? {
        return Ok(known.into());
    }
    let (fresh, now) = (crate::secrets::fresh_token(), app.clock.now());
    let mark = fresh.clone();
    app.db
        .write(async move |tx| tx.mark(FOLDER_MARK, &mark, now).await)
        .await?;
    Ok(fresh.into())
}

/// Opens the door at `listen` and serves until it is closed, or the shutdown has come so far.
pub async fn open(app: &Arc<App>, listen: &str) -> io::Result<Open> {
    let listener = tokio::net::TcpListener::bind(listen).await?.into_std()?;
    let address = listener.local_addr()?;
    let handle = Handle::new();
    // Only one protocol: while a client may still choose one, no clock runs against it.
    let mut server = axum_server::from_tcp(listener)?
        .http1_only()
        .handle(handle.clone());
    server
        .http_builder()
        .http1()
        .timer(hyper_util::rt::TokioTimer::new())
        .header_read_timeout(millis(app.config.door.header_timeout_ms));
    let folder = identity(app).await.unwrap_or_else(|error| {
        tracing::error!(
            error = crate::telemetry::chain(&error),
            "the data folder's name cannot be read"
        );
        Arc::from("")
    });
    let routes = router(Arc::clone(app), folder).into_make_service();
    let shutdown = app.shutdown.clone();
    let closing = handle.clone();
    app.shutdown.spawn(async move {
        let serving = server.serve(routes);
        tokio::pin!(serving);
        let outcome = tokio::select! {
            outcome = &mut serving => outcome,
            () = shutdown.door_closing() => {
                closing.graceful_shutdown(Some(Duration::from_secs(5)));
                serving.await
            }
        };
        if let Err(error) = outcome {
            tracing::error!(error = crate::telemetry::chain(&error), "the door broke");
        }
    });
    Ok(Open { address, handle })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_that_leads_to_the_door_has_a_token() {
        for (address, token) in [
            ("https://a.example/hooks/wapi/T", Some("T")),
            ("https://a.example/midia/hooks/wapi/T/", Some("T")),
            ("https://a.example/webhook/connect/?token=T", Some("T")),
            ("https://a.example/webhook/whatsapp?token=T", Some("T")),
            ("https://a.example/webhook/whatsapp", None),
            ("https://a.example/hook/wapi/T", None),
            ("https://a.example/hooks/other/T", None),
            (
                "https://a.example/hooks/wapi/https://a.example/hooks/wapi/T",
                None,
            ),
            ("https://a.example/T", None),
            ("T", None),
        ] {
            let found = hook_token(Gateway::Wapi, address);
            assert_eq!(found.as_deref(), token, "{address}");
        }
    }
}
