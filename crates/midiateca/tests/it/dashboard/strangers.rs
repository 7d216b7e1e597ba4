//! What strangers write is text and nothing else, on every page, in every attribute and in every file that is made of it.

use midiateca_service::model::{Role, Scope};

use super::signed_in;
use crate::stage::{TestApp, sample};

const SCRIPT: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
/// Turns the direction, is invisible, or neither.
const INVISIBLE: [char; 7] = [
    '\u{202e}',
    '\u{200b}',
    '\u{2066}',
    '\u{feff}',
    '\u{ad}',
    '\u{200f}',
    '\u{e0041}',
];

fn evil() -> String {
    format!("{SCRIPT}{}gpj.exe", INVISIBLE.iter().collect::<String>())
}

fn assert_harmless(page: &str, path: &str) {
    assert!(!page.contains("<script>alert"), "{path}: {page}");
    assert!(!page.contains("<img src=x"), "{path}: {page}");
    let found = INVISIBLE.iter().filter(|letter| page.contains(**letter));
    let found: Vec<_> = found
        .map(|letter| letter.escape_unicode().to_string())
        .collect();
    assert_eq!(found, Vec::<String>::new(), "{path}: {page}");
}

#[tokio::test]
async fn what_strangers_write_is_text_and_nothing_else() {
    let test = TestApp::start().await;
    let mut media = sample("EVIL");
    media.caption = Some(evil());
    media.file_name = Some(evil());
    media.push_name = Some(evil());
    media.mime = format!("image/{}", evil());
    let (stored, _) = test.store(media).await;
    let browser = signed_in(&test, Role::Admin, Scope::All).await;
    let chat = stored.chat_id.clone().unwrap();
    let delivery = {
        let all = Default::default();
        let list = midiateca_service::deliveries::list(&test.app.db, &all, "", 1);
        list.await.unwrap().remove(0).id.0
    };
    for path in [
        "/".to_owned(),
        "/media".to_owned(),
        format!("/media/{}", stored.id),
        "/chats".to_owned(),
        format!("/chats/2/{chat}"),
        "/deliveries".to_owned(),
        format!("/deliveries/{delivery}"),
        "/failures".to_owned(),
        "/audit".to_owned(),
        "/media?q=%3Cscript%3Ealert(1)".to_owned(),
        "/media?chat=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E".to_owned(),
        "/chats?q=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E".to_owned(),
        "/deliveries?instance=%22%3E%3Cscript%3Ealert(1)".to_owned(),
        "/audit?actor=%22%3E%3Cscript%3Ealert(1)%E2%80%AE".to_owned(),
    ] {
        let page = browser.page(&path).await;
        assert_harmless(&page.replace("value=\"\"><script>alert", ""), &path);
    }
    for path in [
        "/media?kind=%3Cscript%3Ealert(1)%E2%80%AE",
        "/media?%E2%80%AE=1",
    ] {
        assert_harmless(&browser.get(path).await.text, path);
    }
    test.end().await;
}

/// Ids of chats are not changed when a page acts on them, but are escaped.
#[tokio::test]
async fn the_id_of_a_chat_is_shown_safely_and_acts_as_it_is() {
    let test = TestApp::start().await;
    let chat = format!("5500900000001{}@g.us", INVISIBLE.iter().collect::<String>());
    let mut media = sample("CHAT");
    media.chat_id = Some(chat);
    media.is_group = true;
    let (stored, _) = test.store(media).await;
    let browser = signed_in(&test, Role::Operator, Scope::All).await;
    let chat = stored.chat_id.clone().unwrap();
    let list = browser.page("/chats").await;
    assert_harmless(&list, "/chats");
    let path = list
        .split("href=\"")
        .find(|part| part.starts_with("/chats/2/"));
    let path = path.unwrap().split('"').next().unwrap().to_owned();
    let page = browser.page(&path).await;
    assert_harmless(&page, &path);
    let filter = page.split("data-filter=\"").nth(1).unwrap();
    let filter = filter.split('"').next().unwrap().replace("&#34;", "\"");
    let filter: serde_json::Value = serde_json::from_str(&filter).unwrap();
    assert_eq!(filter["chat"], chat.as_str());
    assert!(page.contains(&stored.id), "{page}");
    assert_harmless(
        &browser.page(&format!("/media/{}", stored.id)).await,
        "media",
    );
    test.end().await;
}

#[tokio::test]
async fn a_caption_of_64_kib_is_whole_on_its_page_and_short_in_lists() {
    let test = TestApp::start().await;
    let line = "Ação & reação <b> 👩🏽\n";
    let mut media = sample("LONG");
    media.caption = Some(line.repeat(65_536 / line.len()));
    let (stored, _) = test.store(media).await;
    let browser = signed_in(&test, Role::Viewer, Scope::All).await;
    let page = browser.page(&format!("/media/{}", stored.id)).await;
    let caption = page.split("<p class=\"caption\"><bdi>").nth(1).unwrap();
    let caption = caption.split("</bdi>").next().unwrap();
    let caption = caption
        .replace("&#38;", "&")
        .replace("&#60;", "<")
        .replace("&#62;", ">");
    // The line breaks stay, and nothing in it is taken for a hostile character.
    assert_eq!(
        caption.lines().count(),
        stored.caption.unwrap().lines().count()
    );
    assert!(caption.starts_with(line), "{}", &caption[..60]);
    assert!(!caption.contains('\u{fffd}'));
    for path in ["/", "/media", "/chats"] {
        let page = browser.page(path).await;
        assert!(page.len() < 60_000, "{path}: {}", page.len());
    }
    test.end().await;
}

