//! Sends the outbox: each endpoint has a task of its own, so that one that hangs does not delay the others.
//!
//! Promises: a notification is sent at least once, always with the same id; an endpoint that is gone or fails for days is
//! disabled; nothing is sent to an address that the guard refuses.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::clock::{Clock, MINUTE, Millis, SECOND, rfc3339};
use crate::config;
use crate::db::{Db, Error, Key};
use crate::events::endpoints::{self, DisabledReason, Endpoint};
use crate::events::facts::{EndpointDisabled, Fact};
use crate::events::notifications::{self, AttemptReason, Attempted, Claimed, NotificationStatus};
use crate::events::{self, News, signing};
use crate::media::{self, claim::Lease};
use crate::metrics::Metrics;
use crate::model::{MediaId, Scope};
use crate::net::guard::Guard;
use crate::net::{self, HttpClient};
use crate::secrets::Secrets;
use crate::shutdown::Shutdown;
use crate::telemetry;

/// How often the database is asked without a notification.
const POLL: Duration = Duration::from_secs(1);
/// Requests to one endpoint at the same time.
const AT_ONCE: u32 = 4;
/// How long a claim lasts: longer than every request.
const LEASE: Millis = 5 * MINUTE;
/// The longest body.
const MOST_BYTES: usize = 20_000;
/// How much of an answer is recorded.
const ANSWER_CHARS: usize = 500;

#[derive(Clone)]
pub struct Notifier {
    pub db: Db,
    pub clock: Clock,
    /// The owner of its claims: the same for each server on this data folder.
    pub owner: String,
    pub client: HttpClient,
    pub secrets: Arc<Secrets>,
    pub settings: config::Endpoints,
    /// Where this server is reached, for links in notifications.
    pub public_url: String,
    pub shutdown: Shutdown,
    /// Endpoints with a running task.
    pub busy: Arc<Mutex<HashSet<String>>>,
    pub metrics: Arc<Metrics>,
}

impl Notifier {
    /// Sends what is due, until the shutdown begins.
    pub async fn run(self) {
        let mut appended = self.db.appended();
        let owner = self.owner.clone();
        let releasing = self.db.write(Key::Nothing, async move |tx| {
            notifications::release(tx, &owner).await
        });
        if let Err(error) = releasing.await {
            let error = telemetry::chain(&error);
            tracing::warn!(
                error,
                "notifications of the run before wait for the end of their claims"
            );
        }
        while !self.shutdown.has_begun() {
            if let Err(error) = self.start_due().await {
                let error = telemetry::chain(&error);
                tracing::warn!(error, "the outbox cannot be read now");
            }
            tokio::select! {
                () = self.shutdown.begun() => return,
                changed = appended.changed() => if changed.is_err() {
                    self.clock.sleep(POLL).await;
                },
                () = self.clock.sleep(POLL) => {}
            }
        }
    }

    async fn start_due(&self) -> Result<(), Error> {
        for endpoint in notifications::due_endpoints(&self.db, self.clock.now()).await? {
            let is_new = self.busy().insert(endpoint.clone());
            if !is_new {
                continue;
            }
            let notifier = self.clone();
            self.shutdown.spawn(async move {
                if let Err(error) = notifier.send_due(&endpoint).await {
                    let error = telemetry::chain(&error);
                    tracing::warn!(error, "notifications of an endpoint wait");
                }
                notifier.busy().remove(&endpoint);
            });
        }
        Ok(())
    }

