//! When nothing is left, and what is said when something is.

use std::sync::Mutex;

use super::*;
use midiateca_service::config::Size;
use midiateca_service::media;

#[tokio::test]
async fn no_page_of_the_database_keeps_what_its_rows_no_longer_say() {
    let test = TestApp::start().await;
    let (one, _) = test.store(of_another_person("MANY")).await;
    // Rows that grow after they were put in, so that pages are split and merged.
    let copies = "with recursive n (i) as (select 1 union all select i + 1 from n where i < 1200)
        insert into media (id, instance, client, gateway, message_id, slot, delivery, kind, key_kind, caption, chat_id, sender_id,
          sender_name, from_me, is_group, voice_note, received_at, file_time, media_key_malformed, inline, deadline, status)
        select 'copy' || ((i * 7919) % 1200) || '-' || i, instance, client, gateway, 'M' || i, 0, '', kind, key_kind,
          case when i % 20 = 0 then 'foto de outra pessoa' else 'segredo' end,
          case when i % 20 = 0 then '5521900000077' else '5500900000001' end, null, null, 0, 0, 0, received_at, file_time, 0, 0,
          deadline, 'failed' from media, n where id = $1";
    run(&test, copies, &one.id).await;
    // In no order, as downloads end.
    let growing = test
        .app
        .db
        .write(midiateca_service::db::Key::Everything, async |tx| {
            for n in 0..1_200 {
                let message = format!("M{}", n * 7_919 % 1_200 + 1);
                let grow = "update media set file_name = hex(zeroblob(60)) where message_id = $1";
                tx.run(grow, vec![Cell::from(&message)]).await?;
            }
            Ok(())
        });
    growing.await.unwrap();
    let proof = forget(&test.app, WHO).await.unwrap();
    assert_eq!((proof.media, proof.is_complete()), (1_140, true));
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
async fn the_words_of_a_person_leave_the_index_with_their_pages() {
    let test = TestApp::start().await;
    for n in 0..30 {
        // A long word fills pages of its own where it is not cut.
        let long = format!("Segredao{n}{}", "xyz".repeat(5_000));
        let media = SimMedia {
            caption: Some(format!("Óculos segredíssimo {n} {long}")),
            ..sample(&format!("WORDS{n}"))
        };
        test.store(media).await;
    }
    let due = async || media::search::has_due(&test.app.db).await.unwrap();
    let started = std::time::Instant::now();
    while due().await {
        assert!(
            started.elapsed().as_secs() < 60,
            "the words were not indexed"
        );
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let words = media::Filter {
        words: Some("segredissimo".to_owned()),
        ..media::Filter::default()
    };
    let found = async || media::list(&test.app.db, &words, 50).await.unwrap().len();
    assert_eq!(found().await, 30);
    let proof = forget(&test.app, WHO).await.unwrap();
    assert_eq!((proof.media, proof.is_complete()), (30, true));
    assert_eq!(found().await, 0);
    let bytes = database_bytes(&test);
    for word in ["segredissimo", "segredao", "egredao", "xyzxyz"] {
        assert!(!holds(&bytes, word), "{word}");
    }
    test.end().await;
}

#[tokio::test]
async fn no_index_of_numbers_keeps_a_person() {
    let test = TestApp::start().await;
    let (number, lid) = ("5511987654321", "100000087654399@lid");
    let of_person = |id: &str, chat: &str, sender: &str, is_group| SimMedia {
        chat_id: Some(chat.to_owned()),
        sender_id: Some(sender.to_owned()),
        sender_lid: Some(lid.to_owned()),
        is_group,
        ..sample(id)
    };
    let group = "120363000000000001@g.us";
    test.store(of_person("PRIVATE", number, number, false))
        .await;
    test.store(of_person("BY-LID", lid, lid, false)).await;
    test.store(of_person("GROUP", group, number, true)).await;
    let other = SimMedia {
        chat_id: Some(group.to_owned()),
        is_group: true,
        ..of_another_person("OTHER")
    };
    let (other, _) = test.store(other).await;
    assert!(holds(&database_bytes(&test), number));
    let proof = forget(&test.app, "(11) 8765-4321").await.unwrap();
    assert_eq!((proof.media, proof.is_complete()), (3, true));
    let bytes = database_bytes(&test);
    for gone in [number, "551187654321", "87654321", "100000087654399"] {
        assert!(!holds(&bytes, gone), "{gone} is still in the database");
    }
    // The other member of the group is still found.
    let filter = media::Filter {
        sender: other.sender_id.clone(),
        ..media::Filter::default()
    };
    let found = media::list(&test.app.db, &filter, 9).await.unwrap();
    assert_eq!(found.len(), 1);
    test.end().await;
}

#[tokio::test]
async fn while_another_program_reads_the_database_there_is_no_proof_and_afterwards_there_is() {
    let test = TestApp::start().await;
    test.store(sample("READ")).await;
    let reader = rusqlite::Connection::open(test.app.data.join("midiateca.db")).unwrap();
    let begun = "begin; select count(*) from media;";
    reader.execute_batch(begun).unwrap();
    let report = forget(&test.app, WHO).await.unwrap();
    assert_eq!((report.media, report.files.len()), (1, 1));
    assert!(report.left_in_database && !report.is_complete());
    assert!(holds(&database_bytes(&test), WHO));
    reader.execute_batch("commit").unwrap();
    // An erasure that finds nothing rewrites the database too, and gives no proof of the other.
    let other = forget(&test.app, "5511912345678").await.unwrap();
    assert!(other.is_empty() && !other.resumed);
    assert!(!holds(&database_bytes(&test), WHO));
    let report = forget(&test.app, WHO).await.unwrap();
    assert!(report.resumed && report.is_complete() && !report.is_empty());
    assert_eq!(
        (report.media, report.total().media, report.total().files),
        (0, 1, 1)
    );
    assert!(!holds(&database_bytes(&test), WHO));
    let report = forget(&test.app, WHO).await.unwrap();
    assert!(report.is_empty(), "an erasure is still unfinished");
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
    let other = crate::stage::open(&test.app.data, impatient(), Clock::system())
        .await
        .unwrap();
    // The server holds the database while it says that the file is there.
    let mut server = rusqlite::Connection::open(test.app.data.join("midiateca.db")).unwrap();
    let storing = server.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate);
    let storing = storing.unwrap();
    let file = test.app.storage.root().join(&path);
    let elsewhere = file.with_file_name("under-another-name.jpg");
    let server_stores = async {
        // The erasure takes this lease between reading the row and changing it.
        until("the row is read", async || {
            other.coordination.has_maintenance().await
        })
        .await;
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
    let sql = "select message_id, slot, kind, file_time from media where id = $1";
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
        at: row.int("file_time").unwrap(),
        extension: "jpg",
    });
    path.as_str().to_owned()
}

