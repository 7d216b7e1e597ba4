//! Each instance as its gateway sees it: token, connection, slots, groups; and whether it went silent.

use std::collections::BTreeMap;
use std::fmt::Display;

use futures_util::StreamExt as _;
use futures_util::stream;

use super::super::complaint;
use super::super::context::Context;
use super::super::language::span;
use super::super::panel::{self, Panel};
use super::super::words::doctor as words;
use super::ground::Ground;
use super::sheet::Sheet;
use midiateca_service::clock::{Clock, DAY, MINUTE, Millis, SECOND};
use midiateca_service::db::Db;
use midiateca_service::deliveries::rhythm;
use midiateca_service::instances::Instance;
use midiateca_service::net::HttpClient;

/// Instances that are asked at once.
const AT_ONCE: usize = 8;
/// Links expire by the clock, so it need not be exact, but it must not be wrong.
const SKEW_RISK: Millis = 30 * SECOND;
const SKEW_WRONG: Millis = 5 * MINUTE;

/// Without a rhythm to go by.
const SILENT_RISK: Millis = DAY;
const SILENT_WRONG: Millis = 7 * DAY;

type Told = Result<panel::Answer, panel::Error>;

/// Looks at all of them.
pub(super) async fn look(
    sheet: &mut Sheet,
    context: &Context,
    ground: &Ground,
    instances: &[Instance],
    clock: &Clock,
    offline: bool,
) {
    let fetch = HttpClient::new(&context.config.fetch);
    let asked = stream::iter(instances).map(async |instance| {
        let secrets = ground.secrets.as_ref().filter(|_| !offline)?;
        Some(match Panel::open(&fetch, secrets, instance) {
            Ok(panel) => panel.read().await,
            Err(error) => Err(error),
        })
    });
    let told: Vec<Option<Told>> = asked.buffered(AT_ONCE).collect().await;
    let is_asked = told.iter().any(Option::is_some);
    let mut dates = BTreeMap::new();
    for (instance, told) in instances.iter().zip(told) {
        if let Some(told) = told {
            let date = match &told {
                Ok(answer) => answer.date,
                Err(panel::Error::Status { date, .. }) => *date,
                Err(_) => None,
            };
            if let Some(date) = date {
                dates.insert(instance.api_base.clone(), date);
            }
            gateway(sheet, context, instance, told);
        } else if !offline {
            let id = instance.id.as_str();
            sheet.skipped(
                "instance.token",
                id,
                words::ASKED_GATEWAY,
                words::NOT_WITHOUT_KEY,
                &[],
            );
        }
        if let Some(problem) = &instance.problem {
            let sentence = sheet.lang.reason(problem).to_owned();
            sheet.wrong(
                "instance.problem",
                instance.id.as_str(),
                words::REMEMBERED,
                words::PROBLEM,
                words::MEND_AND_RETRY,
                &[("reason", &sentence)],
            );
        }
        if let Some(db) = &ground.db {
            silence(sheet, db, instance, clock.now()).await;
        }
    }
    if is_asked && dates.is_empty() {
        sheet.skipped("clock", "", words::COMPARED_CLOCKS, words::NOT_TOLD, &[]);
    }
    for (base, date) in dates {
        skew(sheet, &base, clock.wall() - date);
    }
}

fn skew(sheet: &mut Sheet, base: &str, skew: Millis) {
    let shown = span(skew.abs());
    let values: [(&str, &dyn Display); 1] = [("skew", &shown)];
    match skew.abs() {
        skew if skew >= SKEW_WRONG => sheet.wrong(
            "clock",
            base,
            words::COMPARED_CLOCKS,
            words::SKEWED,
            words::SET_CLOCK,
            &values,
        ),
        skew if skew >= SKEW_RISK => sheet.risk(
            "clock",
            base,
            words::COMPARED_CLOCKS,
            words::SKEWED,
            words::SET_CLOCK,
            &values,
        ),
        _ => sheet.fine(
            "clock",
            base,
            words::COMPARED_CLOCKS,
            words::CLOCKS_AGREE,
            &[],
        ),
    }
}

fn gateway(sheet: &mut Sheet, context: &Context, instance: &Instance, told: Told) {
    let id = instance.id.as_str();
    let tried = words::ASKED_GATEWAY;
    let values: [(&str, &dyn Display); 2] = [("id", &id), ("client", &instance.client)];
    let answer = match told {
        Ok(answer) => answer.body,
        Err(error) => {
            let next = match &error {
                panel::Error::NoToken => words::ADD_TOKEN,
                panel::Error::Sealed(_) => words::RESTORE_KEY_OR_TOKEN,
                panel::Error::Status {
                    status: 401 | 403, ..
                } => words::ADD_TOKEN,
                panel::Error::Status { status: 404, .. } => words::CHECK_ID,
                panel::Error::NotJson | panel::Error::Base | panel::Error::Empty => {
                    words::CHECK_API_BASE
                }
                panel::Error::Refused(_) => words::ADD_TOKEN,
                panel::Error::Other(_) => words::CHECK_ID,
                // A redirection: the API is somewhere else.
                panel::Error::Status {
                    status: 300..=399, ..
                } => words::CHECK_API_BASE,
                panel::Error::Status { .. } | panel::Error::Silent(_) => words::ASK_GATEWAY,
            };
            let (seen, named) = (error.words(), error.named());
            let error = complaint::why(&error, sheet.lang);
            let values = [values.as_slice(), &[("error", &error), ("named", &named)]].concat();
            return sheet.wrong("instance.token", id, tried, seen, next, &values);
        }
    };
    let session = instance.gateway.read_session(&answer);
    sheet.fine("instance.token", id, tried, words::TOKEN_TAKEN, &[]);
    match (session.connected, session.has_number) {
        (Some(true), true) => sheet.fine("instance.connected", id, tried, words::CONNECTED, &[]),
        (Some(true), false) => sheet.risk(
            "instance.connected",
            id,
            tried,
            words::HALF_CONNECTED,
            words::SCAN_CODE,
            &[],
        ),
        (Some(false), _) => sheet.wrong(
            "instance.connected",
            id,
            tried,
            words::DISCONNECTED,
            words::SCAN_CODE,
            &[],
        ),
        (None, _) => sheet.skipped("instance.connected", id, tried, words::NOT_TOLD, &[]),
    }
    match session.ignores_groups {
        Some(true) if context.config.keep.groups => sheet.wrong(
            "instance.groups",
            id,
            tried,
            words::GROUPS_IGNORED,
            words::TAKE_GROUPS,
            &[],
        ),
        Some(true) => sheet.fine("instance.groups", id, tried, words::GROUPS_NOT_SENT, &[]),
        Some(false) => sheet.fine("instance.groups", id, tried, words::GROUPS_SENT, &[]),
        None => sheet.skipped("instance.groups", id, tried, words::NOT_TOLD, &[]),
    }
    slots(sheet, context, instance, &answer);
}