    fn busy(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends everything of an endpoint that is due, some at the same time.
    async fn send_due(&self, id: &str) -> Result<(), Error> {
        // Tasks of their own: they go on while this one waits for the database.
        let mut sending = JoinSet::new();
        while !self.shutdown.has_begun() {
            let Some(endpoint) = endpoints::find(&self.db, Scope::All, id).await? else {
                return Ok(());
            };
            let free = AT_ONCE - u32::try_from(sending.len()).unwrap_or(AT_ONCE);
            for claimed in self.claim(id, free).await? {
                let (notifier, endpoint) = (self.clone(), endpoint.clone());
                sending.spawn(async move { notifier.send(endpoint, claimed).await });
            }
            tokio::select! {
                // Claimed notifications are sent again after the next start.
                () = self.shutdown.begun() => return Ok(()),
                sent = sending.join_next() => match sent.map(|sent| sent.unwrap_or(Err(Error::Panicked))) {
                    None => return Ok(()),
                    Some(Ok(())) => {}
                    // The claim lapses.
                    Some(Err(error)) => {
                        let error = telemetry::chain(&error);
                        tracing::warn!(error, "the result of a notification cannot be recorded now");
                    }
                },
                // Notifications that became due while a request hangs do not wait for it.
                () = self.clock.sleep(POLL), if !sending.is_empty() => {}
            }
        }
        Ok(())
    }

    async fn claim(&self, endpoint: &str, limit: u32) -> Result<Vec<Claimed>, Error> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let (endpoint, now) = (endpoint.to_owned(), self.clock.now());
        let lease = Lease {
            owner: self.owner.clone(),
            until: now + LEASE,
        };
        let claiming = self.db.write(Key::endpoint(&endpoint), async move |tx| {
            notifications::claim(tx, &endpoint, now, &lease, limit).await
        });
        claiming.await
    }

    async fn send(&self, endpoint: Endpoint, claimed: Claimed) -> Result<(), Error> {
        let attempted = self.attempt(&endpoint, &claimed).await?;
        let result = attempted.reason.map_or("delivered", AttemptReason::as_str);
        self.metrics.count_notification(result);
        let (id, now) = (claimed.notification.id, self.clock.now());
        let (endpoint, client) = (endpoint.id.clone(), endpoint.client);
        let jitter = rand::random();
        let settling = self.db.write(Key::endpoint(&endpoint), async move |tx| {
            let status = notifications::settle(tx, &id, &attempted, jitter, now).await?;
            let disabled = match (&attempted.reason, attempted.http_status) {
                (None, _) => {
                    endpoints::record_success(tx, &endpoint).await?;
                    None
                }
                (Some(_), Some(410)) => {
                    let gone = Some(DisabledReason::Gone);
                    let is_new = endpoints::set_disabled(tx, &endpoint, gone, now).await?;
                    is_new.then_some(DisabledReason::Gone)
                }
                (Some(_), _) => {
                    let is_over = endpoints::record_failure(tx, &endpoint, now).await?;
                    is_over.then_some(DisabledReason::Failing)
                }
            };
            if let Some(reason) = disabled {
                events::append(
                    tx,
                    now,
                    News {
                        client,
                        instance: None,
                        media: None,
                        fact: Fact::EndpointDisabled(EndpointDisabled {
                            endpoint: endpoint.clone(),
                            reason,
                        }),
                    },
                );
            }
            Ok((status, disabled))
        });
        let (status, disabled) = settling.await?;
        if let Some(reason) = disabled {
            tracing::warn!(reason = reason.as_str(), "an endpoint was disabled");
        }
        if status == NotificationStatus::Failed {
            tracing::warn!("a notification failed in its last attempt");
        }
        Ok(())
    }

