//! What every test stands on.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use midiateca_service::access::Actor;
use midiateca_service::app::{self, App};
use midiateca_service::clock::{Clock, Millis};
use midiateca_service::config::{Config, Span};
use midiateca_service::db::{Db, Key};
use midiateca_service::gateway::Gateway;
use midiateca_service::instances::{self, Instance, NewInstance};
use midiateca_service::media;
use midiateca_service::model::{InstanceId, MediaId, MediaStatus, Route};
use midiateca_service::ops;
use midiateca_service::server::Service;
use serde_json::Value;
use tempfile::TempDir;
use wa_sim::{Delivery, Fault, Sim, SimMedia};

pub const FIRST: &str = "3B6XIW-ZTS923-GEAY6V";
pub const TOKEN: &str = "gateway-token";
pub const OTHER: &str = "QK2MPA-7TTN4C-W0ZE1H";
/// 24 November 2026, noon.
pub const TODAY: Millis = 1_795_521_600_000;
const PATIENCE: Duration = Duration::from_secs(60);

/// A media as its public JSON document shows it, so that tests read what programs read.
#[derive(Clone, Debug, serde::Deserialize, serde::Serialize)]
pub struct MediaView {
    pub id: String,
    pub client: i64,
    pub instance: String,
    pub message_id: String,
    pub slot: i64,
    pub kind: String,
    pub mime_declared: Option<String>,
    pub mime: Option<String>,
    pub file_name: Option<String>,
    pub caption: Option<String>,
    pub chat_id: Option<String>,
    pub sender_id: Option<String>,
    pub sender_name: Option<String>,
    pub from_me: bool,
    pub is_group: bool,
    pub sent_at: Option<String>,
    pub received_at: String,
    pub status: String,
    pub reason: Option<String>,
    pub recoverable: bool,
    pub attempts: i64,
    pub next_attempt_at: Option<String>,
    pub expires_at: Option<String>,
    pub route: Option<String>,
    pub size: Option<i64>,
    pub sha256: Option<String>,
    pub verified: Option<String>,
    pub path: Option<String>,
    pub width: Option<i64>,
    pub height: Option<i64>,
    pub seconds: Option<i64>,
    pub voice_note: bool,
}

impl From<media::Media> for MediaView {
    fn from(media: media::Media) -> Self {
        serde_json::from_value(serde_json::to_value(media).unwrap()).unwrap()
    }
}

pub struct TestApp {
    pub app: Arc<App>,
    pub sim: Sim,
    pub hook: String,
    pub other_hook: String,
    pub http: reqwest::Client,
    service: Option<Service>,
    folder: TempDir,
}

/// Impatient, so that every clock of a failure runs out within a test.
/// Where tests run on PostgreSQL: the URL of the database for a data folder, a schema of the one in
/// `MIDIATECA_TEST_POSTGRES`.
pub fn server_url(data: &Path) -> Option<String> {
    let url = std::env::var("MIDIATECA_TEST_POSTGRES").ok()?;
    let mut hasher = DefaultHasher::new();
    std::path::absolute(data).unwrap().hash(&mut hasher);
    let separator = if url.contains('?') { '&' } else { '?' };
    let schema = format!("i{:016x}", hasher.finish());
    Some(format!("{url}{separator}options=-csearch_path%3D{schema}"))
}

/// Opens a data folder with these settings.
pub async fn open(data: &Path, mut config: Config, clock: Clock) -> Result<Arc<App>, app::Error> {
    if let Some(url) = server_url(data)
        && config.database.url.is_empty()
    {
        config.database.url = url;
    }
    App::open(data, config, clock).await
}

/// The database of the data folder with this file, or on PostgreSQL the one in its place.
pub async fn database(file: &Path) -> Result<Db, midiateca_service::db::Error> {
    let mut config = Config::default();
    let data = file.parent().unwrap();
    config.database.url = server_url(data).unwrap_or_default();
    let place = config.database_place(data);
    place.open_existing(Duration::from_secs(5)).await
}

/// The program, for a data folder.
pub fn program(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_midiateca"));
    if let Some(url) = server_url(data) {
        command.env("MIDIATECA_DATABASE_URL", url);
    }
    command.arg("--data").arg(data);
    command
}

pub fn impatient() -> Config {
    let mut config = Config::default();
    config.fetch.routes = vec![Route::Gateway];
    config.fetch.retry_wait = Span::from_ms(5);
    config.fetch.call_timeout = Span::from_ms(700);
    config.fetch.idle_timeout = Span::from_ms(500);
    // Tests apply the rules themselves: a server does it too when their clock moves.
    config.retention.every = Span::days(36_500);
    config
}

pub fn instance(id: &str, client: i64, api_base: String) -> NewInstance {
    NewInstance {
        id: InstanceId(id.to_owned()),
        client,
        gateway: Gateway::Wapi,
        cdn_base: Some(api_base.trim_end_matches("/v1").to_owned()),
        api_base: Some(api_base),
        routes: None,
        token_sealed: None,
        secret_sealed: None,
        session: None,
        hook_hash: [0; 32],
    }
}

