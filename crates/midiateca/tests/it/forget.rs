//! A person who asks to be forgotten: everything of theirs goes, nothing of it comes back, and nobody else's goes.

use std::path::PathBuf;
use std::time::Duration;

use midiateca::app::App;
use midiateca::clock::Clock;
use midiateca::db::Value as Cell;
use midiateca::gateway::Gateway;
use midiateca::media::{DeliveryId, InstanceId, MediaId, MediaKind};
use midiateca::retention::{self, Asked, Doing, ErasedFile, Erasure, Unreadable};
use midiateca::vault::layout::{self, Name};
use midiateca::{delivery, queue};
use wa_sim::{Content, Fault, SimMedia};

use crate::commands::{midiateca, stderr, stdout};
use crate::stage::{FIRST, TestApp, impatient, sample};

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
    let told = retention::erase(&test.app, Asked::of(2, &spoken), Doing::DryRun, |_| {});
    let told = told.await.unwrap();
    assert_eq!((told.media, told.files.len(), told.deliveries), (4, 3, 4));
    assert_eq!(test.files().len(), 4);
    let proof = retention::erase(
        &test.app,
        Asked::of(2, &[WHO.to_owned()]),
        Doing::Now,
        |_| {},
    )
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
    let again = retention::erase(
        &test.app,
        Asked::of(2, &[WHO.to_owned()]),
        Doing::Now,
        |_| {},
    )
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
    let proof = retention::erase(
        &test.app,
        Asked::of(2, &[WHO.to_owned()]),
        Doing::Now,
        |_| {},
    )
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
    while test.files().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let proof = forget(&test.app, WHO).await.unwrap();
    assert_eq!((proof.media, proof.downloads_left), (1, 0));
    assert!(proof.is_whole());
    assert_eq!(test.files(), Vec::<PathBuf>::new());
    assert_eq!(test.find(&id).await.status, "skipped");
    test.end().await;
}

#[tokio::test]
async fn another_clients_records_of_the_same_person_stay() {
    let test = TestApp::start().await;
    let (stored, _) = test.store(sample("STAYS")).await;
    let proof = retention::erase(
        &test.app,
        Asked::of(3, &[WHO.to_owned()]),
        Doing::Now,
        |_| {},
    )
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
    test.end().await;
}

async fn forget(app: &App, who: &str) -> Result<Erasure, retention::Error> {
    retention::erase(app, Asked::of(2, &[who.to_owned()]), Doing::Now, |_| {}).await
}

async fn would_forget(app: &App, who: &str) -> Erasure {
    let erasing =
        retention::erase(app, Asked::of(2, &[who.to_owned()]), Doing::DryRun, |_| {}).await;
    erasing.unwrap()
}

async fn deliveries(test: &TestApp) -> Vec<DeliveryId> {
    let all = delivery::Filter::default();
    let all = delivery::list(&test.app.db, &all, "", 1_000).await;
    all.unwrap().into_iter().map(|one| one.id).collect()
}

async fn run(test: &TestApp, sql: &'static str, id: &str) {
    let id = id.to_owned();
    let change = test
        .app
        .db
        .write(async move |tx| tx.run(sql, vec![Cell::from(&id)]).await);
    change.await.unwrap();
}

/// Somebody else's, and nothing of it names the person.
fn of_somebody_else(id: &str) -> SimMedia {
    SimMedia {
        chat_id: Some("5521900000077".to_owned()),
        sender_id: Some("5521900000077".to_owned()),
        sender_lid: None,
        push_name: Some("Seu Jorge da Padaria".to_owned()),
        ..sample(id)
    }
}