    async fn attempt(&self, endpoint: &Endpoint, claimed: &Claimed) -> Result<Attempted, Error> {
        let payload = self.payload(claimed).await?;
        let started_at = self.clock.now();
        let began = tokio::time::Instant::now();
        let outcome = match self.secrets_of(endpoint, started_at) {
            Some(secrets) => self.post(endpoint, claimed, &secrets, payload).await,
            None => Err(AttemptReason::SecretUnreadable),
        };
        let duration_ms = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
        let attempted = Attempted {
            started_at,
            duration_ms,
            http_status: None,
            reason: None,
            answer: None,
            retry_after: None,
        };
        Ok(match outcome {
            Err(reason) => Attempted {
                reason: Some(reason),
                ..attempted
            },
            Ok(answer) => {
                let text = String::from_utf8_lossy(&answer.body);
                let is_accepted = (200..300).contains(&answer.status);
                let wait = answer.retry_after.map(|wait| wait.as_millis());
                Attempted {
                    http_status: Some(answer.status),
                    reason: (!is_accepted).then_some(AttemptReason::Status),
                    answer: (!is_accepted).then(|| text.chars().take(ANSWER_CHARS).collect()),
                    retry_after: wait.map(|wait| Millis::try_from(wait).unwrap_or(Millis::MAX / 4)),
                    ..attempted
                }
            }
        })
    }

    /// The secret, and the one before it while it is valid.
    fn secrets_of(&self, endpoint: &Endpoint, now: Millis) -> Option<Vec<String>> {
        let context = Endpoint::secret_context(&endpoint.id);
        let mut secrets = vec![
            self.secrets
                .unseal(&context, &endpoint.secret_sealed)
                .ok()?,
        ];
        if let Some(sealed) = &endpoint.old_secret_sealed
            && endpoint.old_secret_until.is_some_and(|until| now < until)
        {
            secrets.extend(self.secrets.unseal(&context, sealed).ok());
        }
        Some(secrets)
    }

    async fn post(
        &self,
        endpoint: &Endpoint,
        claimed: &Claimed,
        secrets: &[String],
        payload: String,
    ) -> Result<net::CallResponse, AttemptReason> {
        // Receivers compare it with their own clocks, so it is the machine's, also while that is not trusted.
        let (id, timestamp) = (&claimed.notification.id, self.clock.wall() / SECOND);
        let signature = signing::signature(secrets, id, timestamp, &payload);
        let signature = signature.ok_or(AttemptReason::SecretUnreadable)?;
        let headers = [
            ("webhook-id", id.clone()),
            ("webhook-timestamp", timestamp.to_string()),
            ("webhook-signature", signature),
        ];
        let guard = Guard::for_endpoints(&self.settings.allowed_hosts);
        let posting = self.client.notify(&guard, &endpoint.url, &headers, payload);
        posting.await.map_err(|error| match error {
            net::Error::TimedOut => AttemptReason::TimedOut,
            net::Error::Refused(_) => AttemptReason::AddressRefused,
            _ => AttemptReason::Unreachable,
        })
    }

    /// The body: what happened, and the media as it is now, without its bytes.
    async fn payload(&self, claimed: &Claimed) -> Result<String, Error> {
        let event = &claimed.event;
        let mut data = json!({"seq": event.seq});
        if event.kind != events::ERASED {
            data["client"] = json!(event.client);
            data["instance"] = json!(event.instance);
            data["event"] = event.data.clone();
            if let Some(id) = &event.media {
                data["media"] = self.media(id).await?;
            }
        }
        let body = |data: &Value| {
            json!({"type": event.kind, "timestamp": rfc3339(event.at), "data": data}).to_string()
        };
        let whole = body(&data);
        if whole.len() <= MOST_BYTES {
            return Ok(whole);
        }
        // A caption may be long.
        data["media"]["caption"] = Value::Null;
        let short = body(&data);
        if short.len() <= MOST_BYTES {
            return Ok(short);
        }
        let id = json!({"id": event.media});
        Ok(body(
            &json!({"seq": event.seq, "client": event.client, "media": id}),
        ))
    }

    async fn media(&self, id: &str) -> Result<Value, Error> {
        let found = media::find(&self.db, &MediaId(id.to_owned())).await?;
        let Some(found) = found.filter(|media| !media.is_erased()) else {
            return Ok(json!({"id": id}));
        };
        let mut shown = json!(found);
        if found.path().is_some() {
            shown["content_url"] = json!(format!("{}/api/v1/media/{id}/content", self.public_url));
        }
        Ok(shown)
    }
}