#[tokio::test]
async fn leftovers_of_a_killed_server_are_erased_with_their_person() {
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
    let root = app.storage.root().to_owned();
    // It was killed after the rename, and a repair took an earlier such file for an orphan.
    let quarantined = root
        .join(".quarantine/20261124-00000000/in-no-row")
        .join(&path);
    let of_its_own = root
        .join(".quarantine/20261124-00000001")
        .join(&failed.id)
        .join("x/y.jpg");
    // Under extensions that no table has, too, and with no extension of theirs that is another file's.
    let [statement, moved] = [
        root.join(&path).with_extension("xmind"),
        quarantined.with_extension("240"),
    ];
    let further = format!("{}_2.jpg", path.trim_end_matches(".jpg"));
    let further = root.join(further);
    let staged = root.join(format!(".staging/0193-7-{}", failed.id));
    let staged_before = root.join(".staging/0193-8");
    let of_others = root
        .join(&path)
        .with_file_name("wapi_OTHER_20261124_120000.jpg");
    for file in [
        &root.join(&path),
        &quarantined,
        &of_its_own,
        &staged,
        &staged_before,
        &of_others,
        &statement,
        &moved,
        &further,
    ] {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, "bytes").unwrap();
    }
    let app = crate::stage::open(folder.path(), impatient(), Clock::system())
        .await
        .unwrap();
    assert_eq!(would_forget(&app, WHO).await.files.len(), 5);
    let proof = forget(&app, WHO).await.unwrap();
    assert!(proof.is_complete());
    let mut gone: Vec<PathBuf> = proof
        .files
        .iter()
        .map(|file| root.join(&file.path))
        .collect();
    gone.sort();
    let mut expected = vec![root.join(&path), quarantined, of_its_own, statement, moved];
    expected.sort();
    assert_eq!(gone, expected);
    assert!(proof.files.iter().all(|file| file.sha256.is_some()));
    for file in gone.iter().chain([&staged, &staged_before]) {
        assert!(!file.exists(), "{}", file.display());
    }
    assert!(of_others.exists() && further.exists());
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
        ..of_another_person("NAMING")
    };
    let (naming, _) = test.store(naming).await;
    run(&test, "update media set inline = 1, status = 'pending', next_attempt_at = 9000000000000 where id = $1", &naming.id).await;
    let report = forget(&test.app, WHO).await.unwrap();
    assert_eq!(
        (report.media, report.mentions, report.deliveries_left),
        (1, 1, 1)
    );
    assert!(!report.is_complete());
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
    let report = forget(&test.app, WHO).await.unwrap();
    assert_eq!((report.media, report.deliveries_left), (1, 0));
    assert!(report.resumed && report.is_complete());
    assert_eq!(
        test.find(&MediaId(by_lid.id)).await.reason.as_deref(),
        Some("erased")
    );
    let begun = midiateca_service::coordination::checkpoint::Checkpoint::Erasure;
    let begun = begun.load::<serde_json::Value>(&test.app.db, "2").await;
    assert_eq!(begun.unwrap(), None);
    assert!(!holds(&database_bytes(&test), WHO));
    test.end().await;
}