#[tokio::test]
async fn no_page_of_the_database_keeps_what_its_rows_no_longer_say() {
    let test = TestApp::start().await;
    let (one, _) = test.store(of_somebody_else("MANY")).await;
    // Rows that grow after they were put in, so that pages are split and merged.
    let copies = "with recursive n (i) as (select 1 union all select i + 1 from n where i < 1200)
        insert into media (id, instance, client, gateway, message_id, slot, delivery, kind, key_kind, caption, chat_id, sender_id,
          sender_name, from_me, is_group, voice_note, received_at, named_at, media_key_malformed, inline, deadline, status)
        select 'copy' || ((i * 7919) % 1200) || '-' || i, instance, client, gateway, 'M' || i, 0, '', kind, key_kind,
          case when i % 20 = 0 then 'foto de outra pessoa' else 'segredo' end,
          case when i % 20 = 0 then '5521900000077' else '5500900000001' end, null, null, 0, 0, 0, received_at, named_at, 0, 0,
          deadline, 'failed' from media, n where id = $1";
    run(&test, copies, &one.id).await;
    // In no order, as downloads end.
    let growing = test.app.db.write(async |tx| {
        for n in 0..1_200 {
            let message = format!("M{}", n * 7_919 % 1_200 + 1);
            let grow = "update media set file_name = hex(zeroblob(60)) where message_id = $1";
            tx.run(grow, vec![Cell::from(&message)]).await?;
        }
        Ok(())
    });
    growing.await.unwrap();
    let proof = forget(&test.app, WHO).await.unwrap();
    assert_eq!((proof.media, proof.is_whole()), (1_140, true));
    let bytes = database_bytes(&test);
    for gone in [WHO, "segredo"] {
        assert!(
            !holds(&bytes, gone),
            "{gone} is still in the database's files"
        );
    }
    assert!(holds(&bytes, "foto de outra pessoa"));
    test.end().await;
}

#[tokio::test]
async fn while_somebody_reads_the_database_there_is_no_proof_and_afterwards_there_is() {
    let test = TestApp::start().await;
    test.store(sample("READ")).await;
    let reader = rusqlite::Connection::open(test.app.data.join("midiateca.db")).unwrap();
    let begun = "begin; select count(*) from media;";
    reader.execute_batch(begun).unwrap();
    let told = forget(&test.app, WHO).await.unwrap();
    assert_eq!((told.media, told.files.len()), (1, 1));
    assert!(told.left_in_database && !told.is_whole());
    assert!(holds(&database_bytes(&test), WHO));
    reader.execute_batch("commit").unwrap();
    // Who finds nothing of somebody else writes the database anew all the same, and has no proof of it.
    let nobodys = forget(&test.app, "5511912345678").await.unwrap();
    assert!(nobodys.is_empty() && !nobodys.went_on);
    assert!(!holds(&database_bytes(&test), WHO));
    let told = forget(&test.app, WHO).await.unwrap();
    assert!(told.went_on && told.is_whole() && !told.is_empty());
    assert_eq!(
        (told.media, told.in_all().media, told.in_all().files),
        (0, 1, 1)
    );
    assert!(!holds(&database_bytes(&test), WHO));
    let told = forget(&test.app, WHO).await.unwrap();
    assert!(told.is_empty(), "nothing is owed any more");
    test.end().await;
}

#[tokio::test]
async fn a_file_that_the_server_stores_while_it_is_forgotten_goes_as_well() {
    let test = TestApp::start().await;
    let (failed, _) = test
        .store(SimMedia {
            fault: Fault::LinkTo("http://169.254.169.254/".to_owned()),
            ..sample("RACE")
        })
        .await;
    let path = coming_path(&test, &failed.id).await;
    let other = App::open(&test.app.data, impatient(), Clock::system())
        .await
        .unwrap();
    // The server holds the database while it says that the file is there.
    let mut server = rusqlite::Connection::open(test.app.data.join("midiateca.db")).unwrap();
    let storing = server.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate);
    let storing = storing.unwrap();
    let file = test.app.vault.root().join(&path);
    let elsewhere = file.with_file_name("under-another-name.jpg");
    let server_stores = async {
        // By now the row was read as it is, and its turn to be changed is waited for; where it was not, nothing is shown.
        tokio::time::sleep(Duration::from_millis(300)).await;
        std::fs::write(&elsewhere, "bytes").unwrap();
        let sql = "update media set status = 'stored', reason = null, size_bytes = 5, path = ?1 where id = ?2";
        let named = path.rsplit_once('/').unwrap().0.to_owned() + "/under-another-name.jpg";
        storing.execute(sql, [&named, &failed.id]).unwrap();
        storing.commit().unwrap();
    };
    let (proof, ()) = tokio::join!(forget(&other, WHO), server_stores);
    let proof = proof.unwrap();
    assert_eq!((proof.media, proof.files.len()), (1, 1));
    assert!(!elsewhere.exists());
    other.db.close().await;
    test.end().await;
}

