//! A person who asks to be forgotten: everything of theirs goes, nothing of it comes back, and nothing of others.

mod names;
mod proof;
mod raw_deliveries;
mod remains;

use std::path::PathBuf;
use std::time::Duration;

use midiateca_service::access::Actor;
use midiateca_service::app::App;
use midiateca_service::clock::Clock;
use midiateca_service::config::Span;
use midiateca_service::db::Key;
use midiateca_service::db::Value as Cell;
use midiateca_service::gateway::Gateway;
use midiateca_service::model::{DeliveryId, InstanceId, MediaId, MediaKind};
use midiateca_service::ops::erasure::{self, ErasedFile, Options, Report, identify};
use midiateca_service::storage::layout::{self, Name};
use midiateca_service::{deliveries, queue};
use wa_sim::{Content, Fault, SimMedia};

use crate::commands::{midiateca, stderr, stdout};
use crate::stage::{FIRST, TestApp, impatient, sample, until};

fn of_kind(id: &str, kind: wa_media::MediaKind) -> SimMedia {
    SimMedia::sample(FIRST, id, kind)
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
    let other = SimMedia {
        chat_id: Some("5500900000077".to_owned()),
        sender_id: Some("5500900000077".to_owned()),
        sender_lid: None,
        push_name: Some("Seu Jorge da Padaria".to_owned()),
        ..sample("OTHER")
    };
    let (other, _) = test.store(other).await;
    let (failed, failing) = test
        .store(SimMedia {
            fault: Fault::LinkTo("http://169.254.169.254/".to_owned()),
            ..sample("FAILED")
        })
        .await;
    assert_eq!(failed.status, "pending");

    let spoken = ["+55 (00) 90000-0001".to_owned()];
    let identities = identify(&test.app.db, 2, &spoken).await.unwrap();
    let dry_run = Options {
        dry_run: true,
        ..of(2, identities.ids())
    };
    let report = erasure::run(test.app.erasure_deps(), dry_run, &())
        .await
        .unwrap();
    assert_eq!(
        (report.media, report.files.len(), report.deliveries),
        (4, 3, 4)
    );
    assert_eq!(test.files().len(), 4);
    let proof = forget(&test.app, WHO).await.unwrap();
    assert_eq!(
        (proof.media, proof.files.len(), proof.deliveries),
        (4, 3, 4)
    );
    assert_eq!(proof.ids, ["100000000000001", WHO]);
    let hashes: Vec<_> = proof
        .files
        .iter()
        .filter_map(|file| file.sha256.clone())
        .collect();
    assert!(
        hashes.contains(theirs.sha256.as_ref().unwrap())
            && hashes.contains(by_lid.sha256.as_ref().unwrap())
    );

    assert_eq!(test.files(), [test.file(&other)]);
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
        for field in [
            left.chat_id,
            left.sender_id,
            left.sender_name,
            left.caption,
            left.file_name,
            left.sha256,
            left.path,
        ] {
            assert_eq!(field, None);
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
        // Another person has the same caption.
        assert!(
            !holds(&bytes, gone) || gone == "segue a foto",
            "{gone} is still in the database's files"
        );
    }
    assert!(
        holds(&bytes, "Seu Jorge da Padaria"),
        "another person's data is gone"
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
    let requeued = test.app.db.write(Key::Everything, async move |tx| {
        queue::requeue(tx, &id, now).await
    });
    assert!(!requeued.await.unwrap(), "a retry does not bring it back");
    assert!(!holds(&database_bytes(&test), WHO));
    let again = forget(&test.app, WHO).await.unwrap();
    assert_eq!((again.media, again.deliveries), (0, 0));
    // Who comes to it second has erased nothing.
    let id = MediaId(theirs.id.clone());
    let second = test.app.db.write(Key::Everything, async move |tx| {
        midiateca_service::media::condemn(tx, &id).await
    });
    assert!(second.await.unwrap().is_none());
    // What they send from now on is another message, and kept.
    assert_eq!(test.store(sample("NEW")).await.0.status, "stored");
    test.end().await;
}

#[tokio::test]
async fn a_download_that_runs_during_an_erasure_leaves_no_file() {
    let test = TestApp::start().await;
    test.sim
        .world()
        .set_delay(std::time::Duration::from_millis(300));
    let id = test.deliver(&test.sim.world().add(sample("RUNNING"))).await;
    test.becomes(&id, "downloading").await;
    let proof = forget(&test.app, WHO).await.unwrap();
    assert_eq!(proof.media, 1);
    let app = test.app.clone();
    let _folder = test.end_keeping_the_folder().await;
    let mut files = Vec::new();
    app.storage.each_file(
        |_| true,
        std::time::SystemTime::UNIX_EPOCH,
        |path| files.push(path.to_owned()),
    );
    assert_eq!(files, Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn a_long_download_ends_before_the_proof_is_given() {
    let test = TestApp::start().await;
    let slow = SimMedia {
        content: Content::Generated {
            seed: 1,
            size_bytes: 40_000_000,
        },
        fault: Fault::Drip {
            bytes_per_second: 400_000,
        },
        ..sample("SLOW")
    };
    let id = test.deliver(&test.sim.world().add(slow)).await;
    until("the download began", async || !test.files().is_empty()).await;
    let proof = forget(&test.app, WHO).await.unwrap();
    assert_eq!((proof.media, proof.downloads_left), (1, 0));
    assert!(proof.is_complete());
    assert_eq!(test.files(), Vec::<PathBuf>::new());
    assert_eq!(test.find(&id).await.status, "skipped");
    test.end().await;
}

#[tokio::test]
async fn another_clients_records_of_the_same_person_stay() {
    let test = TestApp::start().await;
    let (stored, _) = test.store(sample("STAYS")).await;
    let proof = erase(&test.app, 3, WHO).await.unwrap();
    assert_eq!((proof.media, proof.deliveries), (0, 0));
    assert_eq!(test.find(&MediaId(stored.id)).await.status, "stored");
    let kept = deliveries::list(&test.app.db, &deliveries::DeliveryFilter::default(), "", 10)
        .await
        .unwrap();
    assert!(
        deliveries::find(&test.app.db, &DeliveryId(kept[0].id.0.clone()))
            .await
            .unwrap()
            .is_some()
    );
    test.end().await;
}

/// These ids and nothing else.
fn of(client: i64, ids: Vec<String>) -> Options {
    Options {
        client,
        ids,
        include_unreadable: false,
        dry_run: false,
        actor: Actor::CommandLine(None),
    }
}

/// Finds the ids of a contact and erases them, as the command does after its question.
pub(crate) async fn erase(app: &App, client: i64, who: &str) -> Result<Report, erasure::Error> {
    let identities = identify(&app.db, client, &[who.to_owned()]).await?;
    erasure::run(app.erasure_deps(), of(client, identities.ids()), &()).await
}

/// Like [`erase`], and with what no reader understands.
pub(crate) async fn erase_with_unreadable(app: &App, client: i64, who: &str) -> Report {
    let identities = identify(&app.db, client, &[who.to_owned()]).await.unwrap();
    let options = Options {
        include_unreadable: true,
        ..of(client, identities.ids())
    };
    erasure::run(app.erasure_deps(), options, &())
        .await
        .unwrap()
}

pub(crate) async fn forget(app: &App, who: &str) -> Result<Report, erasure::Error> {
    erase(app, 2, who).await
}

async fn would_forget(app: &App, who: &str) -> Report {
    let identities = identify(&app.db, 2, &[who.to_owned()]).await.unwrap();
    let options = Options {
        dry_run: true,
        ..of(2, identities.ids())
    };
    erasure::run(app.erasure_deps(), options, &())
        .await
        .unwrap()
}

async fn kept(test: &TestApp) -> Vec<DeliveryId> {
    let all = deliveries::DeliveryFilter::default();
    let all = deliveries::list(&test.app.db, &all, "", 1_000).await;
    all.unwrap().into_iter().map(|one| one.id).collect()
}

async fn run(test: &TestApp, sql: &'static str, id: &str) {
    let id = id.to_owned();
    let change = test.app.db.write(Key::Everything, async move |tx| {
        tx.run(sql, vec![Cell::from(&id)]).await
    });
    change.await.unwrap();
}

/// Another person's, and nothing of it names the person.
fn of_another_person(id: &str) -> SimMedia {
    SimMedia {
        chat_id: Some("5521900000077".to_owned()),
        sender_id: Some("5521900000077".to_owned()),
        sender_lid: None,
        push_name: Some("Seu Jorge da Padaria".to_owned()),
        ..sample(id)
    }
}

#[tokio::test]
async fn their_number_is_masked_where_others_speak_of_them() {
    let test = TestApp::start().await;
    let document = SimMedia {
        caption: Some(format!("fale com @{WHO}, não com {WHO}9")),
        file_name: Some(format!("contrato {WHO}.pdf")),
        ..SimMedia {
            kind: wa_media::MediaKind::Document,
            ..of_another_person("SPEAKS")
        }
    };
    let (speaks, _) = test.store(document).await;
    assert_eq!(would_forget(&test.app, WHO).await.mentions, 1);
    let proof = forget(&test.app, WHO).await.unwrap();
    assert_eq!((proof.media, proof.mentions, proof.deliveries), (0, 1, 1));
    let left = test.find(&MediaId(speaks.id.clone())).await;
    assert_eq!(left.caption, Some(format!("fale com @***, não com {WHO}9")));
    assert_eq!(left.file_name.as_deref(), Some("contrato ***.pdf"));
    assert!(test.file(&left).is_file(), "it is another person's");
    test.end().await;
}

#[tokio::test]
async fn a_message_id_that_names_them_is_known_again_without_naming_them() {
    let test = TestApp::start().await;
    let (named, delivery) = test
        .store(sample(&format!("false_{WHO}@c.us_3EB0AA")))
        .await;
    assert!(forget(&test.app, WHO).await.unwrap().is_complete());
    assert!(!holds(&database_bytes(&test), WHO));
    let (_, answer) = test.post(delivery.body.to_string()).await;
    assert_eq!(answer["status"], "ignored", "{answer}");
    let instance = InstanceId(FIRST.to_owned());
    let here =
        midiateca_service::media::message::of_message(&test.app.db, &instance, &named.message_id)
            .await;
    assert!(here.unwrap()[0].is_erased(), "an import knows it, too");
    test.end().await;
}

#[tokio::test]
async fn a_second_media_under_a_message_id_that_named_them_is_erased_as_the_first_was() {
    let test = TestApp::start().await;
    let message = format!("false_{WHO}@c.us_3EB0AB");
    let (_, first) = test.store(sample(&message)).await;
    assert!(forget(&test.app, WHO).await.unwrap().is_complete());
    for seed in [9, 10] {
        let other = SimMedia {
            media_key: wa_media::MediaKey::new([seed; 32]),
            content: Content::Generated {
                seed: seed.into(),
                size_bytes: 3_000,
            },
            ..sample(&message)
        };
        let (other, delivery) = test.store(other).await;
        assert_eq!(other.status, "stored");
        let proof = forget(&test.app, WHO).await.unwrap();
        assert_eq!((proof.media, proof.is_complete()), (1, true));
        for repeat in [&first, &delivery] {
            let (_, answer) = test.post(repeat.body.to_string()).await;
            assert_eq!(answer["status"], "ignored", "{answer}");
        }
    }
    assert_eq!(test.files(), Vec::<PathBuf>::new());
    assert!(!holds(&database_bytes(&test), WHO));
    test.end().await;
}

#[tokio::test]
async fn another_media_under_an_erased_messages_id_is_taken_in() {
    let test = TestApp::start().await;
    let (_, delivery) = test.store(sample("SAMEID")).await;
    forget(&test.app, WHO).await.unwrap();
    let other = SimMedia {
        media_key: wa_media::MediaKey::new([9; 32]),
        content: Content::Generated {
            seed: 99,
            size_bytes: 3_000,
        },
        ..of_another_person("SAMEID")
    };
    let (other, _) = test.store(other).await;
    assert_eq!((other.status.as_str(), other.slot), ("stored", 1));
    let (_, answer) = test.post(delivery.body.to_string()).await;
    assert_eq!(answer["status"], "ignored", "{answer}");
    test.end().await;
}

#[tokio::test]
async fn a_repeat_of_what_others_sent_does_not_bring_the_name_back() {
    let test = TestApp::start().await;
    let naming = SimMedia {
        caption: Some(format!("fale com {WHO}")),
        ..of_another_person("REPEATED")
    };
    let (naming, repeat) = test.store(naming).await;
    forget(&test.app, WHO).await.unwrap();
    assert_eq!(kept(&test).await.len(), 0);
    for status in ["stored", "skipped"] {
        if status == "skipped" {
            // As a rule leaves it.
            let swept = "update media set status = 'skipped', reason = 'retention', path = null where id = $1";
            run(&test, swept, &naming.id).await;
        }
        let (code, answer) = test.post(repeat.body.to_string()).await;
        assert_eq!(
            (code, &answer["media"][0]["duplicate"]),
            (200, &true.into())
        );
        assert_eq!(kept(&test).await.len(), 0, "{status}");
        let left = test.find(&MediaId(naming.id.clone())).await;
        assert_eq!(left.caption.as_deref(), Some("fale com ***"));
        assert_eq!(left.status, status);
        assert!(!holds(&database_bytes(&test), WHO));
    }
    test.end().await;
}

#[tokio::test]
async fn forget_says_that_nothing_was_found_and_gives_no_proof_of_it() {
    let test = TestApp::start().await;
    test.store(sample("THERE")).await;
    let folder = test.end_keeping_the_folder().await;
    let data = folder.path();
    let nothing = [
        "forget",
        "--yes",
        "--client",
        "2",
        "--contact",
        "+55 11 91234-5678",
    ];
    let report = midiateca(data, &nothing).await;
    assert_eq!(
        (report.status.code(), stdout(&report).as_str()),
        (Some(1), "")
    );
    assert!(
        stderr(&report).contains("551112345678, 5511912345678"),
        "{}",
        stderr(&report)
    );
    assert!(!stderr(&report).contains("proof"), "{}", stderr(&report));
    let unconfirmed = ["--json", "forget", "--client", "2", "--contact", WHO];
    let report = midiateca(data, &unconfirmed).await;
    let refused: serde_json::Value = serde_json::from_str(&stderr(&report)).unwrap();
    assert_eq!(
        (report.status.code(), stdout(&report).as_str()),
        (Some(2), "")
    );
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.contains(WHO), "{message}");
    let wrong = ["forget", "--yes", "--client", "2", "--contact", "%"];
    let report = midiateca(data, &wrong).await;
    assert_eq!(report.status.code(), Some(2), "{}", stderr(&report));
    let found = [
        "--lang",
        "pt-BR",
        "esquecer",
        "--yes",
        "--client",
        "2",
        "--contact",
        WHO,
    ];
    let report = midiateca(data, &found).await;
    assert_eq!(report.status.code(), Some(0), "{}", stderr(&report));
    assert!(
        stderr(&report).contains("guarde isto como prova"),
        "{}",
        stderr(&report)
    );
}

#[tokio::test]
async fn a_webhook_that_comes_while_the_database_is_rewritten_waits_and_is_accepted() {
    let mut config = impatient();
    config.database.busy_timeout = Span::from_ms(10);
    let test = TestApp::with(config, Clock::system()).await;
    let delivery = test.sim.world().add(sample("WAITING"));
    let holder = rusqlite::Connection::open(test.app.data.join("midiateca.db")).unwrap();
    let sign = std::fs::File::create(test.app.data.join("midiateca.db-compacting")).unwrap();
    holder.execute_batch("begin immediate").unwrap();
    let (status, _) = test.post(delivery.body.to_string()).await;
    assert_eq!(status, 503, "another program was waited for");
    sign.lock().unwrap();
    let path = test.app.data.join("midiateca.db");
    let others = tokio::task::spawn_blocking(move || {
        // Twenty writers with the patience of the server are refused, one after the other.
        for _ in 0..20 {
            let writer = rusqlite::Connection::open(&path).unwrap();
            writer.busy_timeout(Duration::from_millis(10)).unwrap();
            assert!(writer.execute_batch("begin immediate").is_err());
        }
    });
    let mut post = Box::pin(test.post(delivery.body.to_string()));
    tokio::select! {
        (status, answer) = &mut post => panic!("answered before the end: {status} {answer}"),
        refused = others => refused.unwrap(),
    }
    holder.execute_batch("commit").unwrap();
    sign.unlock().unwrap();
    let (status, answer) = post.as_mut().await;
    assert_eq!(status, 200, "{answer}");
    drop(post);
    test.end().await;
}
