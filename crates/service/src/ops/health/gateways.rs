//! Each instance as its gateway reports it: token, connection, groups, webhook slots; and whether it went silent.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;

use super::ground::Ground;
use super::result::Results;
use super::{Check, CheckResult, Code, Deps, Hint, Value};
use crate::clock::{DAY, MINUTE, Millis, SECOND};
use crate::config::Config;
use crate::db::{self, Db};
use crate::deliveries::{self, rhythm};
use crate::gateway::signature::Headers;
use crate::gateway::{DeliverySource, Slot, hook_token};
use crate::instances::Instance;
use crate::model::{DeliveryReason, Reason};
use crate::net::loopback::is_loopback;
use crate::net::{self, HttpClient};
use crate::ops::gateway_admin::{
    self, GatewayAdmin, can_be_asked, is_ours, slot_content, without_secret,
};
use crate::ops::instance::{GatewayDeps, note_answer};
use crate::secrets;

/// Instances that are asked at once.
const CONCURRENT: usize = 8;
/// Links expire by the clock: it need not be exact, but it must not be wrong.
const SKEW_WARNING: Millis = 30 * SECOND;
const SKEW_PROBLEM: Millis = 5 * MINUTE;

/// For an instance whose usual gaps are not known.
const SILENT_PROBLEM: Millis = 7 * DAY;

/// How long a delivery of another gateway, or one that never came, is reported.
const REPORTED_FOR: Millis = 7 * DAY;

type Asked = Result<gateway_admin::Answer, gateway_admin::Error>;

pub(super) async fn probe(
    results: &mut Results<'_>,
    deps: Deps<'_>,
    ground: &Ground,
    instances: &[Instance],
    offline: bool,
) {
    let client = HttpClient::new(&deps.config.fetch);
    let asked = stream::iter(instances).map(async |instance| {
        let secrets = ground.secrets.as_ref().filter(|_| !offline)?;
        Some(match GatewayAdmin::open(&client, secrets, instance) {
            Ok(admin) => admin.read().await,
            Err(error) => Err(error),
        })
    });
    let answers: Vec<Option<Asked>> = asked.buffered(CONCURRENT).collect().await;
    let is_asked = answers.iter().any(Option::is_some);
    let mut dates = BTreeMap::new();
    for (instance, answer) in instances.iter().zip(answers) {
        let id = instance.id.as_str();
        if !offline && !can_be_asked(instance) {
            results.add(CheckResult::skipped(Check::InstanceToken, Code::NoCall).about(id));
        } else if let Some(answer) = answer {
            if let Some(date) = date_of(&answer) {
                dates.insert(instance.api_base.clone(), date);
            }
            probe_gateway(results, deps.config, instance, answer);
        } else if !offline {
            results.add(CheckResult::skipped(Check::InstanceToken, Code::NoKey).about(id));
        }
        if let Some(reason) = instance
            .problem
            .clone()
            .filter(|it| !is_found(results, id, it))
        {
            let (check, code) = (Check::InstanceProblem, Code::GatewayProblem);
            let problem = CheckResult::problem(check, code, Hint::FixAndRetry);
            results.add(
                problem
                    .about(id)
                    .with_value("reason", Value::Reason(reason)),
            );
        }
        if let Some(db) = &ground.db {
            probe_deliveries(results, db, instance, deps.clock.now()).await;
        }
    }
    if is_asked && dates.is_empty() {
        results.add(CheckResult::skipped(Check::Clock, Code::GatewayDoesNotSay));
    }
    for (base, date) in dates {
        results.add(skew(deps.clock.wall() - date).about(base));
    }
}

/// Whether the gateway has just given the cause of an instance's problem.
fn is_found(results: &Results<'_>, id: &str, problem: &str) -> bool {
    let code = match Reason::parse(problem) {
        Some(Reason::GatewayTokenRefused) => Code::TokenRefused,
        Some(Reason::GatewayUnknownInstance) => Code::UnknownInstance,
        Some(Reason::TokenMissing) => Code::TokenMissing,
        Some(Reason::TokenUnreadable) => Code::TokenSealed,
        _ => return false,
    };
    let mut found = results.report.checks.iter();
    found.any(|it| it.check == Check::InstanceToken && it.about == id && it.code == code)
}

