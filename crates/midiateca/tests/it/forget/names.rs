//! Who is meant by a number or an id, and who is not.

use super::*;

#[tokio::test]
async fn only_exactly_named_persons_are_erased() {
    let test = TestApp::start().await;
    test.store(sample("EXACT")).await;
    for contact in [
        "%",
        "_500900000001",
        "@lid",
        "false",
        "",
        "status@broadcast",
        "5500%",
    ] {
        let refused = forget(&test.app, contact).await;
        assert!(
            matches!(refused, Err(erasure::Error::UnknownContact { .. })),
            "{contact}"
        );
    }
    for other in ["500900000001", "55009000000012", "550090000000"] {
        assert!(
            forget(&test.app, other).await.unwrap().is_empty(),
            "{other}"
        );
    }
    assert_eq!((test.files().len(), kept(&test).await.len()), (1, 1));
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
                ..of_another_person(&format!("OTHERS{at}"))
            };
            test.store(others).await;
        }
        let proof = forget(&test.app, given).await.unwrap();
        assert_eq!(proof.ids, [number, "99007788990011"], "{given} {chat}");
        assert_eq!((proof.media, proof.is_complete()), (3, true));
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
            ..of_another_person(number)
        };
        test.store(theirs).await;
    }
    let refused = forget(&test.app, "4531234567").await.unwrap_err();
    let erasure::Error::SeveralCountries { known, .. } = refused else {
        panic!("{refused}");
    };
    assert_eq!(known, ["4531234567", "554531234567"]);
    let exact = "4531234567@s.whatsapp.net";
    assert_eq!(would_forget(&test.app, exact).await.ids, ["4531234567"]);
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
            ..of_another_person(&format!("SHARED{n}"))
        };
        test.store(one).await;
    }
    let refused = forget(&test.app, "100000000000009@lid").await.unwrap_err();
    let erasure::Error::SeveralPeople { id, count } = refused else {
        panic!("{refused}");
    };
    assert_eq!((id.as_str(), count), ("100000000000009", 5));
    assert_eq!(test.files().len(), 5);
    let found = identify(&test.app.db, 2, &["5521900000102".to_owned()]).await;
    assert_eq!(found.unwrap().shared, ["100000000000009"]);
    let proof = forget(&test.app, "5521900000102").await.unwrap();
    assert_eq!(
        (proof.media, &proof.ids[..]),
        (1, &["5521900000102".to_owned()][..])
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
        ..of_another_person("OLDGROUP")
    };
    test.store(in_group).await;
    let proof = forget(&test.app, "(11) 98765-4321").await.unwrap();
    assert_eq!((proof.media, proof.is_complete()), (1, true));
    let proof = forget(&test.app, "5521900000077-1612345678@g.us")
        .await
        .unwrap();
    assert_eq!((proof.media, proof.deliveries), (1, 1));
    assert_eq!(test.files().len(), 0);
    test.end().await;
}

#[tokio::test]
async fn forget_lists_the_ids_and_erases_nothing_before_it_is_confirmed() {
    let test = TestApp::start().await;
    let (stored, _) = test.store(sample("ASKED")).await;
    let folder = test.end_keeping_the_folder().await;
    let arguments = ["forget", "--client", "2", "--contact", WHO];
    let asked = midiateca(folder.path(), &arguments).await;
    assert_eq!(asked.status.code(), Some(2), "{}", stderr(&asked));
    for listed in [
        "5500900000001: given",
        "100000000000001: in the same messages",
        "--yes",
    ] {
        assert!(stderr(&asked).contains(listed), "{}", stderr(&asked));
    }
    let storage = folder.path().join("media_storage");
    let file = storage.join(stored.path.unwrap());
    assert!(file.exists());
    let line = [&["--json"], &arguments[..], &["--yes"]].concat();
    let done = midiateca(folder.path(), &line).await;
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    let report: serde_json::Value = serde_json::from_str(&stdout(&done)).unwrap();
    let expected = serde_json::json!([
        {"id": "100000000000001", "basis": "paired"},
        {"id": WHO, "basis": "given"},
    ]);
    assert_eq!(report["identities"]["ids"], expected);
    assert!(!file.exists());
}

#[tokio::test]
async fn an_erasure_takes_exactly_the_ids_that_it_is_given() {
    let test = TestApp::start().await;
    let (by_number, _) = test.store(sample("BYNUMBER")).await;
    let by_lid = SimMedia {
        sender_id: Some("100000000000001@lid".to_owned()),
        sender_lid: None,
        chat_id: Some("120363000000000001@g.us".to_owned()),
        is_group: true,
        ..of_kind("BYLID", wa_media::MediaKind::Document)
    };
    let (by_lid, _) = test.store(by_lid).await;
    let options = of(2, vec![WHO.to_owned()]);
    let report = erasure::run(test.app.erasure_deps(), options, &())
        .await
        .unwrap();
    assert_eq!(report.media, 1);
    assert!(!test.file(&by_number).exists() && test.file(&by_lid).exists());
    test.end().await;
}