/// Each slot must hold an address of ours; without that for the account's own messages, those never come.
fn slots(sheet: &mut Sheet, context: &Context, instance: &Instance, answer: &serde_json::Value) {
    let id = instance.id.as_str();
    let public = context.config.http.public_url.trim_end_matches('/');
    for slot in instance.gateway.slots() {
        let held = instance.gateway.read_slot(slot, answer);
        let shown = held.as_deref().map_or_else(|| "-".to_owned(), panel::shown);
        let values: [(&str, &dyn Display); 4] = [
            ("slot", &slot.name),
            ("held", &shown),
            ("id", &id),
            ("public", &public),
        ];
        let check = match slot.name {
            name if name == instance.gateway.own_messages_slot() => "instance.own-messages",
            _ => "instance.slot",
        };
        let tried = words::READ_SLOT;
        match held {
            None if slot.name == instance.gateway.own_messages_slot() => sheet.wrong(
                check,
                id,
                tried,
                words::OWN_SLOT_EMPTY,
                words::CONFIGURE,
                &values,
            ),
            None => sheet.wrong(
                check,
                id,
                tried,
                words::SLOT_EMPTY,
                words::CONFIGURE,
                &values,
            ),
            Some(held) if !panel::is_ours(instance, &held) => sheet.wrong(
                check,
                id,
                tried,
                words::SLOT_OTHER,
                words::CONFIGURE,
                &values,
            ),
            // For the gateway, that is itself.
            Some(held) if panel::is_loopback(&held) && !panel::is_loopback(&instance.api_base) => {
                sheet.wrong(
                    check,
                    id,
                    tried,
                    words::SLOT_LOOPBACK,
                    words::CONFIGURE,
                    &values,
                );
            }
            Some(_) if instance.gateway.is_slot_off(slot, answer) => {
                sheet.wrong(check, id, tried, words::SLOT_OFF, words::SWITCH_ON, &values)
            }
            Some(held) if !public.is_empty() && !held.starts_with(&format!("{public}/")) => {
                sheet.risk(
                    check,
                    id,
                    tried,
                    words::SLOT_ELSEWHERE,
                    words::CONFIGURE,
                    &values,
                );
            }
            Some(held) if held.starts_with("http://") && !panel::is_loopback(&held) => {
                sheet.risk(
                    check,
                    id,
                    tried,
                    words::SLOT_CLEAR,
                    words::USE_HTTPS,
                    &values,
                );
            }
            Some(_) => sheet.fine(check, id, tried, words::SLOT_FINE, &values),
        }
    }
}

/// Whether nothing came for much longer than it usually takes.
async fn silence(sheet: &mut Sheet, db: &Db, instance: &Instance, now: Millis) {
    let id = instance.id.as_str();
    let tried = words::COMPARED_SILENCE;
    let Some(last) = instance.last_delivery_at else {
        return sheet.risk(
            "instance.silent",
            id,
            tried,
            words::NEVER_HEARD,
            words::CONFIGURE,
            &[("id", &id)],
        );
    };
    let silent = (now - last).max(0);
    let shown = span(silent);
    let rhythm = match rhythm::rhythm(db, &instance.id, last).await {
        Ok(Some(rhythm)) => rhythm,
        Ok(None) => {
            let values: [(&str, &dyn Display); 2] = [("silent", &shown), ("id", &id)];
            let (check, seen, next) = ("instance.silent", words::NO_RHYTHM, words::WAKE_UP);
            return match silent {
                silent if silent > SILENT_WRONG => {
                    sheet.wrong(check, id, tried, seen, next, &values);
                }
                silent if silent > SILENT_RISK => {
                    sheet.risk(check, id, tried, seen, next, &values);
                }
                _ => sheet.fine(check, id, tried, seen, &values),
            };
        }
        Err(error) => return sheet.unreadable("instance.silent", id, tried, &error),
    };
    let (usual, longest) = (span(rhythm.usual), span(rhythm.longest));
    let values: [(&str, &dyn Display); 4] = [
        ("silent", &shown),
        ("usual", &usual),
        ("longest", &longest),
        ("id", &id),
    ];
    if rhythm.is_broken_by(silent) {
        sheet.wrong(
            "instance.silent",
            id,
            tried,
            words::SILENT_LONG,
            words::WAKE_UP,
            &values,
        );
    } else {
        sheet.fine("instance.silent", id, tried, words::HEARD, &values);
    }
}