/// What has arrived of an instance.
async fn probe_deliveries(results: &mut Results<'_>, db: &Db, instance: &Instance, now: Millis) {
    let id = instance.id.as_str();
    match other_gateway(db, instance, now).await {
        Ok(None) => {}
        Ok(Some(problem)) => results.add(problem),
        Err(error) => {
            let check = Check::InstanceGateway;
            results.add(CheckResult::unreadable(check, error).about(id));
        }
    }
    if let Some(warning) = undelivered(instance, now) {
        results.add(warning);
    }
    let silence = silence(db, instance, now).await;
    results.add(silence.about(id).with("id", id));
}

/// The same for one instance, for a person who waits. A gateway that does not answer within `patience` is reported as silent.
pub(super) async fn probe_one(
    results: &mut Results<'_>,
    deps: GatewayDeps<'_>,
    config: &Config,
    instance: &Instance,
    patience: Duration,
) {
    let id = instance.id.as_str();
    if can_be_asked(instance) {
        let answer = match GatewayAdmin::open(deps.client, deps.secrets, instance) {
            Ok(admin) => {
                let read = tokio::time::timeout(patience, admin.read()).await;
                read.unwrap_or(Err(net::Error::TimedOut.into()))
            }
            Err(error) => Err(error),
        };
        note_answer(deps.db, instance, answer.as_ref()).await;
        probe_gateway(results, config, instance, answer);
    } else {
        results.add(CheckResult::skipped(Check::InstanceToken, Code::NoCall).about(id));
    }
    probe_deliveries(results, deps.db, instance, deps.clock.now()).await;
}

fn date_of(answer: &Asked) -> Option<Millis> {
    match answer {
        Ok(answer) => answer.date,
        Err(gateway_admin::Error::Status { date, .. }) => *date,
        Err(_) => None,
    }
}

fn skew(skew: Millis) -> CheckResult {
    let result = match skew.abs() {
        skew if skew >= SKEW_PROBLEM => {
            CheckResult::problem(Check::Clock, Code::ClocksDiffer, Hint::SetClock)
        }
        skew if skew >= SKEW_WARNING => {
            CheckResult::warning(Check::Clock, Code::ClocksDiffer, Hint::SetClock)
        }
        _ => return CheckResult::ok(Check::Clock, Code::ClocksAgree),
    };
    result.with_value("skew", Value::Millis(skew.abs()))
}

fn probe_gateway(results: &mut Results<'_>, config: &Config, instance: &Instance, answer: Asked) {
    let id = instance.id.as_str();
    let refused = |check, error| {
        let refused = refused(check, error).about(id).with("id", id);
        refused.with("client", instance.client)
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(gateway_admin::Error::NoToken) if !instance.gateway.needs_token() => {
            let (check, code) = (Check::InstanceToken, Code::TokenNotNeeded);
            return results.add(CheckResult::skipped(check, code).about(id));
        }
        Err(error) => return results.add(refused(Check::InstanceToken, error)),
    };
    let session = answer.session;
    results.add(CheckResult::ok(Check::InstanceToken, Code::TokenAccepted).about(id));
    let check = Check::InstanceConnected;
    let connected = match (session.connected, session.has_number) {
        (Some(true), true) => CheckResult::ok(check, Code::Connected),
        (Some(true), false) => CheckResult::warning(check, Code::HalfConnected, Hint::ScanCode),
        (Some(false), _) => CheckResult::problem(check, Code::Disconnected, Hint::ScanCode),
        (None, _) => CheckResult::skipped(check, Code::GatewayDoesNotSay),
    };
    results.add(connected.about(id));
    let check = Check::InstanceGroups;
    let groups = match session.ignores_groups {
        Some(true) if config.keep.groups => {
            CheckResult::problem(check, Code::GroupsIgnored, Hint::TakeGroups)
        }
        Some(true) => CheckResult::ok(check, Code::GroupsNotWanted),
        Some(false) => CheckResult::ok(check, Code::GroupsSent),
        None => CheckResult::skipped(check, Code::GatewayDoesNotSay),
    };
    results.add(groups.about(id));
    if let Some(signature) = signature(instance, session.signs) {
        results.add(signature);
    }
    for slot in instance.gateway.slots() {
        results.add(match &answer.slots {
            Some(Ok(answer)) => probe_slot(config, instance, slot, answer),
            Some(Err(_)) => continue,
            None => CheckResult::skipped(Check::InstanceSlot, Code::NotReadable)
                .about(id)
                .with("slot", slot.name),
        });
    }
    if let Some(Err(error)) = answer.slots {
        let names: Vec<_> = instance
            .gateway
            .slots()
            .iter()
            .map(|slot| slot.name)
            .collect();
        results.add(refused(Check::InstanceSlot, error).with("slot", names.join(", ")));
    }
}

