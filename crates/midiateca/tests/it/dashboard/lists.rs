//! Filters in the addresses of lists, and a chat with very many media.

use midiateca_service::access::{Actor, users};
use midiateca_service::clock::{Clock, DAY};
use midiateca_service::db::Key;
use midiateca_service::model::{MediaKind, Role, Scope};
use midiateca_service::ops::users::{self as operation, Target};
use wa_sim::SimMedia;

use super::{add, signed_in};
use crate::stage::{FIRST, OTHER, TODAY, TestApp, impatient, sample};

/// What a page's list shows.
fn rows(page: &str, start: &str) -> usize {
    page.matches(start).count()
}

#[tokio::test]
async fn deliveries_are_filtered_by_time_gateway_and_instance_and_the_next_page_keeps_the_filter() {
    let clock = Clock::fixed(TODAY);
    let test = TestApp::with(impatient(), clock.clone()).await;
    test.store(sample("FIRST-DAY")).await;
    clock.advance(2 * DAY);
    test.store(sample("LATER")).await;
    test.store(sample("LAST")).await;
    let browser = signed_in(&test, Role::Viewer, Scope::All).await;
    for (query, count) in [
        ("", 3),
        ("?from=2026-11-25", 2),
        ("?to=2026-11-25", 1),
        ("?from=25%2F11%2F2026", 2),
        ("?from=25%2F11%2F2026&to=25/11/2026", 0),
        ("?from=26%2F11%2F2026&to=26/11/2026", 2),
        ("?from=2026-11-25&to=2026-11-25", 0),
        // A day is included to its end.
        ("?from=2026-11-26&to=2026-11-26", 2),
        ("?to=2026-11-24", 1),
        ("?gateway=wapi&verdict=accepted", 3),
        ("?gateway=meta", 0),
        (&format!("?instance={OTHER}"), 0),
        (&format!("?instance={FIRST}&to=2026-11-25"), 1),
    ] {
        let page = browser.page(&format!("/deliveries{query}")).await;
        assert_eq!(
            rows(&page, "<a href=\"/deliveries/"),
            count,
            "{query}: {page}"
        );
    }
    let page = browser
        .page("/deliveries?limit=1&from=2026-11-25&gateway=wapi")
        .await;
    let next = page.split("rel=\"next\" href=\"").nth(1).unwrap();
    let next = next.split('"').next().unwrap().replace("&#38;", "&");
    assert!(
        next.contains("from=2026-11-25") && next.contains("gateway=wapi"),
        "{next}"
    );
    let page = browser.page(&next).await;
    assert_eq!(rows(&page, "<a href=\"/deliveries/"), 1, "{page}");
    test.end().await;
}

#[tokio::test]
async fn the_audit_log_is_filtered_by_who_what_and_when() {
    let clock = Clock::fixed(TODAY);
    let test = TestApp::with(impatient(), clock.clone()).await;
    add(&test, "bia", Role::Viewer, Scope::All).await;
    clock.advance(2 * DAY);
    let mut browser = signed_in(&test, Role::Admin, Scope::All).await;
    // An earlier version had another code for callers that are not signed in.
    let old = test.app.db.write(Key::Everything, async |tx| {
        let sql =
            "insert into audit (at, actor, action, data) values (0, 'stranger', 'signed_in', '{}')";
        tx.run(sql, Vec::new()).await
    });
    old.await.unwrap();
    // The stage added two instances; two users were added, and one signed in.
    for (query, count) in [
        ("", 6),
        ("?action=instance_changed", 2),
        ("?action=user_added", 2),
        ("?action=user_added&actor=command_line", 2),
        ("?actor=command_line&to=2026-11-25", 3),
        ("?from=2026-11-25", 2),
        ("?actor=anonymous", 1),
        ("?action=signed_in&from=2026-11-25&to=2026-12-25", 1),
    ] {
        let page = browser.page(&format!("/audit{query}")).await;
        assert_eq!(
            rows(&page, "<tr><th scope=\"row\""),
            count,
            "{query}: {page}"
        );
    }
    let users = users::list(&test.app.db, Scope::All).await.unwrap();
    let removed = users.into_iter().find(|user| user.name == "ana").unwrap();
    let actor = Actor::CommandLine(Some("operadora".to_owned()));
    let target = Target {
        within: Scope::All,
        id: &removed.id,
    };
    let removing = operation::remove(test.app.user_deps(), &actor, target);
    removing.await.unwrap();
    add(&test, "carla", Role::Admin, Scope::All).await;
    browser.sign_in("carla").await;
    // A removed user can still be looked for, by name or by code.
    for actor in ["ana".to_owned(), format!("user:{}", removed.id)] {
        let page = browser.page(&format!("/audit?actor={actor}")).await;
        assert_eq!(rows(&page, "<tr><th scope=\"row\""), 1, "{page}");
        assert!(page.contains("<bdi>ana (user)</bdi>"), "{page}");
    }
    let page = browser.page("/audit?action=user_removed").await;
    let option = format!("<option value=\"user:{}\">ana (user)", removed.id);
    assert!(page.contains(&option), "{page}");
    assert!(page.contains("command line (operadora)"), "{page}");
    assert!(page.contains("name:</span> <bdi>ana</bdi>"), "{page}");
    browser.language = "pt-BR";
    let page = browser.page("/audit?actor=ana").await;
    assert!(page.contains("<bdi>ana (usuário)</bdi>"), "{page}");
    let page = browser.page("/audit?action=user_added").await;
    assert!(
        page.contains("<option value=\"user_added\" selected>usuário adicionado"),
        "{page}"
    );
    assert!(page.contains("linha de comando"), "{page}");
    test.end().await;
}

