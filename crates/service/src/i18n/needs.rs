//! The needs of `check`, as text.

use std::fmt::{Display, Write as _};
use std::path::Path;

use super::explain::{self, Explainer};
use super::keys::needs as texts;
use super::{Language, Reader, TextKey, refusals};
use crate::clock::Zone;
use crate::ops::status::Need;
use crate::storage::{self, RemoteError};
use crate::terminal::tame;

/// A sentence for each.
pub fn sentences(reader: Reader, needs: &[Need], lang: Language, zone: &Zone) -> Vec<String> {
    needs
        .iter()
        .map(|need| tame(&sentence(reader, need, lang, zone)))
        .collect()
}

/// A line for each, or one line that there is none. Times are in `zone`.
pub fn text(needs: &[Need], lang: Language, zone: &Zone) -> String {
    let mut text = String::new();
    for need in sentences(Reader::Program, needs, lang, zone) {
        let _ = writeln!(text, "{}", lang.fill(texts::ONE, &[("need", &need)]));
    }
    if needs.is_empty() {
        let _ = writeln!(text, "{}", lang.say(texts::NONE));
    }
    text
}

fn why(error: &(dyn std::error::Error + 'static), lang: Language) -> String {
    Explainer::new(lang, |_, _| None).message(error)
}

fn sentence(reader: Reader, need: &Need, lang: Language, zone: &Zone) -> String {
    let values = values(reader, need, lang, zone);
    let values: Vec<_> = values
        .iter()
        .map(|(name, value)| (*name, value as &dyn Display))
        .collect();
    lang.fill_for(reader, template(need), &values)
}

fn template(need: &Need) -> TextKey {
    match need {
        Need::ServerStopped { .. } => texts::SERVER_STOPPED,
        Need::ServerNotAnswering { .. } => texts::SERVER_NOT_ANSWERING,
        Need::ServerNotReady { .. } => texts::SERVER_NOT_READY,
        Need::DatabaseDisplaced { .. }
        | Need::StorageDisplaced { .. }
        | Need::StorageUnknown { .. } => texts::DISPLACED,
        Need::StorageMissing { .. } => texts::STORAGE_MISSING,
        Need::BucketUnusable { .. } => texts::BUCKET_UNUSABLE,
        Need::DatabaseNotWritable(_) => texts::DATABASE_NOT_WRITABLE,
        Need::StorageNotWritable(_) => texts::STORAGE_NOT_WRITABLE,
        Need::DiskNearlyFull { .. } => texts::DISK_NEARLY_FULL,
        Need::ClockJumped { .. } => texts::CLOCK_JUMPED,
        Need::TokenMissing { .. } => texts::TOKEN_MISSING,
        Need::GatewayProblem { .. } => texts::GATEWAY_PROBLEM,
        Need::InstanceDisconnected { .. } => texts::INSTANCE_DISCONNECTED,
        Need::TokensUnreadable { .. } => texts::TOKENS_UNREADABLE,
        Need::MediaWaitForStorage { .. } => texts::MEDIA_WAIT_FOR_STORAGE,
        Need::MediaWaitLong { .. } => texts::MEDIA_WAIT_LONG,
        Need::DeliveriesSetAside { .. } => texts::DELIVERIES_SET_ASIDE,
        Need::MediaNotStored { .. } => texts::MEDIA_NOT_STORED,
        Need::FilesLost { .. } => texts::FILES_LOST,
        Need::FilesMissing { .. } => texts::FILES_MISSING,
        Need::FilesOfWrongSize { .. } => texts::FILES_OF_WRONG_SIZE,
        Need::FilesInfected { .. } => texts::FILES_INFECTED,
        Need::FilesNotScanned { .. } => texts::FILES_NOT_SCANNED,
        Need::DeliveriesRefused(_) => texts::DELIVERIES_REFUSED,
        Need::DeliveriesNeverMade { .. } => texts::DELIVERIES_NEVER_MADE,
    }
}

fn values(reader: Reader, need: &Need, lang: Language, zone: &Zone) -> Vec<(&'static str, String)> {
    match need {
        Need::ServerStopped { data } => vec![("data", data.display().to_string())],
        Need::ServerNotAnswering { address } | Need::ServerNotReady { address } => {
            vec![("address", address.to_string())]
        }
        Need::DatabaseDisplaced { path, found } => {
            displaced(explain::displaced(*found), path, lang)
        }
        Need::StorageDisplaced { path, found } => {
            displaced(explain::displaced_storage(*found), path, lang)
        }
        Need::StorageUnknown { path } => displaced(explain::unknown_storage(), path, lang),
        Need::StorageMissing { path } => vec![("path", path.display().to_string())],
        Need::BucketUnusable { bucket, cause } => {
            let error = storage::Error::from(RemoteError::of(*cause));
            let explained = explain::explain(&error, lang);
            vec![
                ("bucket", bucket.display().to_string()),
                ("why", explained.message),
                ("hint", explained.hint.unwrap_or_default()),
            ]
        }
        Need::DatabaseNotWritable(failure) | Need::StorageNotWritable(failure) => vec![
            ("path", failure.path.display().to_string()),
            ("why", why(&failure.error, lang)),
            (
                "hint",
                explain::explain(failure, lang).hint.unwrap_or_default(),
            ),
        ],
        Need::DiskNearlyFull {
            free_bytes,
            resume_above_bytes,
        } => vec![
            ("free", lang.bytes(*free_bytes)),
            ("resume", lang.bytes(*resume_above_bytes)),
        ],
        Need::ClockJumped { by_ms } => vec![("by", lang.span(by_ms.abs()))],
        Need::TokenMissing { instance } | Need::InstanceDisconnected { instance } => {
            vec![("instance", instance.clone())]
        }
        Need::GatewayProblem { instance, reason } => vec![
            ("instance", instance.clone()),
            ("reason", lang.reason_for(reader, reason)),
        ],
        Need::TokensUnreadable { cause } => vec![("why", why(cause, lang))],
        Need::MediaWaitForStorage { count, reason } => vec![
            ("count", count.to_string()),
            ("reason", lang.reason_for(reader, reason)),
        ],
        Need::MediaWaitLong { since } => vec![("since", zone.local(*since))],
        Need::DeliveriesSetAside { count }
        | Need::MediaNotStored { count }
        | Need::FilesLost { count }
        | Need::FilesInfected { count }
        | Need::FilesNotScanned { count } => {
            vec![("count", count.to_string())]
        }
        Need::FilesMissing { count } | Need::FilesOfWrongSize { count } => {
            vec![("count", count.to_string())]
        }
        Need::DeliveriesRefused(refused) => {
            vec![("refused", refusals::sentence(reader, refused, lang, zone))]
        }
        Need::DeliveriesNeverMade { instance, count } => {
            vec![("instance", instance.clone()), ("count", count.to_string())]
        }
    }
}

fn displaced(
    (what, hint): (TextKey, TextKey),
    path: &Path,
    lang: Language,
) -> Vec<(&'static str, String)> {
    let path: [(&str, &dyn Display); 1] = [("path", &path.display())];
    vec![
        ("what", lang.fill(what, &path)),
        ("hint", lang.fill(hint, &path)),
    ]
}
