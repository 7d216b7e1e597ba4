//! The dashboard: who may open it, what strangers' texts can do in it, and that each page shows what the API shows.

mod archive;
mod asked_first;
mod explained;
mod filters;
mod gateways;
mod lists;
mod manage;
mod slow;
mod stale;
mod strangers;

use midiateca_service::access::Actor;
use midiateca_service::model::{MediaKind, Role, Scope};
use midiateca_service::ops::users::{self, Options};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use wa_sim::SimMedia;

use crate::stage::{FIRST, OTHER, TestApp, sample};

const PASSWORD: &str = "quatro patos amarelos";

/// A browser without scripts.
pub struct Browser<'a> {
    test: &'a TestApp,
    http: reqwest::Client,
    cookie: String,
    pub language: &'static str,
}

struct Page {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Page {
    fn location(&self) -> &str {
        self.headers["location"].to_str().unwrap()
    }
}

impl<'a> Browser<'a> {
    fn new(test: &'a TestApp) -> Self {
        let http = reqwest::Client::builder().no_proxy();
        Self {
            test,
            http: http.redirect(Policy::none()).build().unwrap(),
            cookie: String::new(),
            language: "en",
        }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Page {
        let request = request.header("cookie", &self.cookie);
        let answer = request.header("accept-language", self.language).send();
        let answer = answer.await.unwrap();
        Page {
            status: answer.status(),
            headers: answer.headers().clone(),
            text: answer.text().await.unwrap(),
        }
    }

    async fn get(&self, path: &str) -> Page {
        let url = format!("{}{path}", self.test.origin());
        self.send(self.http.get(url)).await
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let url = format!("{}{path}", self.test.origin());
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        let body = form.extend_pairs(fields).finish();
        let request = self.http.post(url).body(body);
        let kind = "application/x-www-form-urlencoded";
        self.send(request.header("content-type", kind)).await
    }

    async fn sign_in(&mut self, name: &str) -> Page {
        let fields = [
            ("name", name),
            ("password", PASSWORD),
            ("next", "/media?kind=audio"),
        ];
        let page = self.post("/sign-in", &fields).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
        let cookie = page.headers["set-cookie"].to_str().unwrap();
        self.cookie = cookie.split(';').next().unwrap().to_owned();
        page
    }

    /// A page that must be there, with the headers that protect it.
    pub async fn page(&self, path: &str) -> String {
        let page = self.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text);
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("default-src 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert_eq!(page.headers["x-frame-options"], "DENY");
        assert_eq!(page.headers["cache-control"], "no-store");
        page.text
    }
}

async fn add(test: &TestApp, name: &str, role: Role, scope: Scope) {
    let options = Options {
        within: Scope::All,
        name: name.to_owned(),
        role,
        scope,
        password: Some(PASSWORD.to_owned()),
    };
    let added = users::add(test.app.user_deps(), &Actor::CommandLine(None), options).await;
    added.unwrap();
}

pub async fn signed_in<'a>(test: &'a TestApp, role: Role, scope: Scope) -> Browser<'a> {
    add(test, "ana", role, scope).await;
    let mut browser = Browser::new(test);
    browser.sign_in("ana").await;
    browser
}

#[tokio::test]
async fn strangers_are_sent_to_the_page_for_signing_in_and_come_back() {
    let test = TestApp::start().await;
    add(&test, "ana", Role::Viewer, Scope::All).await;
    let mut browser = Browser::new(&test);
    for (path, place) in [
        ("/", "/sign-in"),
        (
            "/media?kind=audio&q=a%20b",
            "/sign-in?next=%2Fmedia%3Fkind%3Daudio%26q%3Da%2520b",
        ),
        ("/audit", "/sign-in?next=%2Faudit"),
    ] {
        let page = browser.get(path).await;
        assert_eq!(
            (page.status, page.location()),
            (StatusCode::SEE_OTHER, place)
        );
    }
    let form = browser.page("/sign-in?next=%2Fchats").await;
    assert!(form.contains("name=\"next\" value=\"/chats\""), "{form}");
    let foreign = browser.page("/sign-in?next=%2F%2Fevil.example").await;
    assert!(foreign.contains("name=\"next\" value=\"/\""), "{foreign}");
    let wrong = browser
        .post("/sign-in", &[("name", "<b>ana"), ("password", "x")])
        .await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert!(
        wrong.text.contains("the name or the password is wrong"),
        "{}",
        wrong.text
    );
    assert!(
        wrong.text.contains("value=\"&#60;b&#62;ana\""),
        "{}",
        wrong.text
    );
    let page = browser.sign_in("Ana").await;
    assert_eq!(page.location(), "/media?kind=audio");
    browser.page("/").await;
    let out = browser.post("/sign-out", &[]).await;
    assert_eq!(out.location(), "/sign-in");
    assert_eq!(browser.get("/").await.location(), "/sign-in");
    test.end().await;
}