/// Where the file of a media would be stored.
async fn coming_path(test: &TestApp, id: &str) -> String {
    let sql = "select message_id, slot, kind, named_at from media where id = $1";
    let row = test
        .app
        .db
        .row(sql, vec![Cell::from(id)])
        .await
        .unwrap()
        .unwrap();
    let path = layout::path(&Name {
        client: 2,
        instance: &InstanceId(FIRST.to_owned()),
        kind: MediaKind::parse(&row.text("kind").unwrap()).unwrap(),
        gateway: Gateway::Wapi.as_str(),
        message_id: &row.text("message_id").unwrap(),
        slot: row.int("slot").unwrap(),
        at: row.int("named_at").unwrap(),
        extension: "jpg",
    });
    path.as_str().to_owned()
}

#[tokio::test]
async fn what_a_killed_server_left_of_a_person_goes_wherever_it_lies() {
    let test = TestApp::start().await;
    let (failed, _) = test
        .store(SimMedia {
            fault: Fault::LinkTo("http://169.254.169.254/".to_owned()),
            ..sample("KILLED")
        })
        .await;
    let path = coming_path(&test, &failed.id).await;
    let app = test.app.clone();
    let folder = test.end_keeping_the_folder().await;
    let root = app.vault.root().to_owned();
    // It was killed after the rename, and a repair took an earlier such file for nobody's.
    let quarantined = root
        .join(".quarantine/20261124-00000000/in-no-row")
        .join(&path);
    let of_its_own = root
        .join(".quarantine/20261124-00000001")
        .join(&failed.id)
        .join("x/y.jpg");
    let staged = root.join(format!(".staging/0193-7-{}", failed.id));
    let staged_before = root.join(".staging/0193-8");
    let somebody_elses = root
        .join(&path)
        .with_file_name("wapi_OTHER_20261124_120000.jpg");
    for file in [
        &root.join(&path),
        &quarantined,
        &of_its_own,
        &staged,
        &staged_before,
        &somebody_elses,
    ] {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, "bytes").unwrap();
    }
    let app = App::open(folder.path(), impatient(), Clock::system())
        .await
        .unwrap();
    assert_eq!(would_forget(&app, WHO).await.files.len(), 3);
    let proof = forget(&app, WHO).await.unwrap();
    assert!(proof.is_whole());
    let mut gone: Vec<PathBuf> = proof
        .files
        .iter()
        .map(|file| root.join(&file.path))
        .collect();
    gone.sort();
    let mut expected = vec![root.join(&path), quarantined, of_its_own];
    expected.sort();
    assert_eq!(gone, expected);
    assert!(proof.files.iter().all(|file| file.sha256.is_some()));
    for file in gone.iter().chain([&staged, &staged_before]) {
        assert!(!file.exists(), "{}", file.display());
    }
    assert!(somebody_elses.exists());
    app.db.close().await;
}

#[tokio::test]
async fn a_file_that_is_not_there_is_not_in_the_proof() {
    let test = TestApp::start().await;
    let (stored, _) = test.store(sample("GONE")).await;
    std::fs::remove_file(test.file(&stored)).unwrap();
    let proof = forget(&test.app, WHO).await.unwrap();
    assert_eq!((proof.media, proof.files.len(), proof.bytes), (1, 0, 0));
    test.end().await;
}