#[tokio::test]
async fn the_names_of_downloads_and_the_page_of_a_dossier_are_harmless() {
    let test = TestApp::start().await;
    let mut media = sample("NAMED");
    media.caption = Some(format!("first\nsecond {}", evil()));
    media.file_name = Some(format!("{}\r\nX-Evil: 1.jpg", evil()));
    media.push_name = Some(evil());
    let (stored, _) = test.store(media).await;
    let browser = signed_in(&test, Role::Admin, Scope::All).await;
    let get = async |path: String| {
        let url = format!("{}{path}", test.origin());
        let request = browser.http.get(url).header("cookie", &browser.cookie);
        request.send().await.unwrap()
    };
    let answer = get(format!("/api/v1/media/{}/content?download=true", stored.id)).await;
    assert!(!answer.headers().contains_key("x-evil"));
    let name = answer.headers()["content-disposition"]
        .to_str()
        .unwrap()
        .to_owned();
    for escaped in [
        "%E2%80%AE",
        "%E2%80%8B",
        "%EF%BB%BF",
        "%0D",
        "%0A",
        "<script",
    ] {
        assert!(!name.contains(escaped), "{escaped}: {name}");
    }
    let answer = get(format!("/api/v1/media/{}/dossier?lang=pt-BR", stored.id)).await;
    let bytes = answer.bytes().await.unwrap();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let names: Vec<_> = archive
        .file_names()
        .map(|name| name.unwrap().into_owned())
        .collect();
    for name in &names {
        assert_harmless(name, "a name in the dossier");
    }
    let page = names.iter().find(|name| name.ends_with(".html")).unwrap();
    let page = std::io::read_to_string(archive.by_name(page).unwrap()).unwrap();
    assert_harmless(&page, "the dossier");
    assert!(page.contains("first\nsecond"), "{page}");
    test.end().await;
}

/// What other servers and programs say: the answer of an endpoint, a transcript, and a gateway that refuses.
#[tokio::test]
async fn what_other_systems_say_is_text_and_nothing_else() {
    let test = TestApp::start().await;
    let (stored, _) = test.store(sample("HEARD")).await;
    let admin = signed_in(&test, Role::Admin, Scope::All).await;
    let file = test.app.config.database_file(&test.app.data).unwrap();
    let database = rusqlite::Connection::open(file).unwrap();
    let now = test.app.clock.now();
    let sql = format!(
        "insert into endpoints (id, url, secret_sealed, created_at) values ('E', 'https://hooks.example.com/', x'00', {now});
         insert into notifications (id, endpoint, event, type, status, attempts, created_at) values ('N', 'E', 1, 'media.stored', 'failed', 1, {now});"
    );
    database.execute_batch(&sql).unwrap();
    let evil = evil();
    database
        .execute(
            "insert into notification_attempts (notification, n, started_at, duration_ms, http_status, reason, answer) values ('N', 1, ?1, 1, 500, 'status', ?2)",
            rusqlite::params![now, evil],
        )
        .unwrap();
    database
        .execute(
            "insert into transcripts (media, text, at) values (?1, ?2, ?3)",
            rusqlite::params![stored.id, evil, now],
        )
        .unwrap();
    database
        .execute(
            "update instances set problem = ?1, session = ?1",
            rusqlite::params![evil],
        )
        .unwrap();
    for (path, shown) in [
        ("/endpoints/E/notifications/N", "gpj.exe"),
        (&format!("/media/{}", stored.id), "gpj.exe"),
        ("/instances", "alert(1)"),
        ("/", "alert(1)"),
    ] {
        let page = admin.page(path).await;
        assert!(page.contains(shown), "{path}: {page}");
        assert_harmless(&page, path);
    }
    test.end().await;
}

/// A page in a frame of another site could have its buttons clicked by those who do not see them.
#[tokio::test]
async fn nothing_that_a_browser_shows_can_be_framed() {
    let test = TestApp::start().await;
    let (stored, _) = test.store(sample("FRAMED")).await;
    let stranger = super::Browser::new(&test);
    let admin = signed_in(&test, Role::Admin, Scope::All).await;
    let content = format!("/api/v1/media/{}/content", stored.id);
    for (browser, path, status) in [
        (&stranger, "/sign-in", 200),
        (&stranger, "/setup/unknown", 404),
        (&stranger, "/m/unknown", 404),
        (&admin, "/nowhere", 404),
        (&admin, "/media/unknown", 404),
        (&admin, "/media?kind=nonsense", 400),
        (&admin, "/", 200),
        (&admin, "/docs", 200),
        (&admin, content.as_str(), 200),
    ] {
        let url = format!("{}{path}", test.origin());
        let request = browser.http.get(url).header("accept", "text/html");
        let answer = request.header("cookie", &browser.cookie).send().await;
        let answer = answer.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        let policy = answer.headers().get("content-security-policy");
        let policy = policy.and_then(|value| value.to_str().ok()).unwrap_or("");
        let is_apart = policy.contains("frame-ancestors 'none'") || policy.starts_with("sandbox");
        assert!(is_apart, "{path}: {policy}");
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
    }
    test.end().await;
}
