//! Deliveries that were refused within the last day.

use super::super::refusals;
use super::super::words::refusals as words;
use super::sheet::Sheet;
use midiateca_service::clock::Millis;
use midiateca_service::db::Db;
use midiateca_service::instances;
use midiateca_service::ops::status::RefusedDeliveries;

/// Wrong where the instance is known, a risk where it may be a stranger who tries.
pub(super) async fn look(sheet: &mut Sheet, db: &Db, now: Millis) {
    let refused = match instances::refusals(db).await {
        Ok(refused) => refused,
        Err(error) => return sheet.unreadable("deliveries.refused", "", words::TRIED, &error),
    };
    let mut lately = refused
        .iter()
        .filter(|(_, count)| count.is_recent(now))
        .peekable();
    if lately.peek().is_none() {
        sheet.fine(
            "deliveries.refused",
            "",
            words::TRIED,
            words::NONE_LATELY,
            &[],
        );
    }
    for refused in lately {
        let refused = &RefusedDeliveries::of(refused);
        let (seen, hint) = (
            refusals::seen(refused, sheet.lang),
            refusals::hint(refused, sheet.lang),
        );
        let note = match refused.instance {
            Some(_) => Sheet::wrong,
            None => Sheet::risk,
        };
        note(
            sheet,
            "deliveries.refused",
            &refusals::about(refused),
            words::TRIED,
            words::SEEN,
            words::HINT,
            &[("seen", &seen), ("hint", &hint)],
        );
    }
}
