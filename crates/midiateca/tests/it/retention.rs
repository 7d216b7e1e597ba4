//! What is no longer to be kept: rules, watermarks, and a person who asks to be forgotten.

use midiateca::clock::{Clock, DAY};
use midiateca::config::{Config, Kind, Rule};
use midiateca::db::Value as Cell;
use midiateca::media::{ChatKind, DeliveryId, Direction, MediaId, MediaStatus};
use midiateca::retention::{self, Doing, Swept};
use midiateca::{catalog, delivery, events, queue};
use wa_sim::{Content, Fault, SimMedia};

use crate::stage::{FIRST, TODAY, TestApp, impatient, sample};

fn of_kind(id: &str, kind: wa_media::MediaKind) -> SimMedia {
    SimMedia::sample(FIRST, id, kind)
}

async fn sweep(test: &TestApp, doing: Doing) -> (Swept, Vec<String>) {
    let mut told = Vec::new();
    let swept = retention::sweep(&test.app, doing, |_, doomed| told.push(doomed.id.0.clone()));
    let swept = swept.await.unwrap();
    (swept, told)
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
        older_than_days: Some(28),
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
                older_than_days: Some(30),
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
                larger_than_bytes: Some(2_000),
                ..old.clone()
            },
            sample("RULE"),
            true,
        ),
        (
            Rule {
                larger_than_bytes: Some(3_000),
                ..old
            },
            sample("RULE"),
            false,
        ),
    ] {
        let told = format!("{rule:?}");
        let (test, id, _) = a_month_later(vec![rule], media).await;
        let (swept, _) = sweep(&test, Doing::Now).await;
        assert_eq!(swept.files, u64::from(goes), "{told}");
        let expected = if goes { "skipped" } else { "stored" };
        assert_eq!(test.find(&id).await.status, expected, "{told}");
        assert_eq!(test.files().len(), usize::from(!goes), "{told}");
        test.end().await;
    }
}

#[tokio::test]
async fn what_a_rule_removed_stays_known_and_does_not_come_back() {
    let rule = Rule {
        older_than_days: Some(28),
        ..Rule::default()
    };
    let (test, id, delivery) = a_month_later(vec![rule], sample("KNOWN")).await;
    let before = (test.find(&id).await.status, test.files());
    let (dry, told) = sweep(&test, Doing::DryRun).await;
    assert_eq!((dry.files, told), (1, vec![id.0.clone()]));
    assert_eq!((test.find(&id).await.status, test.files()), before);
    let (swept, _) = sweep(&test, Doing::Now).await;
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
    let told = events::after(&test.app.db, 0, 100).await.unwrap();
    assert!(
        told.iter()
            .any(|event| event.kind == "media.removed"
                && event.media.as_deref() == Some(id.as_str()))
    );
    assert_eq!(
        sweep(&test, Doing::Now).await.0.files,
        0,
        "twice does no harm"
    );
    test.end().await;
}