#[tokio::test]
async fn the_database_is_not_rewritten_where_there_is_no_room_for_it() {
    let test = TestApp::start().await;
    test.store(sample("NOROOM")).await;
    let mut full = impatient();
    full.storage.pause_below = Size::from_bytes(1 << 60);
    let full = crate::stage::open(&test.app.data, full, Clock::system())
        .await
        .unwrap();
    let report = forget(&full, WHO).await.unwrap();
    assert_eq!(report.media, 1);
    assert!(report.left_in_database && !report.is_complete());
    assert!(report.free_bytes_needed.unwrap() > 1 << 60);
    let log = std::fs::metadata(test.app.data.join("midiateca.db-wal"));
    assert_eq!(log.unwrap().len(), 0, "its log is emptied all the same");
    full.db.close().await;
    let report = forget(&test.app, WHO).await.unwrap();
    assert!(report.resumed && report.is_complete());
    assert_eq!(report.total().media, 1);
    test.end().await;
}

#[tokio::test]
async fn an_erasure_that_is_cut_short_has_listed_what_it_erased_and_the_next_adds_it_up() {
    let test = TestApp::start().await;
    let (one, _) = test.store(sample("FIRSTPAGE")).await;
    let copies = "with recursive n (i) as (select 1 union all select i + 1 from n where i < 120)
        insert into media (id, instance, client, gateway, message_id, slot, delivery, kind, key_kind, chat_id, from_me, is_group,
          voice_note, received_at, file_time, media_key_malformed, inline, deadline, status)
        select 'z' || i, instance, client, gateway, 'M' || i, 0, '', kind, key_kind, chat_id, 0, 0, 0, received_at, file_time, 0, 0,
          deadline, 'failed' from media, n where id = $1";
    run(&test, copies, &one.id).await;
    // The second page cannot be written.
    let second =
        "create trigger stops before update on media when old.id = 'z99' and new.reason = 'erased'
                  begin select raise(abort, 'cut short'); end";
    let direct = rusqlite::Connection::open(test.app.data.join("midiateca.db")).unwrap();
    direct.execute_batch(second).unwrap();
    let listed = Mutex::new(Vec::new());
    let list = |file: &ErasedFile| {
        let entry = (file.media.clone(), file.size);
        listed.lock().unwrap().push(entry);
    };
    let identities = identify(&test.app.db, 2, &[WHO.to_owned()]).await.unwrap();
    let cut_short = erasure::run(test.app.erasure_deps(), of(2, identities.ids()), &list).await;
    assert!(cut_short.is_err());
    let listed = listed.into_inner().unwrap();
    let [(media, listed_bytes)] = &listed[..] else {
        panic!("{listed:?}");
    };
    assert_eq!(*media, one.id);
    direct.execute_batch("drop trigger stops").unwrap();
    let report = forget(&test.app, WHO).await.unwrap();
    assert!(report.resumed && report.is_complete());
    assert_eq!((report.media, report.files.len()), (20, 0));
    let in_all = report.total();
    assert_eq!((in_all.media, in_all.files, in_all.deliveries), (121, 1, 1));
    assert_eq!(in_all.bytes, *listed_bytes);
    assert!(forget(&test.app, WHO).await.unwrap().is_empty());
    test.end().await;
}

#[tokio::test]
async fn two_erasures_at_once_do_not_forget_each_other() {
    let test = TestApp::start().await;
    test.store(sample("ONE")).await;
    test.store(of_another_person("OTHER")).await;
    let reader = rusqlite::Connection::open(test.app.data.join("midiateca.db")).unwrap();
    let begun = "begin; select count(*) from media;";
    reader.execute_batch(begun).unwrap();
    let other = crate::stage::open(&test.app.data, impatient(), Clock::system())
        .await
        .unwrap();
    let both = tokio::join!(forget(&test.app, WHO), forget(&other, "5521900000077"));
    assert!(!both.0.unwrap().is_complete() && !both.1.unwrap().is_complete());
    reader.execute_batch("commit").unwrap();
    for who in [WHO, "5521900000077"] {
        let report = forget(&test.app, who).await.unwrap();
        assert!(report.resumed && report.is_complete(), "{who}");
        assert_eq!(report.total().media, 1);
    }
    other.db.close().await;
    test.end().await;
}
