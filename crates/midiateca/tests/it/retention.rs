//! What is no longer to be kept, by rules; and watermarks.

mod full_disk;

use std::sync::Mutex;
use std::time::Duration;

use midiateca_service::app::App;
use midiateca_service::clock::{Clock, DAY};
use midiateca_service::config::{Config, Kind, Rule, Size, Span};
use midiateca_service::coordination::checkpoint::Checkpoint;
use midiateca_service::db::Key;
use midiateca_service::db::Value as Cell;
use midiateca_service::model::{ChatKind, Direction, MediaId, MediaStatus};
use midiateca_service::ops::retention::{self, Error, Item, Options, Report, Swept};
use midiateca_service::shutdown::CancellationToken;
use midiateca_service::{deliveries, events, media};
use wa_sim::{Content, Fault, SimMedia};

use crate::commands::{midiateca, stderr, stdout};
use crate::stage::{TODAY, TestApp, impatient, sample, until};

fn options(dry_run: bool) -> Options {
    Options {
        dry_run,
        with_orphans: true,
        actor: None,
    }
}

/// Applies the rules, and calls `progress` with each file.
async fn sweep_with(
    app: &App,
    dry_run: bool,
    progress: impl Fn(&Item) + Send + Sync,
) -> Result<Report, Error> {
    let (settings, options) = (&app.config.retention, options(dry_run));
    let cancelled = app.shutdown.token();
    retention::run(app.file_deps(), settings, options, &progress, &cancelled).await
}

pub async fn sweep(app: &App, dry_run: bool) -> Result<Report, Error> {
    sweep_with(app, dry_run, |_| {}).await
}

/// The counts, and the media whose files were deleted, or would be.
async fn deleted(test: &TestApp, dry_run: bool) -> (Report, Vec<String>) {
    let deleted = Mutex::new(Vec::new());
    let report = sweep_with(&test.app, dry_run, |item| {
        if item.result == Swept::Deleted {
            deleted.lock().unwrap().push(item.media.0.clone());
        }
    });
    let report = report.await.unwrap();
    (report, deleted.into_inner().unwrap())
}

/// The counts of a dry run, as those of a run that deletes.
fn undone(dry: Report) -> Report {
    assert!(dry.dry_run);
    Report {
        dry_run: false,
        ..dry
    }
}

/// A desk with these rules, on which a month has passed since this media came.
async fn a_month_later(rules: Vec<Rule>, media: SimMedia) -> (TestApp, MediaId, wa_sim::Delivery) {
    let clock = Clock::fixed(TODAY);
    let mut config = impatient();
    config.retention.rules = rules;
    let test = TestApp::with(config, clock.clone()).await;
    let (stored, delivery) = test.store(media).await;
    assert_eq!(stored.status, "stored");
    clock.advance(29 * DAY);
    (test, MediaId(stored.id), delivery)
}

#[tokio::test]
async fn each_part_of_a_rule_narrows_what_it_means() {
    let old = Rule {
        older_than: Some(Span::days(28)),
        ..Rule::default()
    };
    let group = SimMedia {
        is_group: true,
        chat_id: Some("120363000000000001@g.us".to_owned()),
        ..sample("RULE")
    };
    let own = SimMedia {
        from_me: true,
        ..sample("RULE")
    };
    for (rule, media, goes) in [
        (old.clone(), sample("RULE"), true),
        (
            Rule {
                older_than: Some(Span::days(30)),
                ..Rule::default()
            },
            sample("RULE"),
            false,
        ),
        (
            Rule {
                client: Some(2),
                ..old.clone()
            },
            sample("RULE"),
            true,
        ),
        (
            Rule {
                client: Some(3),
                ..old.clone()
            },
            sample("RULE"),
            false,
        ),
        (
            Rule {
                kind: Some(Kind::Image),
                ..old.clone()
            },
            sample("RULE"),
            true,
        ),
        (
            Rule {
                kind: Some(Kind::Sticker),
                ..old.clone()
            },
            sample("RULE"),
            false,
        ),
        (
            Rule {
                direction: Some(Direction::Received),
                ..old.clone()
            },
            sample("RULE"),
            true,
        ),
        (
            Rule {
                direction: Some(Direction::Received),
                ..old.clone()
            },
            own.clone(),
            false,
        ),
        (
            Rule {
                direction: Some(Direction::Sent),
                ..old.clone()
            },
            own,
            true,
        ),
        (
            Rule {
                chat: Some(ChatKind::Private),
                ..old.clone()
            },
            sample("RULE"),
            true,
        ),
        (
            Rule {
                chat: Some(ChatKind::Private),
                ..old.clone()
            },
            group.clone(),
            false,
        ),
        (
            Rule {
                chat: Some(ChatKind::Group),
                ..old.clone()
            },
            group,
            true,
        ),
        (
            Rule {
                larger_than: Some(Size::from_bytes(2_000)),
                ..old.clone()
            },
            sample("RULE"),
            true,
        ),
        (
            Rule {
                larger_than: Some(Size::from_bytes(3_000)),
                ..old
            },
            sample("RULE"),
            false,
        ),
    ] {
        let removed = format!("{rule:?}");
        let (test, id, _) = a_month_later(vec![rule], media).await;
        let (swept, _) = deleted(&test, false).await;
        assert_eq!(swept.files, u64::from(goes), "{removed}");
        let expected = if goes { "skipped" } else { "stored" };
        assert_eq!(test.find(&id).await.status, expected, "{removed}");
        assert_eq!(test.files().len(), usize::from(!goes), "{removed}");
        test.end().await;
    }
}