#[tokio::test]
async fn beyond_a_total_the_oldest_go_first_and_shared_bytes_stay_for_the_others() {
    let clock = Clock::fixed(TODAY);
    let mut config = impatient();
    config.retention.rules = vec![Rule {
        client: Some(2),
        total_over_bytes: Some(5_000),
        ..Rule::default()
    }];
    let test = TestApp::with(config, clock.clone()).await;
    let mut ids = Vec::new();
    for n in 0..4 {
        // Four times the same bytes: one file with four names.
        ids.push(MediaId(test.store(sample(&format!("TOTAL{n}"))).await.0.id));
        clock.advance(1_000);
    }
    let (swept, told) = sweep(&test, Doing::Now).await;
    let size = swept.bytes / swept.files;
    assert_eq!(swept.files, (4 * size - 5_000).div_ceil(size));
    assert_eq!(
        told,
        ids[..told.len()]
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
    let test = TestApp::with_cdn(vec![midiateca::media::Route::Inline], clock.clone()).await;
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
        .write(async move |tx| tx.run(sql, vec![Cell::from(&id), Cell::from(far)]).await)
        .await
        .unwrap();
    clock.advance(31 * DAY);
    let (dry, _) = sweep(&test, Doing::DryRun).await;
    let (swept, _) = sweep(&test, Doing::Now).await;
    assert_eq!(dry, swept);
    assert_eq!((swept.deliveries, swept.events, swept.attempts), (1, 0, 0));
    let left = delivery::list(&test.app.db, &delivery::Filter::default(), "", 10)
        .await
        .unwrap();
    assert_eq!(left.len(), 1);
    clock.advance(60 * DAY);
    assert!(sweep(&test, Doing::Now).await.0.events > 0);
    clock.advance(300 * DAY);
    let (swept, _) = sweep(&test, Doing::Now).await;
    assert!(swept.attempts > 0);
    let tries = catalog::attempts(&test.app.db, &MediaId(waits.id))
        .await
        .unwrap();
    assert!(!tries.is_empty(), "what waits keeps its tries");
    // The body is gone, the key is not: a repeat is still known.
    let (_, answer) = test.post(delivered.body.to_string()).await;
    assert_eq!(answer["media"][0]["duplicate"], true, "{answer}");
    test.end().await;
}

#[tokio::test]
async fn a_nearly_full_disk_stops_downloads_and_not_the_door() {
    let mut config = impatient();
    config.storage.pause_below_bytes = u64::MAX;
    config.storage.resume_above_bytes = u64::MAX;
    let test = TestApp::with(config, Clock::system()).await;
    let delivery = test.sim.world().add(sample("NOROOM"));
    let id = test.deliver(&delivery).await;
    // Another delivery goes through the door and the worker's bell a second time.
    test.deliver(&test.sim.world().add(sample("NOROOM2"))).await;
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    assert_eq!(test.find(&id).await.status, "pending");
    assert_eq!(test.sim.world().requests(&delivery.direct_path), (0, 0));
    assert_eq!(test.depth(MediaStatus::Pending).await, 2);
    test.end().await;
}

const WHO: &str = "5500900000001";

/// Every byte of the database's files.
fn database_bytes(test: &TestApp) -> Vec<u8> {
    let mut all = Vec::new();
    for name in ["midiateca.db", "midiateca.db-wal"] {
        all.extend(std::fs::read(test.app.data.join(name)).unwrap_or_default());
    }
    all
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn a_person_is_forgotten_everywhere_and_stays_forgotten() {
    let test = TestApp::start().await;
    let (theirs, delivery) = test.store(sample("THEIRS")).await;
    let to_them = SimMedia {
        from_me: true,
        sender_id: Some("5500900000000".to_owned()),
        sender_lid: None,
        caption: Some("para a senhora".to_owned()),
        ..sample("TOTHEM")
    };
    let (to_them, _) = test.store(to_them).await;
    let by_lid = SimMedia {
        sender_id: Some("100000000000001@lid".to_owned()),
        chat_id: Some("120363000000000001@g.us".to_owned()),
        is_group: true,
        ..of_kind("BYLID", wa_media::MediaKind::Document)
    };
    let (by_lid, _) = test.store(by_lid).await;
    let somebody = SimMedia {
        chat_id: Some("5500900000077".to_owned()),
        sender_id: Some("5500900000077".to_owned()),
        sender_lid: None,
        push_name: Some("Seu Jorge da Padaria".to_owned()),
        ..sample("SOMEBODY")
    };
    let (somebody, _) = test.store(somebody).await;
    let (failed, failing) = test
        .store(SimMedia {
            fault: Fault::LinkTo("http://169.254.169.254/".to_owned()),
            ..sample("FAILED")
        })
        .await;
    assert_eq!(failed.status, "failed");

    let spoken = ["+55 (00) 90000-0001".to_owned()];
    let told = retention::erase(&test.app, 2, &spoken, Doing::DryRun);
    let told = told.await.unwrap();
    assert_eq!((told.media, told.files.len(), told.deliveries), (4, 3, 4));
    assert_eq!(test.files().len(), 4);
    let proof = retention::erase(&test.app, 2, &[WHO.to_owned()], Doing::Now)
        .await
        .unwrap();
    assert_eq!(
        (proof.media, proof.files.len(), proof.deliveries),
        (4, 3, 4)
    );
    assert_eq!(proof.names, ["100000000000001", WHO]);
    let hashes: Vec<_> = proof
        .files
        .iter()
        .filter_map(|file| file.sha256.clone())
        .collect();
    assert!(
        hashes.contains(theirs.sha256.as_ref().unwrap())
            && hashes.contains(by_lid.sha256.as_ref().unwrap())
    );

    assert_eq!(test.files(), [test.file(&somebody)]);
    for erased in [&theirs, &to_them, &by_lid, &failed] {
        let left = test.find(&MediaId(erased.id.clone())).await;
        assert_eq!(
            (
                left.status.as_str(),
                left.reason.as_deref(),
                left.recoverable
            ),
            ("skipped", Some("erased"), false)
        );
        for told in [
            left.chat_id,
            left.sender_id,
            left.sender_name,
            left.caption,
            left.file_name,
            left.sha256,
            left.path,
        ] {
            assert_eq!(told, None);
        }
    }
    let bytes = database_bytes(&test);
    for gone in [
        WHO,
        "100000000000001",
        "Dona Cida",
        "para a senhora",
        "orçamento da reforma",
        "segue a foto",
    ] {
        // Somebody else has the same caption.
        assert!(
            !holds(&bytes, gone) || gone == "segue a foto",
            "{gone} is still in the database's files"
        );
    }
    assert!(
        holds(&bytes, "Seu Jorge da Padaria"),
        "somebody else is still there"
    );

    for repeat in [&delivery, &failing] {
        let (status, answer) = test.post(repeat.body.to_string()).await;
        assert_eq!(
            (status, answer["status"].as_str()),
            (200, Some("ignored")),
            "{answer}"
        );
    }
    let (id, now) = (MediaId(theirs.id.clone()), test.app.clock.now());
    let requeued = test
        .app
        .db
        .write(async move |tx| queue::requeue(tx, &id, now).await);
    assert!(!requeued.await.unwrap(), "a retry does not bring it back");
    assert!(!holds(&database_bytes(&test), WHO));
    let again = retention::erase(&test.app, 2, &[WHO.to_owned()], Doing::Now)
        .await
        .unwrap();
    assert_eq!((again.media, again.deliveries), (0, 0));
    // What they send from now on is another message, and kept.
    assert_eq!(test.store(sample("NEW")).await.0.status, "stored");
    test.end().await;
}

#[tokio::test]
async fn what_is_being_downloaded_when_its_person_is_forgotten_leaves_no_file() {
    let test = TestApp::start().await;
    test.sim
        .world()
        .set_delay(std::time::Duration::from_millis(300));
    let id = test.deliver(&test.sim.world().add(sample("RUNNING"))).await;
    while test.find(&id).await.status != "downloading" {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let proof = retention::erase(&test.app, 2, &[WHO.to_owned()], Doing::Now)
        .await
        .unwrap();
    assert_eq!(proof.media, 1);
    let app = test.app.clone();
    let _folder = test.end_keeping_the_folder().await;
    let mut files = Vec::new();
    app.vault.each_file(|path| files.push(path.to_owned()));
    assert_eq!(files, Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn another_clients_records_of_the_same_person_stay() {
    let test = TestApp::start().await;
    let (stored, _) = test.store(sample("STAYS")).await;
    let proof = retention::erase(&test.app, 3, &[WHO.to_owned()], Doing::Now)
        .await
        .unwrap();
    assert_eq!((proof.media, proof.deliveries), (0, 0));
    assert_eq!(test.find(&MediaId(stored.id)).await.status, "stored");
    let kept = delivery::list(&test.app.db, &delivery::Filter::default(), "", 10)
        .await
        .unwrap();
    assert!(
        delivery::find(&test.app.db, &DeliveryId(kept[0].id.0.clone()))
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(
        Config::default().retention.rules,
        Vec::new(),
        "nothing goes unless somebody says so"
    );
    test.end().await;
}