#[tokio::test]
async fn the_first_administrator_sets_a_password_by_the_link_once() {
    let test = TestApp::start().await;
    let deps = test.app.user_deps();
    let token = users::make_setup_link(deps, &Actor::CommandLine(None), None)
        .await
        .unwrap();
    let browser = Browser::new(&test);
    let path = format!("/setup/{token}");
    assert!(browser.page(&path).await.contains("You are the first user"));
    let wrong = browser
        .post(
            &path,
            &[("name", "dona"), ("password", PASSWORD), ("again", "x")],
        )
        .await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert!(wrong.text.contains("not the same"), "{}", wrong.text);
    let fields = [
        ("name", "dona"),
        ("password", PASSWORD),
        ("again", PASSWORD),
    ];
    let set = browser.post(&path, &fields).await;
    assert_eq!((set.status, set.location()), (StatusCode::SEE_OTHER, "/"));
    assert!(
        set.headers["set-cookie"]
            .to_str()
            .unwrap()
            .contains("HttpOnly")
    );
    assert_eq!(browser.get(&path).await.status, StatusCode::NOT_FOUND);
    test.end().await;
}

/// What a person reads: without tags, and without what is shown as code.
fn visible(page: &str) -> String {
    let mut text = page.to_owned();
    for tag in ["code", "pre", "template", "title"] {
        while let Some(start) = text.find(&format!("<{tag}")) {
            let close = format!("</{tag}>");
            let end = text[start..].find(&close).unwrap() + start + close.len();
            text.replace_range(start..end, " ");
        }
    }
    let parts = text.split('<').filter_map(|part| part.split_once('>'));
    parts.map(|(_, text)| format!("{text} ")).collect()
}

/// The codes among the words that a person reads.
fn raw_codes(page: &str) -> Vec<String> {
    let text = visible(page);
    let words =
        text.split(|letter: char| !letter.is_ascii_alphanumeric() && !"_.".contains(letter));
    // Settings have a dot, and folders are named so.
    let is_code = |word: &&str| {
        let word = word.trim_matches(['_', '.']);
        word.contains('_')
            && !word.contains('.')
            && !["cliente_", "instance_"]
                .iter()
                .any(|start| word.starts_with(start))
    };
    words.filter(is_code).map(str::to_owned).collect()
}

const PAGES: [&str; 20] = [
    "/",
    "/media",
    "/media?kind=image&client=&status=&q=&from=&to=",
    "/media?status=failed&verified=full&direction=sent&reason=cdn_expired&chat=5500900000001",
    "/chats",
    "/failures",
    "/deliveries",
    "/deliveries?verdict=accepted&instance=&from=",
    "/instances",
    "/endpoints",
    "/access",
    "/links?state=valid",
    "/holds",
    "/audit",
    "/health",
    "/media?cursor=1_x",
    "/chats?cursor=1_1_x",
    "/chats?q=Ana&client=2&instance=",
    "/deliveries?gateway=wapi&from=2026-11-01&to=2099-01-01",
    "/audit?actor=command_line&action=user_added&from=7d&to=",
];