#[tokio::test]
async fn chats_are_found_by_client_instance_name_and_number() {
    let test = TestApp::start().await;
    let mut media = sample("OF-ANA");
    media.push_name = Some("Ana Conceição".to_owned());
    media.caption = Some("Beatriz mandou".to_owned());
    let (ana, _) = test.store(media).await;
    let foreign = SimMedia::sample(OTHER, "OF-OTHER", MediaKind::Image);
    let delivery = test.sim.world().add(foreign);
    let url = format!("{}/hooks/wapi/{}", test.origin(), test.other_hook);
    let (_, answer) = test.post_to(&url, delivery.body.to_string()).await;
    let other = answer["media"][0]["id"].as_str().unwrap().to_owned();
    test.settled(&midiateca_service::model::MediaId(other))
        .await;
    let browser = signed_in(&test, Role::Viewer, Scope::All).await;
    let started = std::time::Instant::now();
    // Words are indexed in the background.
    while rows(
        &browser.page("/chats?q=conceicao").await,
        "href=\"/chats/2/",
    ) == 0
    {
        assert!(started.elapsed().as_secs() < 60);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let chat = ana.chat_id.unwrap();
    let number = &chat.split('@').next().unwrap()[..6];
    for (query, own, foreign) in [
        ("".to_owned(), 1, 1),
        ("?client=2".to_owned(), 1, 0),
        (format!("?instance={OTHER}"), 0, 1),
        (format!("?instance={FIRST}&client=3"), 0, 0),
        ("?q=ana+conc".to_owned(), 1, 0),
        ("?q=ana+x".to_owned(), 0, 0),
        // A caption is no name.
        ("?q=beatriz".to_owned(), 0, 0),
        (format!("?q={number}&client=2"), 1, 0),
        ("?q=999999999".to_owned(), 0, 0),
        ("?q=%25".to_owned(), 0, 0),
    ] {
        let page = browser.page(&format!("/chats{query}")).await;
        let found = (
            rows(&page, "href=\"/chats/2/"),
            rows(&page, "href=\"/chats/3/"),
        );
        assert_eq!(found, (own, foreign), "{query}: {page}");
    }
    test.end().await;
}

#[tokio::test]
async fn a_chat_is_filtered_by_days_to_the_end_of_the_last_one() {
    let clock = Clock::fixed(TODAY);
    let test = TestApp::with(impatient(), clock.clone()).await;
    let (first, _) = test.store(sample("FIRST-DAY")).await;
    clock.advance(2 * DAY);
    test.store(sample("LATER")).await;
    test.store(SimMedia::sample(FIRST, "VOICE", MediaKind::Audio))
        .await;
    let browser = signed_in(&test, Role::Viewer, Scope::All).await;
    let chat = format!("/chats/2/{}", first.chat_id.unwrap());
    for (query, tiles, all) in [
        ("", 3, ">3<"),
        ("?from=2026-11-25", 2, ">2<"),
        ("?to=2026-11-24", 1, ">1<"),
        ("?from=2026-11-26&to=2026-11-26", 2, ">2<"),
        ("?from=2026-11-26&to=2026-11-26&kind=audio", 1, ">2<"),
    ] {
        let page = browser.page(&format!("{chat}{query}")).await;
        assert_eq!(rows(&page, "class=\"tile\""), tiles, "{query}: {page}");
        assert!(page.contains(all), "{query}: {page}");
        let media = query.replace('?', "?q=&");
        let page = browser.page(&format!("/media{media}")).await;
        assert_eq!(rows(&page, "class=\"tile\""), tiles, "{query}: {page}");
    }
    // The tabs and the archives keep the period.
    let page = browser.page(&format!("{chat}?to=2026-11-24")).await;
    for kept in ["?kind=image&#38;to=2026-11-24", "dossier.zip?chat="] {
        assert!(page.contains(kept), "{kept}: {page}");
    }
    let dossier = page.split("id=\"dossier\" href=\"").nth(1).unwrap();
    let dossier = dossier.split('"').next().unwrap();
    assert!(dossier.contains("to=2026-11-24"), "{dossier}");
    test.end().await;
}

#[tokio::test]
async fn a_chat_with_very_many_media_says_that_there_are_more() {
    let test = TestApp::start().await;
    let (media, _) = test.store(sample("ONE")).await;
    let chat = media.chat_id.clone().unwrap();
    let file = test.app.config.database_file(&test.app.data).unwrap();
    let many = rusqlite::Connection::open(file).unwrap();
    let sql = format!(
        "with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < 100000)
         insert into media (id, instance, client, gateway, message_id, slot, delivery, kind, key_kind, chat_id, from_me, is_group, voice_note,
           received_at, file_time, media_key_malformed, inline, status, reason, deadline)
         select 'M' || n, instance, client, gateway, 'M' || n, 0, '', case when n < 40 then 'sticker' else 'image' end, key_kind, chat_id, 0, 0, 0,
           n, n, 0, 0, 'failed', null, 9 from numbers, media where id = '{}'",
        media.id
    );
    many.execute_batch(&sql).unwrap();
    let browser = signed_in(&test, Role::Viewer, Scope::Client(2)).await;
    let page = browser.page(&format!("/chats/2/{chat}")).await;
    assert!(page.contains(">10,000+<"), "{page}");
    assert!(page.contains("there are more than 10,000"), "{page}");
    // Kinds of which only older media exist are counted, too.
    assert!(
        page.contains(">sticker <span class=\"quiet\">39</span>"),
        "{page}"
    );
    let stickers = browser.page(&format!("/chats/2/{chat}?kind=sticker")).await;
    assert_eq!(rows(&stickers, "class=\"tile\""), 39, "{stickers}");
    let list = browser.page("/chats").await;
    assert!(list.contains("1,000+") || list.contains("999+"), "{list}");
    let oldest = browser.page("/media/M1").await;
    assert!(
        oldest.contains("id=\"newer\"") && !oldest.contains("id=\"older\""),
        "{oldest}"
    );
    test.end().await;
}

#[tokio::test]
async fn filters_offer_what_was_removed_only_while_it_has_media_and_say_so() {
    let test = TestApp::start().await;
    test.store(sample("KEPT")).await;
    let mut admin = signed_in(&test, Role::Admin, Scope::All).await;
    for path in ["clients/2?keep_files=true", "clients/3"] {
        let url = format!("{}/api/v1/{path}", test.origin());
        let gone = admin
            .send(admin.http.delete(url).json(&serde_json::json!({})))
            .await;
        assert!(gone.status.is_success(), "{path}: {}", gone.text);
    }
    for (language, client, instance) in [
        ("en", "(removed)", "(removed)"),
        ("pt-BR", "(removido)", "(removida)"),
    ] {
        admin.language = language;
        for path in ["/media", "/chats"] {
            let page = admin.page(path).await;
            let choice = |value: &str| {
                let option = page.split(&format!("<option value=\"{value}\"")).nth(1);
                option.map(|option| option.split("</option>").next().unwrap().to_owned())
            };
            assert!(choice("2").unwrap().contains(client), "{path}: {page}");
            assert!(choice(FIRST).unwrap().contains(instance), "{path}: {page}");
            assert_eq!(choice("3"), None, "{path}");
            assert_eq!(choice(OTHER), None, "{path}");
        }
    }
    test.end().await;
}