#[tokio::test]
async fn an_erasure_that_was_cut_short_remembers_the_names_that_it_found() {
    let test = TestApp::start().await;
    let theirs = SimMedia {
        sender_lid: Some("100000000000001@lid".to_owned()),
        ..sample("WITHLID")
    };
    test.store(theirs).await;
    // Bytes that are nowhere else yet keep a delivery that names them.
    let naming = SimMedia {
        caption: Some(format!("fale com {WHO}")),
        ..of_somebody_else("NAMING")
    };
    let (naming, _) = test.store(naming).await;
    run(&test, "update media set inline = 1, status = 'pending', next_attempt_at = 9000000000000 where id = $1", &naming.id).await;
    let told = forget(&test.app, WHO).await.unwrap();
    assert_eq!((told.media, told.mentions, told.deliveries_left), (1, 1, 1));
    assert!(!told.is_whole());
    let by_lid = SimMedia {
        sender_id: Some("100000000000001@lid".to_owned()),
        sender_lid: None,
        chat_id: Some("120363000000000001@g.us".to_owned()),
        is_group: true,
        ..sample("BYLIDONLY")
    };
    let (by_lid, _) = test.store(by_lid).await;
    run(
        &test,
        "update media set status = 'failed' where id = $1",
        &naming.id,
    )
    .await;
    let told = forget(&test.app, WHO).await.unwrap();
    assert_eq!((told.media, told.deliveries_left), (1, 0));
    assert!(told.went_on && told.is_whole());
    assert_eq!(
        test.find(&MediaId(by_lid.id)).await.reason.as_deref(),
        Some("erased")
    );
    assert_eq!(test.app.db.marked("forget 2").await.unwrap(), None);
    assert!(!holds(&database_bytes(&test), WHO));
    test.end().await;
}

#[tokio::test]
async fn the_database_is_not_written_anew_where_there_is_no_room_for_it() {
    let test = TestApp::start().await;
    test.store(sample("NOROOM")).await;
    let mut full = impatient();
    full.storage.pause_below_bytes = 1 << 60;
    let full = App::open(&test.app.data, full, Clock::system())
        .await
        .unwrap();
    let told = forget(&full, WHO).await.unwrap();
    assert_eq!(told.media, 1);
    assert!(told.left_in_database && !told.is_whole());
    assert!(told.room_needed_bytes.unwrap() > 1 << 60);
    let log = std::fs::metadata(test.app.data.join("midiateca.db-wal"));
    assert_eq!(log.unwrap().len(), 0, "its log is emptied all the same");
    full.db.close().await;
    let told = forget(&test.app, WHO).await.unwrap();
    assert!(told.went_on && told.is_whole());
    assert_eq!(told.in_all().media, 1);
    test.end().await;
}

#[tokio::test]
async fn an_erasure_that_is_cut_short_has_told_what_it_erased_and_the_next_adds_it_up() {
    let test = TestApp::start().await;
    let (one, _) = test.store(sample("FIRSTPAGE")).await;
    let copies = "with recursive n (i) as (select 1 union all select i + 1 from n where i < 120)
        insert into media (id, instance, client, gateway, message_id, slot, delivery, kind, key_kind, chat_id, from_me, is_group,
          voice_note, received_at, named_at, media_key_malformed, inline, deadline, status)
        select 'z' || i, instance, client, gateway, 'M' || i, 0, '', kind, key_kind, chat_id, 0, 0, 0, received_at, named_at, 0, 0,
          deadline, 'failed' from media, n where id = $1";
    run(&test, copies, &one.id).await;
    // The second page cannot be written.
    let second =
        "create trigger stops before update on media when old.id = 'z99' and new.reason = 'erased'
                  begin select raise(abort, 'cut short'); end";
    let direct = rusqlite::Connection::open(test.app.data.join("midiateca.db")).unwrap();
    direct.execute_batch(second).unwrap();
    let mut listed = Vec::new();
    let contacts = [WHO.to_owned()];
    let mut told_bytes = 0;
    let tell = |file: &ErasedFile| {
        listed.push(file.media.clone());
        told_bytes += file.size;
    };
    let cut_short = retention::erase(&test.app, Asked::of(2, &contacts), Doing::Now, tell).await;
    assert!(cut_short.is_err());
    assert_eq!(listed, [one.id.as_str()]);
    direct.execute_batch("drop trigger stops").unwrap();
    let told = forget(&test.app, WHO).await.unwrap();
    assert!(told.went_on && told.is_whole());
    assert_eq!((told.media, told.files.len()), (20, 0));
    let in_all = told.in_all();
    assert_eq!((in_all.media, in_all.files, in_all.deliveries), (121, 1, 1));
    assert_eq!(in_all.bytes, told_bytes);
    assert!(forget(&test.app, WHO).await.unwrap().is_empty());
    test.end().await;
}