#[tokio::test]
async fn every_page_is_shown_to_an_administrator_in_both_languages() {
    let test = TestApp::start().await;
    let (media, _) = test.store(sample("SHOWN")).await;
    test.fail(wa_sim::Fault::Lost).await;
    let mut browser = signed_in(&test, Role::Admin, Scope::All).await;
    let delivery = {
        let list =
            midiateca_service::deliveries::list(&test.app.db, &Default::default(), "", 1).await;
        list.unwrap().remove(0).id.0
    };
    let single = [
        format!("/media/{}", media.id),
        format!("/chats/2/{}", media.chat_id.unwrap()),
        format!("/deliveries/{delivery}"),
        format!("/deliveries/{delivery}?keys=1"),
        format!("/instances/{FIRST}"),
        "/clients/2".to_owned(),
    ];
    for (language, heading) in [
        ("en", "<html lang=\"en\""),
        ("pt-BR", "<html lang=\"pt-BR\""),
    ] {
        browser.language = language;
        for path in PAGES
            .iter()
            .copied()
            .chain(single.iter().map(String::as_str))
        {
            let page = browser.page(path).await;
            assert!(page.contains(heading), "{path}");
            assert!(
                !page.contains("dashboard-") && !page.contains("names-"),
                "{path}: {page}"
            );
            assert_eq!(raw_codes(&page), Vec::<String>::new(), "{path}");
            assert!(
                !page.contains(" style=") && !page.contains(" onclick"),
                "{path}"
            );
        }
    }
    for (path, words) in [
        ("/media?colour=red", "parâmetro desconhecido: colour"),
        ("/media?kind=image&kind=audio", "kind aparece duas vezes"),
        ("/media?limit=9999", "limit não está entre 1 e 500"),
        ("/media?sha256=x", "dígitos hexadecimais"),
        ("/media?status=x", "x não é uma das opções"),
        ("/audit?from=someday", "someday"),
        ("/media/unknown", "essa mídia não existe"),
    ] {
        let page = browser.get(path).await;
        assert!(page.text.contains(words), "{path}: {}", page.text);
        let plain = visible(&page.text);
        for english in ["unknown parameter", "given twice", "is not", "cannot"] {
            assert!(!plain.contains(english), "{path}: {plain}");
        }
    }
    for (path, status) in [
        ("/media/unknown", 404),
        ("/media?kind=nonsense", 400),
        ("/media?unknown=1", 400),
        ("/chats/2/unknown", 404),
        ("/chats/x/y", 404),
        ("/instances/unknown", 404),
        ("/clients/99", 404),
        ("/clients/x", 404),
        ("/links?state=x", 400),
        ("/audit?action=nonsense", 400),
        ("/deliveries?gateway=nonsense", 400),
        ("/chats?client=x", 400),
        ("/deliveries/unknown", 404),
        ("/endpoints/unknown", 404),
    ] {
        let page = browser.get(path).await;
        assert_eq!(page.status.as_u16(), status, "{path}");
        assert!(page.text.contains("<main"), "{path}: {}", page.text);
        assert!(!page.text.contains("/api/v1"), "{path}: {}", page.text);
    }
    test.end().await;
}

