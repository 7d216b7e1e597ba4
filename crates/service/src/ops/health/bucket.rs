//! Whether files can be stored in a bucket, and whether its server does all that is needed.

use super::result::Results;
use super::storage::{probe_identity, probe_space};
use super::{Check, CheckResult, Code, Deps, Hint, Value};
use crate::clock::{MINUTE, Millis};
use crate::db::Db;
use crate::storage::{BucketFindings, Error, Storage};

/// S3 refuses requests from 15 minutes on.
const MOST_SKEW: Millis = 5 * MINUTE;

pub(super) async fn probe(results: &mut Results<'_>, deps: Deps<'_>, db: Option<&Db>) {
    let about = deps.config.storage.url.as_str();
    // Another one may run at the same time.
    let owner = format!("doctor{:08x}", rand::random::<u32>());
    let opened = Storage::configured(deps.config, deps.data, &owner);
    let storage = match opened.and_then(|storage| storage.create_staging().map(|()| storage)) {
        Ok(storage) => storage,
        Err(error) => {
            return results.add(CheckResult::failed(Check::Bucket, error).about(about));
        }
    };
    if let Some(db) = db {
        let identity = probe_identity(db, &storage).await;
        let is_right = identity.error.is_none();
        results.add(identity.about(about));
        if !is_right {
            return;
        }
    }
    let has_checksum = deps.config.storage.checksum;
    match storage.probe().await {
        Ok(()) => results.add(CheckResult::ok(Check::Bucket, Code::Done).about(about)),
        Err(error) => {
            results.add(CheckResult::failed(Check::Bucket, error).about(about));
            let plain = Storage::takes_upload_without_checksum;
            if has_checksum && storage.blocking(plain).await {
                let (code, hint) = (Code::ChecksumRefused, Hint::TurnChecksumOff);
                let refused = CheckResult::problem(Check::BucketChecksum, code, hint);
                results.add(refused.about(about));
            }
            return;
        }
    }
    let code = if has_checksum {
        Code::ChecksumAccepted
    } else {
        Code::ChecksumOff
    };
    results.add(CheckResult::ok(Check::BucketChecksum, code).about(about));
    let now = deps.clock.now();
    let trying = move |storage: &Storage| storage.try_bucket(now);
    match storage.blocking(trying).await {
        Some(Ok(findings)) => add_findings(results, findings, about),
        Some(Err(error)) => results.add(CheckResult::failed(Check::Bucket, error).about(about)),
        None => {}
    }
    let staging = deps.config.storage_folder(deps.data);
    probe_space(results, deps, db, &staging).await;
}

fn add_findings(results: &mut Results<'_>, findings: BucketFindings, about: &str) {
    let yes_or_no = |check, found: Result<bool, Error>, yes, (no, hint)| match found {
        Ok(true) => CheckResult::ok(check, yes),
        Ok(false) => CheckResult::problem(check, no, hint),
        Err(error) => CheckResult::failed(check, error),
    };
    let ranges = yes_or_no(
        Check::BucketRange,
        findings.gives_ranges,
        Code::RangesGiven,
        (Code::RangesIgnored, Hint::UseOtherServer),
    );
    let private = yes_or_no(
        Check::BucketPrivate,
        findings.is_private,
        Code::AnonymousRefused,
        (Code::AnonymousReads, Hint::CloseBucket),
    );
    let parts = match findings.multipart {
        Ok(()) => CheckResult::ok(Check::BucketMultipart, Code::PartsAccepted),
        Err(error) => CheckResult::failed(Check::BucketMultipart, error),
    };
    for result in [ranges, private, parts] {
        results.add(result.about(about));
    }
    if let Some(ahead_ms) = findings.ahead_ms {
        let check = Check::BucketClock;
        let clock = if ahead_ms.abs() > MOST_SKEW {
            CheckResult::warning(check, Code::ServerClockFar, Hint::SetClock)
        } else {
            CheckResult::ok(check, Code::ServerClockNear)
        };
        let by = Value::Millis(ahead_ms.abs());
        results.add(clock.with_value("by", by).about(about));
    }
}