#[tokio::test]
async fn media_removed_by_a_rule_stay_known_and_are_not_downloaded_again() {
    let rule = Rule {
        older_than: Some(Span::days(28)),
        ..Rule::default()
    };
    let (test, id, delivery) = a_month_later(vec![rule], sample("KNOWN")).await;
    let before = (test.find(&id).await.status, test.files());
    let (dry, removed) = deleted(&test, true).await;
    assert_eq!((dry.files, removed), (1, vec![id.0.clone()]));
    assert_eq!((test.find(&id).await.status, test.files()), before);
    let (swept, _) = deleted(&test, false).await;
    assert_eq!((swept.files, swept.bytes), (dry.files, dry.bytes));
    let media = test.find(&id).await;
    assert_eq!(
        (media.reason.as_deref(), media.path),
        (Some("retention"), None)
    );
    let (status, answer) = test.post(delivery.body.to_string()).await;
    assert_eq!(
        (status, answer["media"][0]["status"].as_str()),
        (200, Some("skipped"))
    );
    assert_eq!(test.files().len(), 0);
    let removed = events::after(&test.app.db, 0, 100).await.unwrap();
    assert!(
        removed
            .iter()
            .any(|event| event.kind == "media.removed"
                && event.media.as_deref() == Some(id.as_str()))
    );
    assert_eq!(deleted(&test, false).await.0.files, 0, "twice does no harm");
    test.end().await;
}

#[tokio::test]
async fn beyond_a_total_the_oldest_go_first_and_shared_bytes_stay_for_the_others() {
    let clock = Clock::fixed(TODAY);
    let mut config = impatient();
    config.retention.rules = vec![Rule {
        client: Some(2),
        total_over: Some(Size::from_bytes(5_000)),
        ..Rule::default()
    }];
    let test = TestApp::with(config, clock.clone()).await;
    let mut ids = Vec::new();
    for n in 0..4 {
        // Four times the same bytes: one file with four names.
        ids.push(MediaId(test.store(sample(&format!("TOTAL{n}"))).await.0.id));
        clock.advance(1_000);
    }
    let (swept, removed) = deleted(&test, false).await;
    let size = swept.bytes / swept.files;
    assert_eq!(swept.files, (4 * size - 5_000).div_ceil(size));
    assert_eq!(
        removed,
        ids[..removed.len()]
            .iter()
            .map(|id| id.0.clone())
            .collect::<Vec<_>>()
    );
    let newest = test.find(&ids[3]).await;
    assert_eq!(
        std::fs::read(test.file(&newest)).unwrap().len() as u64,
        size
    );
    test.end().await;
}

