//! Clients that are removed, and restored.

use std::sync::Arc;
use std::time::Duration;

use midiateca_service::access::Actor;
use midiateca_service::db::{Key, Value as Cell};
use midiateca_service::deliveries::DeliveryFilter;
use midiateca_service::ops::replay;
use midiateca_service::shutdown::CancellationToken;
use serde_json::{Value, json};

use crate::commands::{items, midiateca, stderr, stdout};
use crate::stage::{FIRST, OTHER, TestApp, sample};

fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| panic!("{text}"))
}

/// Posts to an address until it is refused: the server rereads its instances once a second.
async fn refusal(test: &TestApp, url: &str) -> Value {
    let started = std::time::Instant::now();
    loop {
        let (status, answer) = test.post_to(url, "{}").await;
        if status == 401 {
            return answer;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "{answer}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_client_with_media_is_removed_only_if_its_files_are_kept() {
    let test = TestApp::start().await;
    let (stored, _) = test.store(sample("KEPT")).await;
    let data = test.app.data.as_path();

    let refused = midiateca(data, &["--json", "client", "remove", "2"]).await;
    let error = document(&stderr(&refused))["error"].clone();
    assert_eq!(
        (refused.status.code(), &error["code"]),
        (Some(2), &json!("client_has_media"))
    );
    assert!(error["message"].as_str().unwrap().contains("1 media"));
    assert!(error["hint"].as_str().unwrap().contains("--keep-files"));
    let (status, _) = test.post("{}").await;
    assert_eq!(status, 200, "a refused removal stopped the client");

    let remove = ["--json", "client", "remove", "2", "--keep-files"];
    let removed = midiateca(data, &remove).await;
    assert_eq!(removed.status.code(), Some(0), "{}", stderr(&removed));
    assert_eq!(
        document(&stdout(&removed)),
        json!({"client": 2, "instances": [FIRST], "media": 1})
    );
    let unknown = format!("{}/hooks/wapi/unknown", test.origin());
    let unknown = refusal(&test, &unknown).await;
    assert_eq!(refusal(&test, &test.hook_url()).await, unknown);

    let listed = items(&midiateca(data, &["--json", "media", "list", "--client", "2"]).await);
    assert_eq!(listed[0]["id"], stored.id.as_str());
    assert!(test.file(&stored).is_file());
    let scrub = midiateca(data, &["scrub"]).await;
    assert_eq!(scrub.status.code(), Some(0), "{}", stdout(&scrub));
    let clients = items(&midiateca(data, &["--json", "client", "list"]).await);
    assert_eq!(clients, [json!({"client": 3, "name": "Oficina do Bairro"})]);
    let instances = items(&midiateca(data, &["--json", "instance", "list"]).await);
    assert_eq!(instances.len(), 1);
    for command in [
        &["client", "remove", "2", "--keep-files"][..],
        &["client", "rename", "2", "X"],
        &["instance", "add", FIRST, "--client", "2", "--offline"],
    ] {
        let refused = midiateca(data, command).await;
        assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
    }
    let again = midiateca(data, &["--json", "client", "remove", "2"]).await;
    let error = &document(&stderr(&again))["error"];
    assert_eq!(error["code"], "unknown_client");
    test.end().await;
}

#[tokio::test]
async fn a_removed_client_is_restored_by_its_name_and_its_number_is_no_one_elses() {
    let test = TestApp::start().await;
    let (stored, _) = test.store(sample("KEPT")).await;
    let data = test.app.data.as_path();
    let removed = midiateca(data, &["client", "remove", "2", "--keep-files"]).await;
    assert_eq!(stderr(&removed), "");
    assert!(stdout(&removed).contains("its 1 media stays"));

    let other = midiateca(data, &["client", "add", "Padaria", "--id", "2"]).await;
    assert_eq!(other.status.code(), Some(2));
    assert!(stderr(&other).contains("restores it"), "{}", stderr(&other));
    let rename = ["--json", "client", "rename", "3", "Clínica Aurora"];
    let renamed = midiateca(data, &rename).await;
    let error = document(&stderr(&renamed))["error"].clone();
    assert_eq!(
        (renamed.status.code(), &error["code"]),
        (Some(2), &json!("client_number_removed")),
        "{error}"
    );
    let restored = midiateca(data, &["client", "add", "Clínica Aurora"]).await;
    assert_eq!(stdout(&restored).trim(), "2", "{}", stderr(&restored));
    assert!(stderr(&restored).contains("is restored"));
    let add = ["instance", "add", FIRST, "--client", "2", "--offline"];
    let added = midiateca(data, &add).await;
    assert_eq!(added.status.code(), Some(0), "{}", stderr(&added));
    let address = stdout(&added).trim().to_owned();
    let token = address.rsplit('/').next().unwrap();
    let url = format!("{}/hooks/wapi/{token}", test.origin());
    let again = test.sim.world().add(sample("AGAIN"));
    let (status, answer) = test.post_to(&url, again.body.to_string()).await;
    assert_eq!(status, 200, "{answer}");
    refusal(&test, &test.hook_url()).await;
    assert!(test.file(&stored).is_file());
    let id = answer["media"][0]["id"].as_str().unwrap().to_owned();
    test.settled(&midiateca_service::model::MediaId(id)).await;
    test.end().await;
}

#[tokio::test]
async fn a_client_without_media_is_removed_in_both_languages() {
    let test = TestApp::start().await;
    let data = test.app.data.as_path();
    let remove = ["--lang", "pt-BR", "client", "remover", "3"];
    let removed = midiateca(data, &remove).await;
    assert_eq!(removed.status.code(), Some(0), "{}", stderr(&removed));
    assert_eq!(
        stdout(&removed).trim(),
        "cliente 3 removido: não recebe mais nada, e não tem mídias"
    );
    let unknown = midiateca(data, &remove).await;
    assert_eq!(unknown.status.code(), Some(2));
    assert!(stderr(&unknown).contains("não existe o cliente 3"));
    let show = midiateca(data, &["instance", "show", OTHER]).await;
    assert_eq!(show.status.code(), Some(2), "{}", stdout(&show));
    test.end().await;
}

#[tokio::test]
async fn a_replay_gives_an_instances_new_client_nothing_of_the_earlier_one() {
    let test = TestApp::start().await;
    let (missed, _) = test.store(sample("MISSED")).await;
    let (_later, _) = test.store(sample("LATER")).await;
    let id = missed.id.clone();
    let changing = test.app.db.write(Key::Everything, async move |tx| {
        // As if an older version had not found it.
        tx.run("delete from media where id = $1", vec![Cell::from(&id)])
            .await?;
        tx.run(
            "update instances set client = 3 where id = $1",
            vec![Cell::from(FIRST)],
        )
        .await
    });
    changing.await.unwrap();
    let options = replay::Options {
        deliveries: replay::Deliveries::Selected(DeliveryFilter::default()),
        dry_run: false,
        actor: Actor::CommandLine(None),
    };
    let replayed = replay::run(
        &test.app.ingest,
        options,
        Arc::new(()),
        CancellationToken::new(),
    );
    let report = replayed.await.unwrap();
    assert_eq!((report.read, report.skipped), (0, 2));
    let sql = "select count(*) as n from media where client = 3";
    let row = test.app.db.row(sql, vec![]).await.unwrap().unwrap();
    assert_eq!(row.int("n").unwrap(), 0);
    test.end().await;
}
