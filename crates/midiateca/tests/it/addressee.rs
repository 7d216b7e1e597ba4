//! Which instance `test-webhook` takes a delivery for, when none is given.

use std::path::Path;

use crate::commands::{midiateca, stderr, stdout};

fn fixture(name: &str) -> String {
    format!(
        "{}/tests/fixtures/gateways/{name}",
        env!("CARGO_MANIFEST_DIR")
    )
}

async fn add(data: &Path, id: &str, gateway: &str) {
    let of = [
        "instance",
        "add",
        id,
        "--client",
        "2",
        "--offline",
        "--routes",
        "inline",
    ];
    let at = ["--gateway", gateway, "--api-base", "http://127.0.0.1:1"];
    let added = midiateca(data, &[&of[..], &at].concat()).await;
    assert!(added.status.success(), "{}", stderr(&added));
}

async fn data() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    midiateca(
        folder.path(),
        &["client", "add", "Padaria Aurora", "--id", "2"],
    )
    .await;
    folder
}

/// The step `received`, or the error.
async fn tested(data: &Path, file: &str) -> Result<serde_json::Value, String> {
    let output = midiateca(data, &["--json", "test-webhook", file]).await;
    if output.status.code() == Some(2) {
        return Err(stderr(&output));
    }
    let report: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    Ok(report["steps"][0].clone())
}

#[tokio::test]
async fn the_only_instance_of_the_gateway_whose_form_it_is_is_taken() {
    let folder = data().await;
    let data = folder.path();
    let cases = [
        ("quepasa", "image"),
        ("gupshup", "image"),
        ("uazapi", "image"),
        ("evolution", "image-lid"),
        ("waha", "noweb-image"),
        ("meta", "image"),
        ("gowa", "image"),
        ("zapi", "image-lid"),
    ];
    for (gateway, _) in cases {
        add(data, &format!("de-{gateway}"), gateway).await;
    }
    for (gateway, name) in cases {
        let received = tested(data, &fixture(&format!("{gateway}/{name}.json"))).await;
        let received = received.unwrap_or_else(|error| panic!("{gateway}: {error}"));
        assert_eq!(received["instance"], format!("de-{gateway}"));
        assert_eq!(received["gateway"], gateway);
    }
}

#[tokio::test]
async fn of_several_instances_the_one_that_is_named_is_taken_and_else_all_are_offered() {
    let folder = data().await;
    let data = folder.path();
    let body = std::fs::read_to_string(fixture("waha/noweb-image.json")).unwrap();
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    let file = data.join("delivery.json");
    let written = |session: &str| {
        let mut body = body.clone();
        body["session"] = session.into();
        std::fs::write(&file, body.to_string()).unwrap();
        file.to_str().unwrap().to_owned()
    };
    for id in ["loja-1", "loja-2"] {
        add(data, id, "waha").await;
    }
    add(data, "outra", "evolution").await;
    let received = tested(data, &written("loja-2")).await.unwrap();
    assert_eq!(received["instance"], "loja-2");
    let error = tested(data, &written("qualquer")).await.unwrap_err();
    assert!(
        error.contains("waha") && error.contains("loja-1, loja-2"),
        "{error}"
    );
    assert!(!error.contains("outra"), "{error}");
    let error = tested(data, &fixture("gupshup/image.json"))
        .await
        .unwrap_err();
    assert!(
        error.contains("gupshup") && error.contains("outra"),
        "{error}"
    );
    let hub = data.join("hub.json");
    let text = r#"{"event":"message_created","account":{"id":1},"conversation":{"id":2}}"#;
    std::fs::write(&hub, text).unwrap();
    let error = tested(data, hub.to_str().unwrap()).await.unwrap_err();
    assert!(error.contains("chatwoot"), "{error}");
    std::fs::write(&hub, "{}").unwrap();
    let error = tested(data, hub.to_str().unwrap()).await.unwrap_err();
    assert!(
        error.contains("no known gateway") && error.contains("loja-1"),
        "{error}"
    );
}