#[tokio::test]
async fn records_are_pruned_by_age_and_what_is_needed_stays() {
    let clock = Clock::fixed(TODAY);
    let test =
        TestApp::with_cdn(vec![midiateca_service::model::Route::Inline], clock.clone()).await;
    let stored = SimMedia {
        with_bytes: true,
        ..sample("OLD")
    };
    let (media, delivered) = test.store(stored).await;
    assert_eq!(media.status, "stored");
    // Its bytes are in its delivery, and nowhere else.
    let waits = SimMedia {
        with_bytes: true,
        content: Content::Bytes("<html>not yet</html>".into()),
        ..sample("WAITS")
    };
    let (waits, _) = test.store(waits).await;
    let sql = "update media set status = 'pending', next_attempt_at = $2 where id = $1";
    let (id, far) = (waits.id.clone(), TODAY + 100 * DAY);
    test.app
        .db
        .write(Key::Everything, async move |tx| {
            tx.run(sql, vec![Cell::from(&id), Cell::from(far)]).await
        })
        .await
        .unwrap();
    clock.advance(31 * DAY);
    let (dry, _) = deleted(&test, true).await;
    let (swept, _) = deleted(&test, false).await;
    assert_eq!(undone(dry), swept);
    assert_eq!((swept.deliveries, swept.events, swept.attempts), (1, 0, 0));
    let left = deliveries::list(&test.app.db, &deliveries::DeliveryFilter::default(), "", 10)
        .await
        .unwrap();
    assert_eq!(left.len(), 1);
    clock.advance(60 * DAY);
    assert!(deleted(&test, false).await.0.events > 0);
    clock.advance(300 * DAY);
    let (swept, _) = deleted(&test, false).await;
    assert!(swept.attempts > 0);
    let tries = media::attempts(&test.app.db, &MediaId(waits.id))
        .await
        .unwrap();
    assert!(!tries.is_empty(), "what waits keeps its tries");
    // The body is gone, the key is not: a repeat is still known.
    let (_, answer) = test.post(delivered.body.to_string()).await;
    assert_eq!(answer["media"][0]["duplicate"], true, "{answer}");
    test.end().await;
}

