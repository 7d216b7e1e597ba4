//! Checks the machine's clock while the server runs, and saves trusted readings for the next process. While the clock
//! is not trusted, nothing is deleted and nothing expires; the server's time continues without the jump.
//!
//! A new time is trusted once every server that answers (gateways and WhatsApp's CDN) agrees in its `Date` header, or
//! when the operator accepts it. A gateway on this machine or in its private network is not asked: it may have the same clock.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Notify;
use tokio::time::Instant;
use url::Url;

use crate::clock::{Clock, DAY, MINUTE, Millis, Reading, SECOND, TOLERANCE, Trust};
use crate::db::{Db, Error, Key};
use crate::download::CDN_ORIGINS;
use crate::model::Route;
use crate::net::{HttpClient, guard};
use crate::shutdown::Shutdown;
use crate::{events, instances, media, queue};

const LOOK_EVERY: Duration = Duration::from_secs(1);
const SAVE_EVERY: Duration = Duration::from_secs(600);
/// How often servers are asked for the time while the clock is not trusted.
const ASK_EVERY: Duration = Duration::from_secs(30);
/// How far a server's clock may be off and still confirm the time.
const WITNESS_TOLERANCE: Millis = 5 * MINUTE;
const MOST_ASKED: usize = 6;

/// The dependencies of the check; cheap to clone.
#[derive(Clone)]
pub struct ClockCheck {
    pub clock: Clock,
    pub db: Db,
    pub fetch: HttpClient,
    /// For instances without routes of their own.
    pub routes: Vec<Route>,
    /// Notified when times in the queue changed.
    pub work: Arc<Notify>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Witnesses {
    Agree,
    /// At least one server shows another time.
    Disagree,
    /// No server answered with its time.
    Silent,
}

/// When the newest media or event was recorded, by the clock at that time.
async fn newest_record(db: &Db) -> Result<Option<Millis>, Error> {
    let media = media::counts::last_received(db).await?;
    Ok(media.max(events::last_at(db).await?))
}

/// Checks the clock when the server starts.
pub async fn begin(check: &ClockCheck) -> Result<(), Error> {
    if check.clock.is_system() && check.db.saved_clock().await?.is_none() {
        // A database from before readings were saved has only its newest record to compare with.
        let newest = newest_record(&check.db).await?;
        let is_plausible =
            |newest: Millis| (newest - TOLERANCE..newest + DAY).contains(&check.clock.now());
        if newest.is_some_and(|newest| !is_plausible(newest)) {
            check.clock.doubt();
        }
    }
    match check.clock.trust() {
        Trust::Trusted => save(check, check.clock.read()).await,
        doubted => {
            report(doubted);
            Ok(())
        }
    }
}

/// Checks the clock until the shutdown begins. First corrects times that an earlier run wrote with a wrong clock.
pub async fn keep_checking(check: ClockCheck, shutdown: Shutdown) {
    let mut was_trusted = check.clock.is_trusted();
    let mut needs_realigning = was_trusted;
    let (mut saved_at, mut asked_at) = (Instant::now(), None::<Instant>);
    let mut was_contradicted = false;
    if needs_realigning {
        report_error(settle(&check, &mut needs_realigning, &mut saved_at).await);
    }
    loop {
        tokio::select! {
            () = check.clock.sleep(LOOK_EVERY) => {}
            () = shutdown.begun() => return,
        }
        let trust = check.clock.trust();
        let outcome = match trust {
            Trust::Trusted => {
                if !was_trusted {
                    tracing::info!("the clock is trusted again: deleting and expiring continue");
                    needs_realigning = true;
                }
                (asked_at, was_contradicted) = (None, false);
                settle(&check, &mut needs_realigning, &mut saved_at).await
            }
            doubted => {
                if was_trusted {
                    report(doubted);
                }
                let is_due = asked_at.is_none_or(|asked| asked.elapsed() >= ASK_EVERY);
                if is_due {
                    asked_at = Some(Instant::now());
                }
                resolve(&check, is_due, &mut was_contradicted).await
            }
        };
        was_trusted = trust == Trust::Trusted;
        report_error(outcome);
    }
}

fn report_error(outcome: Result<(), Error>) {
    if let Err(error) = outcome {
        let error = crate::telemetry::chain(&error);
        tracing::warn!(error, "the clock could not be checked against the database");
    }
}

async fn settle(
    check: &ClockCheck,
    needs_realigning: &mut bool,
    saved_at: &mut Instant,
) -> Result<(), Error> {
    if *needs_realigning {
        realign(check).await?;
        *needs_realigning = false;
    }
    if saved_at.elapsed() >= SAVE_EVERY {
        save(check, check.clock.read()).await?;
        *saved_at = Instant::now();
    }
    Ok(())
}

/// Looks for a confirmation: the operator, the last trusted reading, other servers.
async fn resolve(
    check: &ClockCheck,
    may_ask: bool,
    was_contradicted: &mut bool,
) -> Result<(), Error> {
    if check.clock.is_system()
        && let Some(saved) = check.db.saved_clock().await?
        && check.clock.would_trust(&saved)
    {
        return adopt(check).await;
    }
    if !may_ask {
        return Ok(());
    }
    match ask(check).await? {
        Witnesses::Agree => adopt(check).await,
        Witnesses::Disagree => {
            if !std::mem::replace(was_contradicted, true) {
                tracing::warn!(
                    "other servers show another time than this machine's clock: set it by NTP"
                );
            }
            Ok(())
        }
        Witnesses::Silent => Ok(()),
    }
}

/// Asks other servers about an untrusted clock, and trusts it when they agree. Returns whether it is trusted.
pub async fn confirm(check: &ClockCheck) -> Result<bool, Error> {
    if !check.clock.is_trusted() && ask(check).await? == Witnesses::Agree {
        adopt(check).await?;
    }
    Ok(check.clock.is_trusted())
}

/// Trusts the current wall clock.
pub async fn adopt(check: &ClockCheck) -> Result<(), Error> {
    let reading = check.clock.read();
    let by = reading.wall - check.clock.now();
    let is_system = check.clock.is_system();
    let write = check.db.write(Key::Everything, async move |tx| {
        queue::allow_for_jump(tx, reading.wall, by).await?;
        if is_system {
            tx.save_clock(&reading).await
        } else {
            Ok(())
        }
    });
    write.await?;
    check.clock.accept();
    realign(check).await
}

/// Trusts the current wall clock for an operator. A running server notices within a second.
pub async fn accept(db: &Db, clock: &Clock) -> Result<(), Error> {
    let reading = clock.accept();
    let saved = db.write(Key::Nothing, async move |tx| tx.save_clock(&reading).await);
    saved.await
}

async fn save(check: &ClockCheck, reading: Reading) -> Result<(), Error> {
    if !check.clock.is_system() {
        return Ok(());
    }
    let saved = check
        .db
        .write(Key::Nothing, async move |tx| tx.save_clock(&reading).await);
    saved.await
}

/// Corrects times that were written with a wrong clock.
pub async fn realign(check: &ClockCheck) -> Result<(), Error> {
    let realigned = queue::realign(&check.db, check.clock.now()).await?;
    if realigned != queue::Realigned::default() {
        tracing::warn!(
            due = realigned.due,
            shortened = realigned.shortened,
            requeued = realigned.requeued,
            "corrected times that were written under a wrong clock"
        );
        check.work.notify_one();
    }
    Ok(())
}

fn report(trust: Trust) {
    match trust {
        Trust::Trusted => {}
        Trust::Jumped(by) => tracing::error!(
            jumped_seconds = by / SECOND,
            "the clock jumped: nothing is deleted and nothing expires until other servers show the same time, the clock returns, or `midiateca doctor --accept-clock`"
        ),
        Trust::Unconfirmed(by) => tracing::error!(
            seconds_since_last_run = by / SECOND,
            "the clock does not fit the last run: nothing is deleted and nothing expires until other servers show the same time, or `midiateca doctor --accept-clock`"
        ),
    }
}

fn parse_base(base: &str) -> Option<Url> {
    Url::parse(base.trim()).ok()
}

/// Whether all addresses of a host are on the public internet, so that it has a clock of its own.
async fn is_elsewhere(base: &Url) -> bool {
    let Some((host, port)) = base.host_str().zip(base.port_or_known_default()) else {
        return false;
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let found = tokio::net::lookup_host((host, port)).await;
    let mut found = found.into_iter().flatten().peekable();
    found.peek().is_some() && found.all(|address| guard::is_public(address.ip()))
}

/// Asks the gateways and WhatsApp's CDN for the time.
async fn ask(check: &ClockCheck) -> Result<Witnesses, Error> {
    let (mut cdns, mut gateways) = (BTreeSet::new(), BTreeSet::new());
    for instance in instances::instances(&check.db).await? {
        let routes = instance.routes.as_ref().unwrap_or(&check.routes);
        if routes.contains(&Route::Cdn) {
            let cdn = instance.cdn_base.as_deref().unwrap_or(CDN_ORIGINS[0]);
            cdns.extend(cdn.split(',').next().and_then(parse_base));
        }
        gateways.extend(parse_base(&instance.api_base));
    }
    let mut bases: Vec<_> = cdns.iter().take(MOST_ASKED).cloned().collect();
    for gateway in gateways.difference(&cdns) {
        if bases.len() < MOST_ASKED && is_elsewhere(gateway).await {
            bases.push(gateway.clone());
        }
    }
    let mut asked: FuturesUnordered<_> = bases
        .into_iter()
        .map(async |base| {
            let answer = check.fetch.get(&base).await.ok()?;
            Some(check.clock.wall() - answer.date?)
        })
        .collect();
    let mut witnesses = Witnesses::Silent;
    while let Some(off) = asked.next().await {
        match off {
            None => {}
            Some(off) if off.abs() > WITNESS_TOLERANCE => witnesses = Witnesses::Disagree,
            Some(_) if witnesses == Witnesses::Silent => witnesses = Witnesses::Agree,
            Some(_) => {}
        }
    }
    Ok(witnesses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_gateways_elsewhere_are_asked_for_the_time() {
        for base in [
            "http://127.0.0.1:1/api",
            "http://[::1]:1",
            "http://localhost:1",
            "http://10.0.0.8:8080",
            "http://[fd00::1]/",
            "http://169.254.1.1",
        ] {
            assert!(!is_elsewhere(&Url::parse(base).unwrap()).await, "{base}");
        }
        let elsewhere = Url::parse("https://1.1.1.1/v1").unwrap();
        assert!(is_elsewhere(&elsewhere).await);
    }
}