#[tokio::test]
async fn two_erasures_at_once_do_not_forget_each_other() {
    let test = TestApp::start().await;
    test.store(sample("ONE")).await;
    test.store(of_somebody_else("OTHER")).await;
    let reader = rusqlite::Connection::open(test.app.data.join("midiateca.db")).unwrap();
    let begun = "begin; select count(*) from media;";
    reader.execute_batch(begun).unwrap();
    let other = App::open(&test.app.data, impatient(), Clock::system())
        .await
        .unwrap();
    let both = tokio::join!(forget(&test.app, WHO), forget(&other, "5521900000077"));
    assert!(!both.0.unwrap().is_whole() && !both.1.unwrap().is_whole());
    reader.execute_batch("commit").unwrap();
    for who in [WHO, "5521900000077"] {
        let told = forget(&test.app, who).await.unwrap();
        assert!(told.went_on && told.is_whole(), "{who}");
        assert_eq!(told.in_all().media, 1);
    }
    other.db.close().await;
    test.end().await;
}

#[tokio::test]
async fn who_is_not_named_exactly_is_not_erased() {
    let test = TestApp::start().await;
    test.store(sample("EXACT")).await;
    for nobody in [
        "%",
        "_500900000001",
        "@lid",
        "false",
        "",
        "status@broadcast",
        "5500%",
    ] {
        let refused = forget(&test.app, nobody).await;
        assert!(
            matches!(refused, Err(retention::Error::Nobody { .. })),
            "{nobody}"
        );
    }
    for stranger in ["500900000001", "55009000000012", "550090000000"] {
        assert!(
            forget(&test.app, stranger).await.unwrap().is_empty(),
            "{stranger}"
        );
    }
    assert_eq!((test.files().len(), deliveries(&test).await.len()), (1, 1));
    test.end().await;
}

#[tokio::test]
async fn a_privacy_id_is_followed_from_the_private_chat_in_which_it_was_seen() {
    let number = "15551234567";
    for (given, chat, sender) in [
        (number, "15551234567@s.whatsapp.net", "99007788990011@lid"),
        ("99007788990011@lid", "15551234567", "99007788990011@lid"),
        (number, "99007788990011@lid", "15551234567"),
        ("99007788990011@lid", "99007788990011@lid", "15551234567"),
    ] {
        let test = TestApp::start().await;
        let private = SimMedia {
            chat_id: Some(chat.to_owned()),
            sender_id: Some(sender.to_owned()),
            sender_lid: sender.ends_with("@lid").then(|| sender.to_owned()),
            ..sample("PRIVATE")
        };
        test.store(private).await;
        let by_lid = SimMedia {
            chat_id: Some("120363000000000001@g.us".to_owned()),
            sender_id: Some("99007788990011@lid".to_owned()),
            sender_lid: None,
            is_group: true,
            ..of_kind("BYLID", wa_media::MediaKind::Document)
        };
        test.store(by_lid).await;
        // In a story, a group and what went out, whose chat it is says nothing of who sent it.
        for (at, chat, from_me) in [
            (0, "status@broadcast", false),
            (1, "120363000000000001@g.us", false),
            (2, chat, true),
        ] {
            let others = SimMedia {
                chat_id: Some(chat.to_owned()),
                from_me,
                content: Content::Generated {
                    seed: 20 + at,
                    size_bytes: 3_000,
                },
                ..of_somebody_else(&format!("OTHERS{at}"))
            };
            test.store(others).await;
        }
        let proof = forget(&test.app, given).await.unwrap();
        assert_eq!(proof.names, [number, "99007788990011"], "{given} {chat}");
        assert_eq!((proof.media, proof.is_whole()), (3, true));
        // Stories are not kept.
        assert_eq!(test.files().len(), 1);
        test.end().await;
    }
}

