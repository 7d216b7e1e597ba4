//! What never reaches a log.

use super::*;

#[tokio::test]
async fn no_secret_reaches_a_log() {
    let folder = tempfile::tempdir().unwrap();
    let sim = Sim::start().await.unwrap();
    let address = set_up(folder.path(), &sim).await;
    let hook = address.rsplit('/').next().unwrap().to_owned();
    let delivery = sim.world().add(SimMedia {
        fault: Fault::WrongBytes,
        ..sample("SECRET")
    });
    let body = folder.path().join("delivery.json");
    std::fs::write(&body, delivery.body.to_string()).unwrap();
    let output = midiateca(
        folder.path(),
        &[
            "-v",
            "--log-format",
            "json",
            "test-webhook",
            body.to_str().unwrap(),
        ],
    )
    .await;
    let said = stdout(&output) + &stderr(&output);
    assert!(
        said.contains("media accepted") && said.contains("hash_mismatch"),
        "{said}"
    );
    let key = delivery.body["msgContent"]["imageMessage"]["mediaKey"]
        .as_str()
        .unwrap();
    for secret in [
        key,
        "gateway-token",
        hook.as_str(),
        "5500900000001",
        "/v/t62",
        "/media/file/",
        "segue a foto",
    ] {
        assert!(!said.contains(secret), "{secret} was logged");
    }
}

/// The ids of some gateways' messages have the number, and so do the names of their files.
#[tokio::test]
async fn no_phone_number_in_a_messages_id_reaches_a_log() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let sim = Sim::start().await.unwrap();
    set_up(data, &sim).await;
    let number = "5548911112222";
    for gateway in [wa_sim::Gateway::Waha, wa_sim::Gateway::Wppconnect] {
        let name = gateway.as_str();
        sim.world().add_instance(name, "gateway-token");
        let api_base = sim.api_base_of(gateway);
        let add = ["instance", "add", name, "--client", "2", "--offline"];
        let of = ["--gateway", name, "--api-base", &api_base];
        let access = ["--token-env", "TOKEN_FOR_TEST", "--routes", "gateway"];
        let added = midiateca(data, &[&add[..], &of, &access].concat()).await;
        assert!(added.status.success(), "{}", stderr(&added));
        for (suffix, fault, event) in [
            ("A", Fault::None, "media stored"),
            ("B", Fault::WrongBytes, "media postponed"),
        ] {
            let media = SimMedia {
                fault,
                chat_id: Some(format!("{number}@c.us")),
                sender_id: Some(format!("{number}@c.us")),
                ..SimMedia::sample(
                    name,
                    &format!("false_{number}@c.us_3EB0{suffix}"),
                    wa_media::MediaKind::Image,
                )
            };
            let delivery = sim.world().add_as(gateway, media);
            let body = data.join("delivery.json");
            std::fs::write(&body, delivery.body.to_string()).unwrap();
            let body = body.to_str().unwrap();
            let arguments = ["-v", "--log-format", "json", "test-webhook", body];
            let output = midiateca(data, &arguments).await;
            let log = stderr(&output);
            assert!(log.contains(event), "{name}: {log}{}", stdout(&output));
            assert!(!log.contains(number), "{name}: {log}");
        }
    }
}