/// Compares whether the gateway signs with whether this server expects it to.
fn signature(instance: &Instance, signs: Option<bool>) -> Option<CheckResult> {
    let check = Check::InstanceSignature;
    let is_expected = instance.secret_sealed.is_some();
    let result = match (signs?, is_expected) {
        (true, true) => CheckResult::ok(check, Code::Signed),
        (false, true) => CheckResult::problem(check, Code::NotSigned, Hint::Configure),
        (true, false) => CheckResult::warning(check, Code::NotVerified, Hint::AddSecret),
        (false, false) => return None,
    };
    let id = instance.id.as_str();
    let result = result.about(id).with("id", id);
    Some(result.with("client", instance.client))
}

fn refused(check: Check, error: gateway_admin::Error) -> CheckResult {
    use gateway_admin::Error;
    let (code, hint) = match &error {
        Error::NoCall => return CheckResult::skipped(check, Code::NoCall),
        Error::NoToken => (Code::TokenMissing, Hint::AddToken),
        Error::Sealed(secrets::Error::Sealed) => (Code::TokenSealed, Hint::RestoreKeyOrToken),
        Error::Sealed(_) => (Code::Failed, Hint::RestoreKeyOrToken),
        Error::Status {
            status: 401 | 403, ..
        } => (Code::TokenRefused, Hint::AddToken),
        Error::Status { status: 404, .. } => (Code::UnknownInstance, Hint::CheckId),
        // The API has another address.
        Error::Status {
            status: 300..=399, ..
        } => (Code::Failed, Hint::CheckApiBase),
        Error::Status { .. } | Error::Silent(_) => (Code::Failed, Hint::AskGateway),
        Error::NotJson => (Code::NotJson, Hint::CheckApiBase),
        Error::Base => (Code::NotAUrl, Hint::CheckApiBase),
        Error::Empty => (Code::EmptyAnswer, Hint::CheckApiBase),
        Error::Refused(_) => (Code::GatewayRefuses, Hint::AddToken),
        Error::Other(_) => (Code::OtherInstance, Hint::CheckId),
    };
    let said = match &error {
        Error::Refused(said) | Error::Other(said) => said.clone(),
        _ => String::new(),
    };
    let problem = CheckResult::problem(check, code, hint);
    problem.with("said", said).error(error)
}

/// Each slot must contain an address of this server.
fn probe_slot(
    config: &Config,
    instance: &Instance,
    slot: &Slot,
    answer: &serde_json::Value,
) -> CheckResult {
    let id = instance.id.as_str();
    let public = config.http.public_url.trim_end_matches('/');
    let is_own = slot.name == instance.gateway.own_messages_slot();
    let check = if is_own {
        Check::InstanceOwnMessages
    } else {
        Check::InstanceSlot
    };
    let content = slot_content(instance, slot, answer, None);
    let lacks = content.as_ref().map(|content| content.lacks.join(", "));
    let lacks = lacks.unwrap_or_default();
    let is_off = content.as_ref().is_some_and(|content| content.is_off);
    let address = content.map(|content| content.address);
    let configure = |code| CheckResult::problem(check, code, Hint::Configure);
    let result = match &address {
        None if is_own => configure(Code::OwnSlotEmpty),
        None => configure(Code::SlotEmpty),
        Some(address) if !is_ours(instance, address) => {
            let is_here = !public.is_empty() && address.starts_with(&format!("{public}/"));
            let has_token = hook_token(instance.gateway, address).is_some();
            configure(if is_here && has_token {
                Code::SlotWrongToken
            } else {
                Code::SlotOther
            })
        }
        // From the gateway, that leads to itself.
        Some(address) if is_loopback(address) && !is_loopback(&instance.api_base) => {
            configure(Code::SlotLoopback)
        }
        Some(_) if is_off => CheckResult::problem(check, Code::SlotOff, Hint::SwitchOn),
        Some(_) if !lacks.is_empty() => configure(Code::SlotLacks),
        Some(address) if !public.is_empty() && !address.starts_with(&format!("{public}/")) => {
            CheckResult::warning(check, Code::SlotElsewhere, Hint::Configure)
        }
        Some(address) if address.starts_with("http://") && !is_loopback(address) => {
            CheckResult::warning(check, Code::SlotClearText, Hint::UseHttps)
        }
        Some(_) => CheckResult::ok(check, Code::SlotFine),
    };
    let shown = address.map_or_else(|| "-".to_owned(), |address| without_secret(&address));
    result
        .about(id)
        .with("slot", slot.name)
        .with("address", shown)
        .with("lacks", lacks)
        .with("id", id)
        .with("public", public)
}