#[tokio::test]
async fn a_sweep_that_is_cancelled_prunes_no_records() {
    let clock = Clock::fixed(TODAY);
    let test = TestApp::with(impatient(), clock.clone()).await;
    test.store(sample("OLD")).await;
    clock.advance(400 * DAY);
    let cancelled = CancellationToken::new();
    cancelled.cancel();
    for dry_run in [true, false] {
        let (settings, options) = (&test.app.config.retention, options(dry_run));
        let deps = test.app.file_deps();
        let sweeping = retention::run(deps, settings, options, &(), &cancelled);
        let report = sweeping.await.unwrap();
        assert!(report.stopped && report.is_empty(), "{report:?}");
    }
    assert!(!deleted(&test, true).await.0.is_empty());
    test.end().await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_cannot_be_removed_keeps_no_other_and_is_reported() {
    let rule = Rule {
        older_than: Some(Span::days(28)),
        ..Rule::default()
    };
    let (test, stuck, _) = a_month_later(vec![rule], sample("STUCK")).await;
    let other = SimMedia {
        content: Content::Generated {
            seed: 5,
            size_bytes: 3_000,
        },
        ..sample("OTHER")
    };
    let (other, _) = test.store(other).await;
    run(
        &test,
        "update media set received_at = 1795521600001 where id = $1",
        &other.id,
    )
    .await;
    // No file has so long a name, and none can be asked after.
    let sql = "update media set path = 'cliente_2/' || hex(zeroblob(300)) where id = $1";
    run(&test, sql, stuck.as_str()).await;
    let (swept, removed) = deleted(&test, false).await;
    assert_eq!((swept.files, swept.failed), (1, 1));
    assert_eq!(removed, [other.id.as_str()]);
    assert_eq!(test.find(&stuck).await.status, "stored");
    let folder = test.end_keeping_the_folder().await;
    let settings = "[retention]\nrules = [{ larger_than = 1 }]\n";
    std::fs::write(folder.path().join("midiateca.toml"), settings).unwrap();
    let removed = midiateca(folder.path(), &["sweep"]).await;
    assert_eq!(removed.status.code(), Some(1));
    assert!(
        stderr(&removed).contains("could not be deleted"),
        "{}",
        stderr(&removed)
    );
    assert!(
        !stdout(&removed).contains(stuck.as_str()),
        "{}",
        stdout(&removed)
    );
    let report = stdout(&midiateca(folder.path(), &["--json", "sweep"]).await);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let item = &report["items"][0];
    assert_eq!(
        (&item["result"], &report["failed"]),
        (&"failed".into(), &1.into())
    );
    assert_eq!(item["media"], stuck.as_str());
}

#[tokio::test]
async fn a_dry_run_counts_what_two_rules_mean_once() {
    let clock = Clock::fixed(TODAY);
    let mut config = impatient();
    let old = Rule {
        older_than: Some(Span::days(28)),
        ..Rule::default()
    };
    let total = Rule {
        total_over: Some(Size::from_bytes(4_000)),
        ..Rule::default()
    };
    config.retention.rules = vec![old, total];
    let test = TestApp::with(config, clock.clone()).await;
    for n in 0..2 {
        test.store(sample(&format!("OLD{n}"))).await;
    }
    clock.advance(29 * DAY);
    for n in 0..2 {
        test.store(sample(&format!("NEW{n}"))).await;
    }
    let (dry, would) = deleted(&test, true).await;
    let (swept, did) = deleted(&test, false).await;
    assert_eq!((undone(dry), would), (swept, did));
    assert_eq!(swept.files, 3);
    test.end().await;
}

#[tokio::test]
async fn a_sweep_records_files_before_it_deletes_them() {
    let rule = Rule {
        older_than: Some(Span::days(28)),
        ..Rule::default()
    };
    let (test, id, _) = a_month_later(vec![rule], sample("WRITTEN")).await;
    let path = test.app.config.database_file(&test.app.data).unwrap();
    let written_down = || -> Vec<String> {
        let db = rusqlite::Connection::open(&path).unwrap();
        let sql = "select state ->> 0 from checkpoints where kind = 'sweep'";
        let mut sweeps = db.prepare(sql).unwrap();
        let sweeps = sweeps.query_map([], |row| row.get(0)).unwrap();
        sweeps.map(Result::unwrap).collect()
    };
    let seen = Mutex::new(Vec::new());
    let see = |_: &Item| *seen.lock().unwrap() = written_down();
    sweep_with(&test.app, false, see).await.unwrap();
    assert_eq!(seen.into_inner().unwrap(), [id.0]);
    assert_eq!(written_down(), Vec::<String>::new());
    test.end().await;
}

#[tokio::test]
async fn files_deleted_by_a_killed_sweep_are_not_lost_and_not_downloaded_again() {
    let (test, id, _) = a_month_later(Vec::new(), sample("KILLED")).await;
    let data = test.app.data.clone();
    let stored = test.find(&id).await;
    let (mark, now) = (id.0.clone(), test.app.clock.now());
    let marking = test.app.db.write(Key::Everything, async move |tx| {
        Checkpoint::Sweep.save(tx, "other-run", &[&mark], now).await
    });
    marking.await.unwrap();
    std::fs::remove_file(test.file(&stored)).unwrap();
    let scrub = midiateca(&data, &["scrub"]).await;
    assert_eq!(scrub.status.code(), Some(0), "{}", stdout(&scrub));
    assert_eq!(test.find(&id).await.status, "stored", "scrub changed it");
    let repair = midiateca(&data, &["scrub", "--repair"]).await;
    assert_eq!(repair.status.code(), Some(0), "{}", stdout(&repair));
    let found = test.find(&id).await;
    let standing = (found.status.as_str(), found.reason.as_deref());
    assert_eq!(standing, ("skipped", Some("retention")));
    let sweeps = Checkpoint::Sweep.all::<Vec<String>>(&test.app.db).await;
    assert!(sweeps.unwrap().is_empty());
    test.end().await;
}

#[tokio::test]
async fn after_an_import_that_was_cut_short_there_is_no_proof() {
    let (test, id, _) = a_month_later(Vec::new(), sample("THEIRS")).await;
    let data = test.app.data.clone();
    let contact = test.find(&id).await.sender_id.unwrap();
    let forget = ["forget", "--yes", "--client", "2", "--contact", &contact];
    let mark = |is_there: bool| {
        test.app.db.write(Key::Everything, async move |tx| {
            if is_there {
                Checkpoint::Import.save(tx, "", &(), 0).await
            } else {
                Checkpoint::Import.delete(tx, "").await
            }
        })
    };
    mark(true).await.unwrap();
    let forgotten = midiateca(&data, &forget).await;
    let said = stderr(&forgotten);
    assert_eq!(forgotten.status.code(), Some(1), "{said}");
    assert!(said.contains("import was interrupted") && !said.contains("keep this as the proof"));
    mark(false).await.unwrap();
    test.end().await;
}

async fn run(test: &TestApp, sql: &'static str, id: &str) {
    let id = id.to_owned();
    let change = test.app.db.write(Key::Everything, async move |tx| {
        tx.run(sql, vec![Cell::from(&id)]).await
    });
    change.await.unwrap();
}

#[test]
fn nothing_is_deleted_without_a_rule() {
    assert_eq!(Config::default().retention.rules, Vec::new());
}
