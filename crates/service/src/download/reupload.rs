//! Asks the phone, through the gateway, to upload a file again that WhatsApp's CDN has no more.
//!
//! The phone may be offline, and each request costs the account some of WhatsApp's patience: one at a time for each instance,
//! once in a round.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{Downloader, Proven, Trace, gateway, link};
use crate::instances::Instance;
use crate::model::{InstanceId, Reason};
use crate::queue::Job;

/// Gateways wait up to a minute for the phone.
const PATIENCE: Duration = Duration::from_secs(90);

/// The instances whose phone is being asked.
#[derive(Default)]
pub struct Reuploads(Mutex<HashSet<InstanceId>>);

struct Turn {
    all: Arc<Reuploads>,
    instance: InstanceId,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut asking = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        asking.remove(&self.instance);
    }
}

/// `None` while another media of the instance has its turn.
fn turn(all: &Arc<Reuploads>, instance: &InstanceId) -> Option<Turn> {
    let mut asking = all.0.lock().unwrap_or_else(PoisonError::into_inner);
    asking.insert(instance.clone()).then(|| Turn {
        all: Arc::clone(all),
        instance: instance.clone(),
    })
}

/// Whether the gateway has a call for it, and the message what it needs.
pub(super) fn can_ask(job: &Job, instance: &Instance) -> bool {
    let access = link::access(instance, "");
    let call = job.gateway.reupload_call(access, &gateway::request(job));
    !instance.api_base.is_empty() && call.is_some()
}

/// Asks for the file and verifies it.
pub(super) async fn fetch(
    downloader: &Downloader,
    job: &Job,
    instance: &Instance,
    trace: &mut Trace<'_>,
) -> Result<Proven, Reason> {
    let turn = turn(&downloader.reuploads, &instance.id);
    let _turn = turn.ok_or(Reason::GatewayThrottled)?;
    let token = link::token(downloader, instance)?;
    let access = link::access(instance, &token);
    let call = job.gateway.reupload_call(access, &gateway::request(job));
    let call = call.ok_or(Reason::KeysMissing)?;
    let asking = gateway::Asking {
        call,
        token: &token,
        patience: PATIENCE,
    };
    gateway::fetch_by(downloader, job, instance, trace, asking).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_phone_is_asked_for_one_file_at_a_time() {
        let all = Arc::new(Reuploads::default());
        let [one, other] = ["one", "other"].map(|id| InstanceId(id.to_owned()));
        let first = turn(&all, &one);
        assert!(first.is_some() && turn(&all, &one).is_none() && turn(&all, &other).is_some());
        drop(first);
        assert!(turn(&all, &one).is_some());
    }
}
