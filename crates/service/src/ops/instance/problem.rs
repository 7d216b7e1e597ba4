//! What the answers of a gateway say about the access of an instance, recorded by those who ask it.

use super::add::TokenCheck;
use crate::db::{self, Db, Key};
use crate::instances::{self, Instance};
use crate::model::Reason;
use crate::ops::gateway_admin;
use crate::telemetry;

/// Records what is wrong with the token. The instance stays in any case.
pub async fn record_problem(
    db: &Db,
    instance: &Instance,
    check: &TokenCheck,
) -> Result<(), db::Error> {
    let problem = match check {
        TokenCheck::Accepted => None,
        TokenCheck::Refused(error) => error.reason(),
        TokenCheck::Unreachable(_) | TokenCheck::NotAsked => return Ok(()),
    };
    record(db, instance, problem).await
}

/// Records whether the gateway accepts the calls of an instance, and logs it if that fails: the answer itself is of use.
pub async fn note_answer<T>(
    db: &Db,
    instance: &Instance,
    answer: Result<&T, &gateway_admin::Error>,
) {
    let problem = match answer.map_err(gateway_admin::Error::reason) {
        Ok(_) => None,
        Err(Some(reason)) => Some(reason),
        // Without an answer, or by one that does not depend on the token, nothing is known.
        Err(None) => return,
    };
    if let Err(error) = record(db, instance, problem).await {
        let (error, instance) = (telemetry::chain(&error), instance.id.as_str());
        tracing::warn!(error, instance, "what the gateway answered is not recorded");
    }
}

/// An answer to access that was changed in the meantime is about the access before.
async fn record(db: &Db, instance: &Instance, problem: Option<Reason>) -> Result<(), db::Error> {
    let known = instance.problem.as_deref();
    let is_of_access = known
        .and_then(Reason::parse)
        .is_some_and(Reason::is_of_access);
    let is_news = match problem {
        Some(reason) => known != Some(reason.as_str()),
        None => is_of_access,
    };
    if !is_news {
        return Ok(());
    }
    let id = instance.id.clone();
    let asked_with = (instance.token_sealed.clone(), instance.api_base.clone());
    let recording = db.write(Key::instance(id.as_str()), async move |tx| {
        if instances::access_of(tx, &id).await?.as_ref() == Some(&asked_with) {
            instances::set_problem(tx, &id, problem.map(Reason::as_str)).await?;
        }
        Ok(())
    });
    recording.await
}
