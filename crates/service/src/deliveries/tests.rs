use std::time::Duration;

use super::*;

#[tokio::test]
async fn deliveries_of_a_day_are_found_by_their_ids() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.db");
    let db = Db::open_sqlite(&path, Duration::from_secs(1))
        .await
        .unwrap();
    for sql in [SET_ASIDE_SINCE, UNDISMISSED_SINCE, LISTED] {
        let plan = db.rows_of(format!("explain query plan {sql}"), values!["0", 0_i64]);
        let plan = plan.await.unwrap()[0].text("detail").unwrap();
        assert!(
            plan.starts_with("SEARCH deliveries USING INDEX sqlite_autoindex_deliveries_1 (id>?)"),
            "{sql}: {plan}"
        );
    }
    db.close().await;
}

#[tokio::test]
async fn a_page_of_a_span_of_time_reads_nothing_outside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.db");
    let db = Db::open_sqlite(&path, Duration::from_secs(1))
        .await
        .unwrap();
    let filter = DeliveryFilter {
        since: Some(DAY),
        until: Some(2 * DAY),
        ..DeliveryFilter::default()
    };
    let of_instance = DeliveryFilter {
        instance: Some("I".to_owned()),
        ..filter.clone()
    };
    for filter in [filter, of_instance] {
        let (sql, values) = before_statement(&filter, None, Some("x"), 50);
        let plan = db.rows_of(format!("explain query plan {sql}"), values);
        let steps = plan.await.unwrap();
        let steps = steps.iter().map(|row| row.text("detail").unwrap());
        let steps: Vec<_> = steps.collect();
        assert_eq!(steps.len(), 1, "{steps:?}");
        assert!(steps[0].contains("id>? AND id<?"), "{steps:?}");
    }
    db.close().await;
}