#[tokio::test]
async fn a_person_sees_the_own_client_only_and_what_the_role_permits() {
    let test = TestApp::start().await;
    test.store(sample("OWN")).await;
    let foreign = SimMedia::sample(OTHER, "FOREIGN", MediaKind::Image);
    let delivery = test.sim.world().add(foreign);
    let url = format!("{}/hooks/wapi/{}", test.origin(), test.other_hook);
    let (_, answer) = test.post_to(&url, delivery.body.to_string()).await;
    let id = answer["media"][0]["id"].as_str().unwrap().to_owned();
    test.settled(&midiateca_service::model::MediaId(id.clone()))
        .await;
    let viewer = signed_in(&test, Role::Viewer, Scope::Client(2)).await;
    for path in PAGES {
        let page = viewer.get(path).await;
        let plain = path.split('?').next().unwrap();
        let is_for_all = !["/access", "/holds", "/audit", "/health"].contains(&plain);
        assert_eq!(
            page.status.is_success(),
            is_for_all,
            "{path}: {}",
            page.text
        );
        assert!(
            !page.text.contains(OTHER) && !page.text.contains(&id),
            "{path}"
        );
        assert!(!page.text.contains("cliente_3"), "{path}");
    }
    for path in ["/access", "/holds", "/audit", "/health"] {
        assert_eq!(
            viewer.get(path).await.status,
            StatusCode::FORBIDDEN,
            "{path}"
        );
    }
    for path in [
        format!("/media/{id}"),
        format!("/instances/{OTHER}"),
        "/clients/3".to_owned(),
    ] {
        assert_eq!(
            viewer.get(&path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    let page = viewer.page("/media").await;
    assert!(
        !page.contains("data-bulk=\"retry\"") && !page.contains("/access"),
        "{page}"
    );
    test.end().await;
}

#[tokio::test]
async fn forms_name_the_clients_that_the_person_may_choose() {
    let test = TestApp::start().await;
    let admin = signed_in(&test, Role::Admin, Scope::All).await;
    for path in ["/access", "/endpoints", "/instances"] {
        let page = admin.page(path).await;
        for client in [2, 3] {
            assert!(
                page.contains(&format!("<option value=\"{client}\"")),
                "{path}: {page}"
            );
        }
        assert!(
            !page.contains("<form class=\"stack\" data-api"),
            "{path}: a form without a method"
        );
    }
    add(&test, "chefe", Role::Admin, Scope::Client(2)).await;
    let mut chief = Browser::new(&test);
    chief.sign_in("chefe").await;
    let page = chief.page("/access").await;
    assert!(
        page.contains("<option value=\"2\"") && !page.contains("<option value=\"3\""),
        "{page}"
    );
    assert!(!page.contains("all clients"), "{page}");
    chief.page("/account").await;
    test.end().await;
}

#[tokio::test]
async fn a_part_that_fails_leaves_the_rest_of_the_page() {
    let test = TestApp::start().await;
    let (media, _) = test.store(sample("SHOWN")).await;
    let browser = signed_in(&test, Role::Admin, Scope::All).await;
    let file = test.app.config.database_file(&test.app.data).unwrap();
    let broken = rusqlite::Connection::open(file).unwrap();
    broken.execute_batch("alter table attempts rename to lost_attempts; alter table links rename to lost_links; alter table api_keys rename to lost_keys").unwrap();
    let page = browser.page(&format!("/media/{}", media.id)).await;
    assert!(
        page.contains("class=\"problem\"") && page.contains(&media.sha256.unwrap()),
        "{page}"
    );
    let page = browser.page("/access").await;
    assert!(
        page.contains("class=\"problem\"") && page.contains("administrator"),
        "{page}"
    );
    test.end().await;
}

#[tokio::test]
async fn a_day_is_a_place_in_the_list_and_no_filter() {
    let clock = midiateca_service::clock::Clock::fixed(crate::stage::TODAY);
    let test = TestApp::with(crate::stage::impatient(), clock.clone()).await;
    let (first, _) = test.store(sample("FIRST-DAY")).await;
    clock.advance(3 * midiateca_service::clock::DAY);
    let (second, _) = test.store(sample("LATER")).await;
    let browser = signed_in(&test, Role::Viewer, Scope::All).await;
    let jump = browser.get("/media?kind=image&day=2026-11-25&q=").await;
    assert_eq!(jump.status, StatusCode::SEE_OTHER);
    assert!(
        jump.location().starts_with("/media?kind=image&cursor="),
        "{}",
        jump.location()
    );
    let page = browser.page(jump.location()).await;
    assert!(
        page.contains(&first.id) && !page.contains(&second.id),
        "{page}"
    );
    assert!(
        !page.contains("cursor")
            || page.contains("data-filter=\"{&#34;kind&#34;:&#34;image&#34;}\""),
        "{page}"
    );
    test.end().await;
}

#[tokio::test]
async fn language_and_theme_are_chosen_and_remembered() {
    let test = TestApp::start().await;
    let mut browser = Browser::new(&test);
    let fields = [
        ("lang", "pt-BR"),
        ("theme", "dark"),
        ("next", "//evil.example"),
    ];
    let set = browser.post("/preferences", &fields).await;
    assert_eq!(set.location(), "/");
    let cookies: Vec<_> = set.headers.get_all("set-cookie").iter().collect();
    let cookies = cookies
        .iter()
        .map(|it| it.to_str().unwrap().split(';').next().unwrap());
    browser.cookie = cookies.collect::<Vec<_>>().join("; ");
    let page = browser.page("/sign-in").await;
    assert!(
        page.contains("lang=\"pt-BR\" data-theme=\"dark\"") && page.contains("Entrar"),
        "{page}"
    );
    let set = browser
        .post("/preferences", &[("lang", "xx"), ("theme", "<x>")])
        .await;
    assert!(!set.headers.contains_key("set-cookie"));
    test.end().await;
}

#[tokio::test]
async fn style_script_and_icon_are_kept_by_browsers_until_they_change() {
    let test = TestApp::start().await;
    let browser = Browser::new(&test);
    let page = browser.page("/sign-in").await;
    for name in ["style.css", "app.js", "icon.svg"] {
        let start = page.find("/assets/").unwrap();
        let version = &page[start..start + "/assets/".len() + 12];
        let file = browser.get(&format!("{version}/{name}")).await;
        assert_eq!(file.status, StatusCode::OK, "{name}");
        assert!(
            file.headers["cache-control"]
                .to_str()
                .unwrap()
                .contains("immutable")
        );
        let old = browser.get(&format!("/assets/000000000000/{name}")).await;
        assert_eq!(old.headers["cache-control"], "no-store");
    }
    for path in ["/assets/x/unknown.js", "/assets/x/..%2F..%2FCargo.toml"] {
        assert_eq!(
            browser.get(path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    test.end().await;
}