async fn silence(db: &Db, instance: &Instance, now: Millis) -> CheckResult {
    let check = Check::InstanceSilent;
    let Some(last) = instance.last_delivery_at else {
        return CheckResult::warning(check, Code::NeverReceived, Hint::Configure);
    };
    let silent = (now - last).max(0);
    let result = match rhythm::rhythm(db, &instance.id, last).await {
        Ok(Some(rhythm)) => {
            let result = if rhythm.is_broken_by(silent) {
                CheckResult::problem(check, Code::SilentLong, Hint::SendMessage)
            } else {
                CheckResult::ok(check, Code::GapUsual)
            };
            result
                .with_value("usual", Value::Millis(rhythm.usual))
                .with_value("longest", Value::Millis(rhythm.longest))
        }
        Ok(None) if silent > SILENT_PROBLEM => {
            CheckResult::problem(check, Code::GapsUnknown, Hint::SendMessage)
        }
        Ok(None) if silent > rhythm::LONG_SILENCE => {
            CheckResult::warning(check, Code::GapsUnknown, Hint::SendMessage)
        }
        Ok(None) => CheckResult::ok(check, Code::GapsUnknown),
        Err(error) => return CheckResult::unreadable(check, error),
    };
    result.with_value("silent", Value::Millis(silent))
}

/// Whether the last delivery that was set aside is another gateway's.
async fn other_gateway(
    db: &Db,
    instance: &Instance,
    now: Millis,
) -> Result<Option<CheckResult>, db::Error> {
    let reason = DeliveryReason::OtherGateway;
    let since = now - REPORTED_FOR;
    let last = deliveries::last_set_aside_for(db, &instance.id, reason, since).await?;
    let Some(last) = last else {
        return Ok(None);
    };
    let body = deliveries::body(db, &last).await?.unwrap_or_default();
    let source = instance.gateway.source_of(&body, &Headers::default());
    // Only its headers, which are not stored, may have shown the gateway.
    let shown = match source {
        Some(DeliverySource::Gateway(gateway)) => gateway.as_str(),
        _ => "NAME",
    };
    let (check, code, hint) = (
        Check::InstanceGateway,
        Code::OtherGateway,
        Hint::CorrectGateway,
    );
    let problem = CheckResult::problem(check, code, hint);
    Ok(Some(
        problem
            .about(instance.id.as_str())
            .with("id", instance.id.as_str())
            .with("client", instance.client)
            .with("own", instance.gateway.as_str())
            .with("gateway", shown),
    ))
}

/// Whether messages were found in the gateway's list whose webhooks never came.
fn undelivered(instance: &Instance, now: Millis) -> Option<CheckResult> {
    let last = instance.undelivered_at?;
    let (check, code, hint) = (
        Check::InstanceUndelivered,
        Code::NeverMade,
        Hint::CompareWebhooks,
    );
    (now - last < REPORTED_FOR).then(|| {
        CheckResult::warning(check, code, hint)
            .about(instance.id.as_str())
            .with("id", instance.id.as_str())
            .with("count", instance.undelivered_count)
            .with_value("since", Value::Millis((now - last).max(0)))
    })
}
