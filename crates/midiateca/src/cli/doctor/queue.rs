//! Whether what waits gets its turn.

use super::super::words::doctor as words;
use super::sheet::Sheet;
use midiateca_service::clock::{DAY, HOUR, Millis};
use midiateca_service::db::Db;
use midiateca_service::{deliveries, media};

/// Whether what waits gets its turn.
pub(super) async fn look(sheet: &mut Sheet, db: &Db, now: Millis) {
    let (oldest, deadline) = match media::waiting(db).await {
        Ok(waiting) => waiting,
        Err(error) => {
            return sheet.unreadable("queue.oldest", "", words::LOOKED_AT_QUEUE, &error);
        }
    };
    match oldest.filter(|oldest| now - oldest > DAY) {
        Some(oldest) => {
            let hours = (now - oldest) / HOUR;
            sheet.risk(
                "queue.oldest",
                "",
                words::LOOKED_AT_QUEUE,
                words::WAITS_LONG,
                words::SEE_REASONS,
                &[("hours", &hours)],
            );
        }
        None => sheet.fine(
            "queue.oldest",
            "",
            words::LOOKED_AT_QUEUE,
            words::QUEUE_FINE,
            &[],
        ),
    }
    if let Some(deadline) = deadline.filter(|deadline| deadline - now < DAY) {
        let hours = ((deadline - now) / HOUR).max(0);
        sheet.wrong(
            "queue.deadline",
            "",
            words::LOOKED_AT_QUEUE,
            words::DIES_SOON,
            words::SEE_REASONS,
            &[("hours", &hours)],
        );
    }
    let reasons = match media::waiting_by_reason(db).await {
        Ok(reasons) => reasons,
        Err(error) => {
            return sheet.unreadable("queue.reason", "", words::LOOKED_AT_QUEUE, &error);
        }
    };
    for count in reasons {
        let needs_somebody = midiateca_service::model::Reason::parse(&count.name)
            .is_some_and(midiateca_service::model::Reason::needs_somebody);
        if needs_somebody {
            let sentence = sheet.lang.reason(&count.name).to_owned();
            let values: [(&str, &dyn std::fmt::Display); 2] =
                [("count", &count.count), ("reason", &sentence)];
            sheet.wrong(
                "queue.reason",
                &count.name,
                words::LOOKED_AT_QUEUE,
                words::WAIT_FOR,
                words::MEND_AND_RETRY,
                &values,
            );
        }
    }
    match deliveries::set_aside_since(db, now - DAY).await {
        Ok(0) => sheet.fine(
            "deliveries.quarantine",
            "",
            words::COUNTED_QUARANTINE,
            words::QUARANTINE_EMPTY,
            &[],
        ),
        Ok(count) => sheet.risk(
            "deliveries.quarantine",
            "",
            words::COUNTED_QUARANTINE,
            words::QUARANTINED,
            words::REPLAY,
            &[("count", &count)],
        ),
        Err(error) => {
            let tried = words::COUNTED_QUARANTINE;
            sheet.unreadable("deliveries.quarantine", "", tried, &error);
        }
    }
}