#[tokio::test]
async fn a_number_of_another_country_is_never_taken_for_a_brazilian_one() {
    let test = TestApp::start().await;
    for number in ["4531234567", "554531234567"] {
        let theirs = SimMedia {
            chat_id: Some(format!("{number}@s.whatsapp.net")),
            sender_id: Some(number.to_owned()),
            ..of_somebody_else(number)
        };
        test.store(theirs).await;
    }
    let refused = forget(&test.app, "4531234567").await.unwrap_err();
    let retention::Error::SeveralCountries { held, .. } = refused else {
        panic!("{refused}");
    };
    assert_eq!(held, ["4531234567", "554531234567"]);
    let exact = "4531234567@s.whatsapp.net";
    assert_eq!(would_forget(&test.app, exact).await.names, ["4531234567"]);
    let proof = forget(&test.app, "+45 31 23 45 67").await.unwrap();
    assert_eq!((proof.media, test.files().len()), (1, 1));
    // Now there is only one whom it may mean.
    let proof = forget(&test.app, "(45) 3123-4567").await.unwrap();
    assert_eq!((proof.media, test.files().len()), (1, 0));
    test.end().await;
}

#[tokio::test]
async fn an_id_that_goes_with_many_numbers_is_not_one_persons() {
    let test = TestApp::start().await;
    for n in 0..5 {
        let one = SimMedia {
            sender_id: Some(format!("552190000010{n}")),
            sender_lid: Some("100000000000009@lid".to_owned()),
            ..of_somebody_else(&format!("SHARED{n}"))
        };
        test.store(one).await;
    }
    let refused = forget(&test.app, "100000000000009@lid").await.unwrap_err();
    let retention::Error::SeveralPeople { name, count } = refused else {
        panic!("{refused}");
    };
    assert_eq!((name.as_str(), count), ("100000000000009", 5));
    assert_eq!(test.files().len(), 5);
    let proof = forget(&test.app, "5521900000102").await.unwrap();
    assert_eq!(
        (proof.media, &proof.names_left_out[..]),
        (1, &["100000000000009".to_owned()][..])
    );
    test.end().await;
}

#[tokio::test]
async fn a_number_is_found_without_its_ninth_digit_and_an_old_group_by_its_id() {
    let test = TestApp::start().await;
    let without = SimMedia {
        sender_id: Some("551187654321@s.whatsapp.net".to_owned()),
        chat_id: Some("551187654321".to_owned()),
        sender_lid: None,
        ..sample("EIGHT")
    };
    test.store(without).await;
    let in_group = SimMedia {
        chat_id: Some("5521900000077-1612345678@g.us".to_owned()),
        is_group: true,
        ..of_somebody_else("OLDGROUP")
    };
    test.store(in_group).await;
    let proof = forget(&test.app, "(11) 98765-4321").await.unwrap();
    assert_eq!((proof.media, proof.is_whole()), (1, true));
    let proof = forget(&test.app, "5521900000077-1612345678@g.us")
        .await
        .unwrap();
    assert_eq!((proof.media, proof.deliveries), (1, 1));
    assert_eq!(test.files().len(), 0);
    test.end().await;
}

#[tokio::test]
async fn what_came_before_an_instance_changed_hands_is_found_and_the_new_owners_stays() {
    let test = TestApp::start().await;
    test.store(of_somebody_else("BEFORE")).await;
    let naming = SimMedia {
        caption: Some(format!("fale com {WHO}")),
        ..of_somebody_else("BEFORENAMING")
    };
    test.store(naming).await;
    run(
        &test,
        "update instances set client = 3 where id = $1",
        FIRST,
    )
    .await;
    test.app.directory.by_id().await.unwrap();
    let after = SimMedia {
        caption: Some(format!("ligue para {WHO}")),
        ..of_somebody_else("AFTER")
    };
    let (after, _) = test.store(after).await;
    // Whose it was when it came is what the row says.
    run(
        &test,
        "update media set client = 3 where id = $1",
        &after.id,
    )
    .await;
    let proof = forget(&test.app, WHO).await.unwrap();
    assert_eq!((proof.mentions, proof.deliveries), (1, 1));
    assert_eq!(deliveries(&test).await.len(), 2);
    test.end().await;
}