/// Adds an instance, or changes one; returns the token of its webhook address if it is new.
pub async fn add_instance(
    app: &App,
    new: NewInstance,
    token: Option<&str>,
) -> (Instance, Option<String>) {
    add_signed(app, new, token, None).await
}

/// Like [`add_instance`], with the secret with which the gateway signs its deliveries.
pub async fn add_signed(
    app: &App,
    new: NewInstance,
    token: Option<&str>,
    secret: Option<&str>,
) -> (Instance, Option<String>) {
    let access = ops::instance::Access::check(new.gateway, token, secret).unwrap();
    let actor = Actor::CommandLine(None);
    let added = ops::instance::add(app.instance_deps(), &actor, new, &access).await;
    added.unwrap()
}

pub fn sample(id: &str) -> SimMedia {
    SimMedia::sample(FIRST, id, wa_media::MediaKind::Image)
}

/// Waits for a state that comes by itself.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let started = std::time::Instant::now();
    while !is_so().await {
        assert!(started.elapsed() < PATIENCE, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

impl TestApp {
    pub async fn start() -> Self {
        Self::with(impatient(), Clock::system()).await
    }

    /// With the CDN first, and the gateway after it, unless other routes are named.
    pub async fn with_cdn(routes: Vec<Route>, clock: Clock) -> Self {
        let mut config = impatient();
        config.fetch.routes = routes;
        Self::with(config, clock).await
    }

    pub async fn with(config: Config, clock: Clock) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sim = Sim::start().await.unwrap();
        let app = open(folder.path(), config, clock).await.unwrap();
        let now = app.clock.now();
        for (name, id) in [("Clínica Aurora", 2), ("Oficina do Bairro", 3)] {
            app.db
                .write(Key::Everything, async move |tx| {
                    instances::add_client(tx, name, Some(id), now).await
                })
                .await
                .unwrap();
        }
        for id in [FIRST, OTHER] {
            sim.world().add_instance(id, TOKEN);
        }
        let (_, hook) = add_instance(&app, instance(FIRST, 2, sim.api_base()), Some(TOKEN)).await;
        let (_, other_hook) =
            add_instance(&app, instance(OTHER, 3, sim.api_base()), Some(TOKEN)).await;
        let service = Service::start(Arc::clone(&app), &["127.0.0.1:0"])
            .await
            .unwrap();
        Self {
            app,
            sim,
            hook: hook.unwrap(),
            other_hook: other_hook.unwrap(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            service: Some(service),
            folder,
        }
    }

    /// Lets the first instance ask both of the CDN's hosts.
    pub async fn use_both_hosts(&self) {
        let both = format!("{},{}", self.sim.origin(), self.sim.fallback_origin());
        let changed = NewInstance {
            cdn_base: Some(both),
            ..instance(FIRST, 2, self.sim.api_base())
        };
        let (_, hook) = add_instance(&self.app, changed, None).await;
        assert!(
            hook.is_none(),
            "a change gave the instance a new webhook address"
        );
        self.wait_for_directory().await;
    }

    /// The directory is reread once a second; this waits until it knows what the database knows.
    pub async fn wait_for_directory(&self) {
        until("the directory is read again", async || {
            let known = self.app.directory.by_id().await.unwrap();
            let stored = instances::instances(&self.app.db).await.unwrap();
            let same = |stored: &instances::Instance| {
                known.get(&stored.id).is_some_and(|known| {
                    known.cdn_base == stored.cdn_base
                        && known.api_base == stored.api_base
                        && known.gateway == stored.gateway
                        && known.secret_sealed == stored.secret_sealed
                })
            };
            stored.iter().all(same)
        })
        .await;
    }

    pub fn origin(&self) -> String {
        format!("http://{}", self.service.as_ref().unwrap().address())
    }

    pub fn hook_url(&self) -> String {
        format!("{}/hooks/wapi/{}", self.origin(), self.hook)
    }

    /// Posts to the first instance's webhook address; returns status and body.
    pub async fn post(&self, body: impl Into<reqwest::Body>) -> (u16, Value) {
        self.post_to(&self.hook_url(), body).await
    }

    pub async fn post_to(&self, url: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        let answer = self.http.post(url).body(body).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    /// Posts a media's webhook, which must be accepted, and gives its id.
    pub async fn deliver(&self, delivery: &Delivery) -> MediaId {
        let (status, answer) = self.post(delivery.body.to_string()).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["status"], "accepted", "{answer}");
        MediaId(answer["media"][0]["id"].as_str().unwrap().to_owned())
    }

    pub async fn find(&self, id: &MediaId) -> MediaView {
        media::find(&self.app.db, id).await.unwrap().unwrap().into()
    }

    /// Waits until a round of this media has ended, one way or another.
    pub async fn settled(&self, id: &MediaId) -> MediaView {
        let started = std::time::Instant::now();
        loop {
            let media = self.find(id).await;
            if media.status != "downloading"
                && (media.status != "pending" || media.next_attempt_at.is_some())
            {
                return media;
            }
            assert!(started.elapsed() < PATIENCE, "still {}", media.status);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until a media has this status.
    pub async fn becomes(&self, id: &MediaId, status: &str) {
        until(status, async || self.find(id).await.status == status).await;
    }

    /// Waits until the worker has looked for work once since now.
    pub async fn worker_looks(&self) {
        // The second look begins after the end of the first.
        for _ in 0..2 {
            self.app.work.notify_one();
            until("the worker looks", async || {
                let is_waiting = self.app.work.notified().now_or_never().is_some();
                if is_waiting {
                    self.app.work.notify_one();
                }
                !is_waiting
            })
            .await;
        }
    }

    /// Delivers and waits.
    pub async fn store(&self, media: SimMedia) -> (MediaView, Delivery) {
        let delivery = self.sim.world().add(media);
        let id = self.deliver(&delivery).await;
        (self.settled(&id).await, delivery)
    }

    /// Stores a media of the other client; its id.
    pub async fn store_for_other(&self, media: SimMedia) -> String {
        let delivery = self.sim.world().add(media);
        let url = format!("{}/hooks/wapi/{}", self.origin(), self.other_hook);
        let (_, answer) = self.post_to(&url, delivery.body.to_string()).await;
        let id = answer["media"][0]["id"].as_str().unwrap().to_owned();
        let settled = self.settled(&MediaId(id.clone())).await;
        assert_eq!(settled.status, "stored");
        id
    }

    /// Delivers a media that misbehaves so, and gives how its first round ended.
    pub async fn fail(&self, fault: Fault) -> MediaView {
        let id = format!("FAULT{}", self.app.clock.now());
        self.store(SimMedia {
            fault,
            ..sample(&id)
        })
        .await
        .0
    }

    /// Lets a media stand as after an hour in which every answer was the same refusal.
    pub async fn give_up(&self, id: &str) {
        let sql = "update media set status = 'failed', next_attempt_at = null where id = $1 and status = 'pending'";
        let id = midiateca_service::db::Value::from(id);
        let giving_up =
            async move |tx: &mut midiateca_service::db::Tx| tx.run(sql, vec![id.clone()]).await;
        assert_eq!(
            self.app
                .db
                .write(midiateca_service::db::Key::Everything, giving_up)
                .await
                .unwrap(),
            1
        );
    }

    /// How long the queue will wait, by the service's own clock.
    pub async fn next_attempt_in(&self, id: &str) -> Duration {
        let sql = "select next_attempt_at from media where id = $1";
        let id = midiateca_service::db::Value::from(id);
        let row = self.app.db.row(sql, vec![id]).await.unwrap().unwrap();
        let waits = row.int("next_attempt_at").unwrap() - self.app.clock.now();
        Duration::from_millis(u64::try_from(waits).unwrap())
    }

    pub fn file(&self, media: &MediaView) -> PathBuf {
        self.app.storage.root().join(media.path.as_deref().unwrap())
    }

    /// All files below the storage root, staged ones too, but for the marker by which it is recognised.
    pub fn files(&self) -> Vec<PathBuf> {
        fn walk(folder: &std::path::Path, found: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, found)
                } else {
                    found.push(path)
                }
            }
        }
        let mut found = Vec::new();
        walk(self.app.storage.root(), &mut found);
        found.retain(|path| !path.ends_with(".midiateca-id"));
        found
    }

    /// Ends in order, after making sure that nothing was left half done.
    pub async fn end(mut self) {
        self.check_events().await;
        self.service.take().unwrap().stop().await;
        assert!(
            !self
                .files()
                .iter()
                .any(|file| file.parent().unwrap().ends_with(".staging")),
            "something stayed staged"
        );
    }

    /// Every event is as the OpenAPI document says.
    async fn check_events(&self) {
        // Some tests end with a database that cannot be read.
        let events = midiateca_service::events::after(&self.app.db, 0, 10_000).await;
        for event in events.into_iter().flatten() {
            if event.kind != midiateca_service::events::ERASED {
                let problem = crate::schema::problem_of_data(&event.kind, &event.data);
                assert_eq!(problem, None, "{}", event.kind);
            }
        }
    }

    /// Ends in order; the data stays while the answer is in use.
    pub async fn end_keeping_the_folder(mut self) -> TempDir {
        self.service.take().unwrap().stop().await;
        self.folder
    }

    pub async fn depth(&self, status: MediaStatus) -> i64 {
        let counts = media::counts::by_status(&self.app.db).await.unwrap();
        let count = counts.iter().find(|count| count.name == status.as_str());
        count.map_or(0, |count| count.count)
    }
}
