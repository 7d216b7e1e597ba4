//! One delivery through the whole pipeline, with a report of each step. If a server is running, the delivery is committed
//! here and downloaded there.

mod addressee;
mod sample;
mod step;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::Progress;
use crate::coordination::{self, Coordination};
use crate::db::{self, Db, Key};
use crate::deliveries::Body;
use crate::gateway::{self, DeliverySource, Gateway};
use crate::ingest::{self, Ingest, Receipt, tally};
use crate::instances::Instance;
use crate::media::{self, Media};
use crate::model::{MediaId, MediaStatus};
use crate::queue::{self, Lease};
use crate::shutdown::CancellationToken;
use crate::worker::{self, Worker};
pub use addressee::{Unaddressed, addressee};
pub use sample::{instance_for_sample, sample, sample_delivery};
pub use step::Step;

const POLL_EVERY: Duration = Duration::from_millis(100);

#[derive(Clone, Copy)]
pub struct Deps<'a> {
    pub ingest: &'a Ingest,
    pub worker: &'a Worker,
    pub coordination: &'a Coordination,
}

/// W-API's name of the instance.
fn instance_id(body: &[u8]) -> Option<String> {
    let delivery: Value = serde_json::from_slice(body).ok()?;
    let mut fields = delivery.as_object()?.iter();
    let (_, id) = fields.find(|(name, _)| name.eq_ignore_ascii_case("instanceId"))?;
    id.as_str().map(str::to_owned)
}

pub struct Options {
    pub instance: Instance,
    pub body: Vec<u8>,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Db(#[from] db::Error),
    #[error(transparent)]
    Coordination(#[from] coordination::Error),
    #[error("the delivery cannot be written to the data folder")]
    Body(#[source] io::Error),
    #[error("the media was deleted after it was committed")]
    MediaDeleted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Accepted,
    Ignored,
    SetAside,
    Refused,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Report {
    pub verdict: Verdict,
    pub stored: u64,
    pub not_stored: u64,
    /// It was cancelled before its media were stored.
    pub stopped: bool,
}

impl Report {
    /// Whether the delivery was read and all of its media are stored.
    pub fn is_fine(&self) -> bool {
        matches!(self.verdict, Verdict::Accepted | Verdict::Ignored)
            && self.not_stored == 0
            && !self.stopped
    }
}

/// Ingests a delivery and follows its media until they are stored or have failed.
pub async fn run(
    deps: Deps<'_>,
    options: Options,
    progress: Arc<dyn Progress<Step>>,
    cancelled: CancellationToken,
) -> Result<Report, Error> {
    let Options { instance, body } = options;
    let ingest = deps.ingest;
    progress.finding(&Step::Received {
        bytes: body.len(),
        instance: instance.id.clone(),
        client: instance.client,
        gateway: gateway::source(&body).map(DeliverySource::as_str),
    });
    let body = Body::from_bytes(&ingest.bodies, ingest.clock.now(), &body)
        .await
        .map_err(Error::Body)?;
    let body = ingest::opened(ingest, instance.gateway, body).await?;
    let mut report = Report {
        verdict: Verdict::Accepted,
        stored: 0,
        not_stored: 0,
        stopped: false,
    };
    match ingest::receive(ingest, &instance, body).await? {
        Receipt::Accepted {
            delivery, media, ..
        } => {
            progress.finding(&Step::Committed {
                delivery,
                media: media.len(),
            });
            for (kind, put) in media {
                progress.finding(&Step::Detected {
                    kind: kind.as_str(),
                    id: put.id.clone(),
                    duplicate: put.duplicate,
                });
                let followed = follow(deps, &instance, &put.id, &*progress, &cancelled).await?;
                match followed {
                    Some(true) => report.stored += 1,
                    Some(false) => report.not_stored += 1,
                    None => report.stopped = true,
                }
            }
        }
        Receipt::Ignored { reason } => {
            progress.finding(&Step::Ignored { reason });
            report.verdict = Verdict::Ignored;
        }
        Receipt::SetAside {
            reason,
            place,
            gateway,
        } => {
            progress.finding(&Step::SetAside {
                reason,
                gateway: gateway.map(Gateway::as_str),
                line: place.map(|(line, _)| line),
                column: place.map(|(_, column)| column),
            });
            report.verdict = Verdict::SetAside;
        }
        Receipt::WrongInstance { named } => {
            progress.finding(&Step::Refused {
                names_instance: named,
            });
            report.verdict = Verdict::Refused;
        }
    }
    tally::write_down(&ingest.db, &ingest.tally).await?;
    Ok(report)
}

/// Downloads one media here, or waits until the running server has. Whether it is stored; `None` when cancelled.
async fn follow(
    deps: Deps<'_>,
    instance: &Instance,
    id: &MediaId,
    progress: &dyn Progress<Step>,
    cancelled: &CancellationToken,
) -> Result<Option<bool>, Error> {
    let db = &deps.ingest.db;
    let before = find(db, id).await?;
    let known_attempts = before.attempts;
    let media = match deps.coordination.server().await {
        _ if before.status == MediaStatus::Stored => before,
        Ok(server) => {
            let lease = Lease {
                owner: server.owner().to_owned(),
                until: deps.ingest.clock.now() + deps.worker.config.worker.lease.ms(),
            };
            let media = id.clone();
            let claimed = db.write(Key::media(id.as_str()), async move |tx| {
                queue::claim_one(tx, &media, &lease).await
            });
            if let Some(job) = claimed.await? {
                worker::round(deps.worker, &job, instance).await;
            }
            find(db, id).await?
        }
        Err(coordination::Error::Served { .. }) => {
            tokio::select! {
                media = wait(db, id, known_attempts) => media?,
                () = cancelled.cancelled() => return Ok(None),
            }
        }
        Err(error) => return Err(error.into()),
    };
    let attempts = media::attempts(db, id).await?;
    for attempt in attempts.iter().filter(|attempt| attempt.n > known_attempts) {
        step::of_attempt(attempt, progress);
    }
    step::of_media(&media, progress);
    Ok(Some(media.status == MediaStatus::Stored))
}

async fn find(db: &Db, id: &MediaId) -> Result<Media, Error> {
    media::find(db, id).await?.ok_or(Error::MediaDeleted)
}

/// Waits until the server has ended a round.
async fn wait(db: &Db, id: &MediaId, attempts_before: i64) -> Result<Media, Error> {
    loop {
        let media = find(db, id).await?;
        let is_waiting = media.status == MediaStatus::Downloading
            || (media.status == MediaStatus::Pending && media.attempts == attempts_before);
        if !is_waiting {
            return Ok(media);
        }
        tokio::time::sleep(POLL_EVERY).await;
    }
}