/// Somebody else's, which no reader understands and which names the person.
async fn deliver_unreadable(test: &TestApp) {
    let broken = format!(
        r#"{{"event":"webhookReceived","instanceId":"{FIRST}","sender":{{"id":"5521900000077"}},"msgContent":{{"imageMessage":{{"caption":"para {WHO}", BROKEN"#
    );
    let (status, answer) = test.post(broken).await;
    assert_eq!((status, &answer["status"]), (202, &"quarantined".into()));
}

#[tokio::test]
async fn what_nobody_can_read_stays_until_it_is_said_that_it_is_to_go() {
    let test = TestApp::start().await;
    test.store(sample("READABLE")).await;
    deliver_unreadable(&test).await;
    let told = would_forget(&test.app, WHO).await;
    assert_eq!((told.deliveries, told.unreadable_left), (1, 1));
    let told = forget(&test.app, WHO).await.unwrap();
    assert_eq!((told.deliveries, told.unreadable_left), (1, 1));
    assert!(!told.is_whole() && !told.left_in_database);
    assert_eq!(deliveries(&test).await.len(), 1);
    let again = forget(&test.app, WHO).await.unwrap();
    assert!(!again.is_empty() && !again.is_whole());
    let (app, data) = (test.app.clone(), test.app.data.clone());
    let command = ["forget", "--client", "2", "--contact", WHO];
    let told = midiateca(&data, &command).await;
    assert_eq!(told.status.code(), Some(1));
    assert!(stderr(&told).contains("--unreadable"), "{}", stderr(&told));
    let contacts = [WHO.to_owned()];
    let asked = Asked {
        unreadable: Unreadable::Go,
        ..Asked::of(2, &contacts)
    };
    let told = retention::erase(&app, asked, Doing::Now, |_| {}).await;
    let told = told.unwrap();
    assert!(told.is_whole() && told.went_on);
    assert_eq!((told.deliveries, told.in_all().deliveries), (1, 2));
    assert!(!holds(&database_bytes(&test), WHO));
    test.end().await;
}

