//! The steps of one delivery.

use serde::Serialize;

use crate::clock::rfc3339;
use crate::media::{Media, RecordedAttempt, hex};
use crate::model::{
    DeliveryId, DeliveryReason, InstanceId, MediaId, MediaStatus, Reason, Route, Verification,
};
use crate::ops::Progress;

#[derive(Clone, Debug, Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    Received {
        bytes: usize,
        instance: InstanceId,
        client: i64,
        /// The gateway whose form it has.
        #[serde(skip_serializing_if = "Option::is_none")]
        gateway: Option<&'static str>,
    },
    Committed {
        delivery: DeliveryId,
        media: usize,
    },
    Detected {
        kind: &'static str,
        id: MediaId,
        duplicate: bool,
    },
    Ignored {
        reason: DeliveryReason,
    },
    SetAside {
        reason: DeliveryReason,
        /// The gateway of whose form it is.
        #[serde(skip_serializing_if = "Option::is_none")]
        gateway: Option<&'static str>,
        line: Option<usize>,
        column: Option<usize>,
    },
    Refused {
        names_instance: String,
    },
    RouteTried {
        n: i64,
        route: Route,
        duration_ms: i64,
    },
    Link {
        obtained: bool,
        host: Option<String>,
        http_status: Option<i64>,
        reason: Option<Reason>,
    },
    Bytes {
        count: u64,
        reason: Option<Reason>,
    },
    Verified {
        how: Option<&'static str>,
        sha256: Option<String>,
        size: Option<u64>,
        mime: Option<String>,
    },
    /// Below the storage root.
    Path {
        path: Option<String>,
    },
    Row {
        id: MediaId,
        status: MediaStatus,
    },
    NotStored {
        id: MediaId,
        status: MediaStatus,
        reason: Option<Reason>,
        next_attempt_at: Option<String>,
    },
}

/// Whether an attempt that failed with this reason had obtained a link before.
fn had_link(reason: Option<Reason>) -> bool {
    use Reason as R;
    let Some(reason) = reason else {
        return true;
    };
    !matches!(
        reason,
        R::GatewayUnreachable
            | R::GatewayTimeout
            | R::GatewayTokenRefused
            | R::GatewayUnknownInstance
            | R::GatewayThrottled
            | R::GatewayFailed
            | R::GatewayUnavailable
            | R::GatewayBadAnswer
            | R::TokenMissing
            | R::NoFileSent
            | R::KeysMissing
            | R::BadMediaKey
            | R::Interrupted
    )
}

pub(super) fn of_attempt(attempt: &RecordedAttempt, progress: &dyn Progress<Step>) {
    let obtained = had_link(attempt.reason);
    progress.finding(&Step::RouteTried {
        n: attempt.n,
        route: attempt.route,
        duration_ms: attempt.duration_ms,
    });
    progress.finding(&Step::Link {
        obtained,
        host: attempt.host.clone(),
        http_status: attempt.http_status,
        reason: attempt.reason.filter(|_| !obtained),
    });
    if obtained {
        progress.finding(&Step::Bytes {
            count: attempt.size,
            reason: attempt.reason,
        });
    }
}

pub(super) fn of_media(media: &Media, progress: &dyn Progress<Step>) {
    let (id, status) = (media.id.clone(), media.status);
    if status != MediaStatus::Stored {
        return progress.finding(&Step::NotStored {
            id,
            status,
            reason: media.reason,
            next_attempt_at: media.next_attempt_at.map(rfc3339),
        });
    }
    progress.finding(&Step::Verified {
        how: media.verified.map(Verification::as_str),
        sha256: media.sha256.map(|sha256| hex(&sha256)),
        size: media.size,
        mime: media.mime.clone(),
    });
    let path = media.path().map(str::to_owned);
    progress.finding(&Step::Path { path });
    progress.finding(&Step::Row { id, status });
}
