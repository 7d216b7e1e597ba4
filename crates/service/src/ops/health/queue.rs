//! Whether pending media are downloaded in time, and which deliveries were set aside or refused.

use super::result::Results;
use super::{Check, CheckResult, Code, Hint, Value};
use crate::clock::{DAY, HOUR, Millis};
use crate::db::{Db, Error};
use crate::gateway::Gateway;
use crate::model::{Reason, Scope};
use crate::ops::status::RefusedDeliveries;
use crate::{deliveries, instances, media};

pub(super) async fn probe(results: &mut Results<'_>, db: &Db, now: Millis) {
    if let Err(error) = waiting(results, db, now).await {
        results.add(CheckResult::unreadable(Check::QueueOldest, error));
    }
    if let Err(error) = reasons(results, db).await {
        results.add(CheckResult::unreadable(Check::QueueReason, error));
    }
    let check = Check::DeliveriesSetAside;
    let set_aside = deliveries::set_aside_since(db, now - DAY).await;
    let set_aside = set_aside.map(|count| match count {
        0 => CheckResult::ok(check, Code::NoneSetAside),
        _ => CheckResult::warning(check, Code::SetAside, Hint::Replay).with("count", count),
    });
    results.add_read(check, set_aside);
}

async fn waiting(results: &mut Results<'_>, db: &Db, now: Millis) -> Result<(), Error> {
    let (oldest, deadline) = media::waiting(db, Scope::All, now).await?;
    let check = Check::QueueOldest;
    results.add(match oldest.filter(|oldest| now - oldest > DAY) {
        Some(oldest) => CheckResult::warning(check, Code::WaitsLong, Hint::SeeReasons)
            .with("hours", (now - oldest) / HOUR),
        None => CheckResult::ok(check, Code::QueueMoves),
    });
    if let Some(deadline) = deadline.filter(|deadline| deadline - now < DAY) {
        let hours = ((deadline - now) / HOUR).max(0);
        let (check, code) = (Check::QueueDeadline, Code::LinkExpiresSoon);
        results.add(CheckResult::problem(check, code, Hint::SeeReasons).with("hours", hours));
    }
    Ok(())
}

/// Media that wait for something that a person must do.
async fn reasons(results: &mut Results<'_>, db: &Db) -> Result<(), Error> {
    for count in media::waiting_by_reason(db).await? {
        if Reason::parse(&count.name).is_some_and(Reason::needs_operator) {
            let problem =
                CheckResult::problem(Check::QueueReason, Code::MediaWait, Hint::FixAndRetry);
            results.add(
                problem
                    .about(count.name.as_str())
                    .with("count", count.count)
                    .with_value("reason", Value::Reason(count.name)),
            );
        }
    }
    Ok(())
}

/// Refusals of the last day: a problem if the instance is known, else a warning, because it may be a scan from outside.
pub(super) async fn probe_refusals(results: &mut Results<'_>, db: &Db, now: Millis) {
    let check = Check::DeliveriesRefused;
    let mut refused = match instances::refusals(db).await {
        Ok(refused) => refused,
        Err(error) => return results.add(CheckResult::unreadable(check, error)),
    };
    refused.retain(|(_, count)| count.is_recent(now));
    if refused.is_empty() {
        results.add(CheckResult::ok(check, Code::NoneRefused));
    }
    for refused in refused.iter().map(RefusedDeliveries::new) {
        let (code, hint) = (Code::Refused, Hint::RefusalHint);
        let gateway = refused.refusal.gateway;
        let result = match &refused.refusal.instance {
            Some(instance) => CheckResult::problem(check, code, hint).about(instance.as_str()),
            None => CheckResult::warning(check, code, hint)
                .about(gateway.map_or("webhooks", Gateway::as_str)),
        };
        results.add(result.with_value("refused", Value::Refused(refused)));
    }
}