#[tokio::test]
async fn what_came_to_another_client_stays_though_it_brought_no_media() {
    // Whose the instance was first, and who asks.
    for (first, now, asks, is_theirs) in [(2, 3, 2, false), (2, 3, 3, true), (3, 2, 2, true)] {
        let test = TestApp::start().await;
        let (before, _) = test.store(of_somebody_else("BEFORE")).await;
        for (table, client) in [("media", first), ("instances", now)] {
            let sql = match table {
                "media" => "update media set client = cast($1 as integer)",
                _ => "update instances set client = cast($1 as integer)",
            };
            run(&test, sql, &client.to_string()).await;
        }
        while test.app.clock.now() <= before_at(&test, &before.id).await {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        deliver_unreadable(&test).await;
        let contacts = [WHO.to_owned()];
        let asked = Asked::of(asks, &contacts);
        let told = retention::erase(&test.app, asked, Doing::Now, |_| {}).await;
        let left = told.unwrap().unreadable_left;
        assert_eq!(left, u64::from(is_theirs), "{first} {now} {asks}");
        let asked = Asked {
            unreadable: Unreadable::Go,
            ..asked
        };
        let told = retention::erase(&test.app, asked, Doing::Now, |_| {}).await;
        assert_eq!(told.unwrap().deliveries, u64::from(is_theirs));
        test.end().await;
    }
}

async fn before_at(test: &TestApp, id: &str) -> i64 {
    let sql = "select received_at from media where id = $1";
    let row = test.app.db.row(sql, vec![Cell::from(id)]).await;
    row.unwrap().unwrap().int("received_at").unwrap()
}

#[tokio::test]
async fn their_number_is_masked_where_others_speak_of_them() {
    let test = TestApp::start().await;
    let document = SimMedia {
        caption: Some(format!("fale com @{WHO}, não com {WHO}9")),
        file_name: Some(format!("contrato {WHO}.pdf")),
        ..SimMedia {
            kind: wa_media::MediaKind::Document,
            ..of_somebody_else("SPEAKS")
        }
    };
    let (speaks, _) = test.store(document).await;
    assert_eq!(would_forget(&test.app, WHO).await.mentions, 1);
    let proof = forget(&test.app, WHO).await.unwrap();
    assert_eq!((proof.media, proof.mentions, proof.deliveries), (0, 1, 1));
    let left = test.find(&MediaId(speaks.id.clone())).await;
    assert_eq!(left.caption, Some(format!("fale com @***, não com {WHO}9")));
    assert_eq!(left.file_name.as_deref(), Some("contrato ***.pdf"));
    assert!(test.file(&left).is_file(), "it is somebody else's");
    test.end().await;
}

#[tokio::test]
async fn a_message_id_that_names_them_is_known_again_without_naming_them() {
    let test = TestApp::start().await;
    let (named, delivery) = test
        .store(sample(&format!("false_{WHO}@c.us_3EB0AA")))
        .await;
    assert!(forget(&test.app, WHO).await.unwrap().is_whole());
    assert!(!holds(&database_bytes(&test), WHO));
    let (_, answer) = test.post(delivery.body.to_string()).await;
    assert_eq!(answer["status"], "ignored", "{answer}");
    let instance = InstanceId(FIRST.to_owned());
    let here = queue::of_message(&test.app.db, &instance, &named.message_id).await;
    assert!(here.unwrap()[0].is_erased, "an import knows it, too");
    test.end().await;
}

#[tokio::test]
async fn a_second_media_under_a_message_id_that_named_them_is_erased_as_the_first_was() {
    let test = TestApp::start().await;
    let message = format!("false_{WHO}@c.us_3EB0AB");
    let (_, first) = test.store(sample(&message)).await;
    assert!(forget(&test.app, WHO).await.unwrap().is_whole());
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
        assert_eq!((proof.media, proof.is_whole()), (1, true));
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
        ..of_somebody_else("SAMEID")
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
        ..of_somebody_else("REPEATED")
    };
    let (naming, repeat) = test.store(naming).await;
    forget(&test.app, WHO).await.unwrap();
    assert_eq!(deliveries(&test).await.len(), 0);
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
        assert_eq!(deliveries(&test).await.len(), 0, "{status}");
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
    let nothing = ["forget", "--client", "2", "--contact", "+55 11 91234-5678"];
    let told = midiateca(data, &nothing).await;
    assert_eq!((told.status.code(), stdout(&told).as_str()), (Some(1), ""));
    assert!(
        stderr(&told).contains("551112345678, 5511912345678"),
        "{}",
        stderr(&told)
    );
    assert!(!stderr(&told).contains("proof"), "{}", stderr(&told));
    let wrong = ["forget", "--client", "2", "--contact", "%"];
    let told = midiateca(data, &wrong).await;
    assert_eq!(told.status.code(), Some(2), "{}", stderr(&told));
    let found = [
        "--lang",
        "pt-BR",
        "esquecer",
        "--client",
        "2",
        "--contact",
        WHO,
    ];
    let told = midiateca(data, &found).await;
    assert_eq!(told.status.code(), Some(0), "{}", stderr(&told));
    assert!(
        stderr(&told).contains("guarde isto como prova"),
        "{}",
        stderr(&told)
    );
}

#[tokio::test]
async fn a_webhook_that_comes_while_the_database_is_written_anew_waits_and_is_taken() {
    let mut config = impatient();
    config.database.busy_timeout_ms = 10;
    let test = TestApp::with(config, Clock::system()).await;
    let delivery = test.sim.world().add(sample("MEANWHILE"));
    let holder = rusqlite::Connection::open(test.app.data.join("midiateca.db")).unwrap();
    let sign = std::fs::File::create(test.app.data.join("midiateca.db-compacting")).unwrap();
    holder.execute_batch("begin immediate").unwrap();
    let (status, _) = test.post(delivery.body.to_string()).await;
    assert_eq!(status, 503, "somebody else is not waited for");
    sign.lock().unwrap();
    let ends = async {
        // Many times as long as the database is usually waited for.
        tokio::time::sleep(Duration::from_millis(200)).await;
        holder.execute_batch("commit").unwrap();
        sign.unlock().unwrap();
    };
    let ((status, answer), ()) = tokio::join!(test.post(delivery.body.to_string()), ends);
    assert_eq!(status, 200, "{answer}");
    test.end().await;
}
