//! Lists, filters, search, chats and bulk actions.

use midiateca_service::clock::{Clock, MINUTE};
use midiateca_service::model::{Role, Scope};
use serde_json::{Value, json};

use super::Caller;
use crate::stage::{FIRST, TODAY, TestApp, impatient, sample};
use wa_sim::{Fault, SimMedia};

fn ids(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap().iter();
    items
        .map(|item| item["message_id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn pages_follow_each_other_and_filters_select() {
    let clock = Clock::fixed(TODAY);
    let test = TestApp::with(impatient(), clock.clone()).await;
    for n in 0..5 {
        test.store(sample(&format!("M{n}"))).await;
        clock.advance(MINUTE);
    }
    let audio = SimMedia::sample(FIRST, "VOICE", wa_media::MediaKind::Audio);
    let (voice, _) = test.store(audio).await;
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    let mut seen = Vec::new();
    let mut path = "/media?limit=2".to_owned();
    loop {
        let page = viewer.get(&path).await;
        assert!(page["items"].as_array().unwrap().len() <= 2);
        seen.extend(ids(&page));
        match page["next"].as_str() {
            Some(next) => path = format!("/media?limit=2&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ["VOICE", "M4", "M3", "M2", "M1", "M0"]);
    let sha = voice.sha256.as_deref().unwrap();
    let chat = voice.chat_id.as_deref().unwrap();
    let count = async |filter: &str| ids(&viewer.get(&format!("/media?{filter}")).await).len();
    for (filter, expected) in [
        ("kind=audio".to_owned(), 1),
        ("kind=image&client=2".to_owned(), 5),
        ("client=3".to_owned(), 0),
        (format!("instance={FIRST}&status=stored"), 6),
        ("status=failed".to_owned(), 0),
        (format!("sha256={sha}"), 1),
        (format!("chat={chat}&kind=audio"), 1),
        ("message_id=M3".to_owned(), 1),
        ("direction=received".to_owned(), 6),
        ("direction=sent".to_owned(), 0),
        ("verified=full".to_owned(), 6),
        ("verified=mac".to_owned(), 0),
        (
            "from=2026-11-24T12:02:00Z&to=2026-11-24T12:04:00Z".to_owned(),
            2,
        ),
        ("from=90s".to_owned(), 2),
    ] {
        assert_eq!(count(&filter).await, expected, "{filter}");
    }
    for wrong in [
        "kind=photo",
        "status=done",
        "limit=0",
        "limit=501",
        "limit=x",
        "client=x",
        "colour=red",
        "from=yesterday",
        "sha256=00",
        "kind=image&kind=audio",
    ] {
        let (status, code) = viewer.error("GET", &format!("/media?{wrong}"), None).await;
        assert_eq!((status, code.as_str()), (400, "bad_query"), "{wrong}");
    }
    let (_, code) = viewer.error("GET", "/media?cursor=x", None).await;
    assert_eq!(code, "bad_cursor");
    test.end().await;
}

#[tokio::test]
async fn words_are_found_without_accents_and_case_and_in_scope_only() {
    let test = TestApp::start().await;
    let captioned = |id: &str, caption: &str| SimMedia {
        caption: Some(caption.to_owned()),
        ..sample(id)
    };
    test.store(captioned("A", "Receita médica de JOÃO")).await;
    test.store(captioned("B", "boleto do mês; \"urgente\" OR NEAR"))
        .await;
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    let started = std::time::Instant::now();
    while ids(&viewer.get("/media?q=boleto").await).is_empty() {
        assert!(started.elapsed().as_secs() < 60, "nothing was indexed");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    for (words, expected) in [
        ("receita", &["A"][..]),
        ("RECEITA+medica", &["A"]),
        ("joao", &["A"]),
        ("jo%C3%A3", &["A"]),
        ("rec+med", &["A"]),
        ("boleto+receita", &[]),
        ("urgente", &["B"]),
        ("%22or%22", &["B"]),
        ("eceita", &[]),
        ("*", &[]),
        ("%22", &[]),
        ("a%27%3B+drop+table", &[]),
    ] {
        let found = ids(&viewer.get(&format!("/media?q={words}")).await);
        assert_eq!(found, expected, "{words}");
    }
    let other = Caller::new(&test, Role::Viewer, Scope::Client(3)).await;
    assert_eq!(
        ids(&other.get("/media?q=receita").await),
        Vec::<String>::new()
    );
    test.end().await;
}

/// Texts without spaces look like base64, which is taken out of the body while it arrives.
#[tokio::test]
async fn long_texts_are_shown_whole_and_found_by_their_beginning() {
    let test = TestApp::start().await;
    let named = |id: &str, caption: String, name: &str| SimMedia {
        caption: Some(caption),
        file_name: Some(format!("{name}{}.pdf", "q".repeat(9_000))),
        push_name: Some(format!("Nome{}", "r".repeat(9_000))),
        ..sample(id)
    };
    let in_a_row = format!("Comprovante/{} fim", "x/".repeat(6_000));
    let in_a_file = format!("Protocolo{} depois", "y".repeat(70 << 10));
    let quoted = format!("Aviso \"{}", "ação! ".repeat(60 << 10));
    for (id, caption, name) in [
        ("ROW", &in_a_row, "Um"),
        ("FILE", &in_a_file, "Dois"),
        ("TEXT", &quoted, "Tres"),
    ] {
        let (media, _) = test.store(named(id, caption.clone(), name)).await;
        assert_eq!(media.status, "stored", "{id}");
    }
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    let started = std::time::Instant::now();
    while ids(&viewer.get("/media?q=nome").await).len() < 3 {
        assert!(started.elapsed().as_secs() < 60, "nothing was indexed");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let (x, y) = ("x".repeat(150), "y".repeat(150));
    for (words, expected) in [
        ("comprovante", &["ROW"][..]),
        ("fim", &["ROW"]),
        ("protocoloyyy", &["FILE"]),
        (&format!("protocolo{y}"), &["FILE"]),
        (&format!("protocolo{x}"), &[]),
        ("depois", &["FILE"]),
        ("aviso+acao", &["TEXT"]),
        ("umqqq", &["ROW"]),
        ("doisq", &["FILE"]),
        ("pdf", &["TEXT", "FILE", "ROW"]),
        ("midiatecapart", &[]),
        ("midiateca", &[]),
    ] {
        let found = ids(&viewer.get(&format!("/media?q={words}")).await);
        assert_eq!(found, expected, "{words}");
    }
    let list = viewer.get("/media").await;
    let items = list["items"].as_array().unwrap();
    let caption = |at: usize| items[at]["caption"].as_str().unwrap();
    assert_eq!(caption(2), in_a_row);
    // The limit of WhatsApp.
    assert!(caption(1).starts_with("Protocoloyy") && caption(1).ends_with("y… depois"));
    assert!(caption(0).starts_with("Aviso \"ação! ação!") && caption(0).ends_with('…'));
    let name = items[1]["file_name"].as_str().unwrap();
    assert!(
        name.starts_with("Doisqq") && name.ends_with(".pdf"),
        "{name}"
    );
    assert!(!list.to_string().contains("midiatecaPart"));
    test.end().await;
}

#[tokio::test]
async fn chats_are_listed_with_their_counts() {
    let test = TestApp::start().await;
    super::two_clients(&test).await;
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    let list = viewer.get("/chats").await;
    let chats = list["items"].as_array().unwrap();
    assert_eq!(chats.len(), 2, "{list}");
    for chat in chats {
        assert_eq!(chat["counts"][0]["stored"], 1, "{chat}");
        let (client, id) = (&chat["client"], chat["chat_id"].as_str().unwrap());
        let mut shown = viewer.get(&format!("/chats/{client}/{id}")).await;
        let holds = shown.as_object_mut().unwrap().remove("holds");
        assert_eq!((&shown, holds), (chat, Some(json!([]))));
    }
    let first = viewer.get("/chats?limit=1").await;
    let next = first["next"].as_str().unwrap();
    let next: String = url_encoded(next);
    let second = viewer.get(&format!("/chats?limit=1&cursor={next}")).await;
    assert_eq!(second["items"][0], chats[1]);
    assert_eq!(second["next"], Value::Null);
    test.end().await;
}

fn url_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test]
async fn a_bulk_export_verifies_what_was_shown_and_leads_to_its_archive() {
    let clock = Clock::fixed(TODAY);
    let test = TestApp::with(impatient(), clock.clone()).await;
    let mut stored = Vec::new();
    let image = wa_media::MediaKind::Image;
    for kind in [image, image, wa_media::MediaKind::Audio, image] {
        let id = format!("M{}", stored.len());
        let (media, _) = test.store(SimMedia::sample(FIRST, &id, kind)).await;
        stored.push(media);
        clock.advance(MINUTE);
    }
    // Equal files are one file with several names.
    std::fs::remove_file(test.file(&stored[1])).unwrap();
    std::fs::write(test.file(&stored[1]), "other bytes").unwrap();
    let operator = Caller::new(&test, Role::Operator, Scope::Client(2)).await;
    let body =
        json!({"action": "export", "filter": {"kind": "image"}, "before": "2026-11-24T12:02:30Z"});
    let (status, run) = operator.send("POST", "/bulk", Some(body)).await;
    assert_eq!((status, &run["action"]), (202, &json!("export")), "{run}");
    let ended = operator.ended(&run).await;
    let result = &ended["result"];
    assert_eq!(
        (&result["files"], &result["omitted"]),
        (&json!(1), &json!(1)),
        "{ended}"
    );
    assert_eq!(result["findings"][0]["media"], stored[1].id);
    assert_eq!(result["bytes"], ended["done"]);
    let archive = result["archive"]
        .as_str()
        .unwrap()
        .strip_prefix("/api/v1")
        .unwrap();
    let answer = operator.request("GET", archive).send().await.unwrap();
    let bytes = answer.bytes().await.unwrap();
    let archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let names = archive.file_names().map(|name| name.unwrap().into_owned());
    let files = names.filter(|name| name.ends_with(".jpg"));
    assert_eq!(files.count(), 1);
    let other = Caller::new(&test, Role::Operator, Scope::Client(3)).await;
    let (_, run) = other
        .send(
            "POST",
            "/bulk",
            Some(json!({"action": "export", "filter": {}})),
        )
        .await;
    assert_eq!(other.ended(&run).await["result"]["files"], 0);
    test.end().await;
}

#[tokio::test]
async fn a_bulk_action_touches_what_was_shown_and_nothing_newer() {
    let clock = Clock::fixed(TODAY);
    let test = TestApp::with(impatient(), clock.clone()).await;
    let mut failed = Vec::new();
    for _ in 0..3 {
        let media = test.fail(Fault::HtmlPage).await;
        test.give_up(&media.id).await;
        failed.push(media.id);
        clock.advance(MINUTE);
    }
    let operator = Caller::new(&test, Role::Operator, Scope::Client(2)).await;
    let body = |dry_run: bool| json!({"action": "dismiss", "filter": {"status": "failed"}, "before": "2026-11-24T12:01:30Z", "dry_run": dry_run});
    let (status, counted) = operator.send("POST", "/bulk", Some(body(true))).await;
    assert_eq!((status, &counted["total"]), (202, &json!(2)), "{counted}");
    let (_, run) = operator.send("POST", "/bulk", Some(body(false))).await;
    let ended = operator.ended(&run).await;
    assert_eq!(
        (&ended["state"], &ended["done"]),
        (&json!("finished"), &json!(2))
    );
    assert_eq!(ended["result"]["dismissed"], 2);
    let states = async |id: &String| {
        test.find(&midiateca_service::model::MediaId(id.clone()))
            .await
            .status
    };
    assert_eq!(states(&failed[0]).await, "dismissed");
    assert_eq!(states(&failed[1]).await, "dismissed");
    assert_eq!(
        states(&failed[2]).await,
        "failed",
        "a newer one was dismissed"
    );
    for wrong in [
        json!({"action": "delete", "filter": {}}),
        json!({"action": "retry"}),
        json!({"action": "retry", "filter": {"colour": "red"}}),
    ] {
        let (status, _) = operator.error("POST", "/bulk", Some(wrong)).await;
        assert_eq!(status, 400);
    }
    test.end().await;
}

#[tokio::test]
async fn errors_say_in_the_callers_language_what_exactly_is_wrong() {
    let test = TestApp::start().await;
    let admin = Caller::new(&test, Role::Admin, Scope::All).await;
    let cases = [
        (
            "GET",
            "/media?limit=0",
            None,
            "limit não está entre 1 e 500",
        ),
        (
            "GET",
            "/media?colour=red",
            None,
            "parâmetro desconhecido: colour",
        ),
        (
            "GET",
            "/media?kind=audio&kind=image",
            None,
            "kind aparece duas vezes",
        ),
        (
            "GET",
            "/media?chat=a%00b",
            None,
            "chat tem um caractere NUL",
        ),
        (
            "GET",
            "/media?sha256=xyz",
            None,
            "sha256 não tem 64 dígitos hexadecimais",
        ),
        ("GET", "/media?from=outono", None, "outono não é um horário"),
        ("GET", "/events?after=-1", None, "after é negativo"),
        (
            "POST",
            "/clients",
            Some(json!({"name": " "})),
            "o nome está vazio",
        ),
        (
            "POST",
            "/clients",
            Some(json!({"name": "A", "id": 0})),
            "id não está entre 1 e",
        ),
        ("POST", "/clients", Some(json!([])), "não é um objeto"),
        (
            "POST",
            "/holds",
            Some(json!({"reason": "x"})),
            "falta client",
        ),
        (
            "GET",
            "/media?kind=x",
            None,
            "kind não é nenhum destes: image, ",
        ),
        (
            "GET",
            "/media?status=x",
            None,
            "status não é nenhum destes: pending, ",
        ),
        (
            "GET",
            "/media?direction=x",
            None,
            "direction não é nenhum destes: received, sent",
        ),
        (
            "GET",
            "/media?limit=x",
            None,
            "limit não é um número inteiro",
        ),
        ("GET", "/deliveries/x?keys=2", None, "keys não é 1 nem 0"),
        (
            "GET",
            "/health?online=x",
            None,
            "online não é true nem false",
        ),
        ("POST", "/clients", Some(json!({})), "falta name"),
        (
            "POST",
            "/clients",
            Some(json!({"name": 5})),
            "name não é um texto",
        ),
        (
            "POST",
            "/clients",
            Some(json!({"name": "A", "x": 1})),
            "campo desconhecido: x",
        ),
        (
            "POST",
            "/bulk",
            Some(json!({"action": "retry", "filter": {"client": "x"}})),
            "filter.client não é um número inteiro",
        ),
        (
            "POST",
            "/bulk",
            Some(json!({"action": "retry", "filter": []})),
            "filter não é um objeto",
        ),
    ];
    for (method, path, body, wanted) in cases {
        let mut request = admin
            .request(method, path)
            .header("accept-language", "pt-BR");
        if let Some(body) = &body {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 400, "{method} {path}");
        let answer: Value = answer.json().await.unwrap();
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(wanted), "{method} {path}: {message}");
    }
    let request = admin.request("POST", "/clients").body("{\n x}");
    let request = request.header("content-type", "application/json");
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    let wanted = "the body cannot be used: it is not JSON (line 2, column 2)";
    assert_eq!(answer["error"]["message"], wanted);
    test.end().await;
}
