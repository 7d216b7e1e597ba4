//! Twilio signs the public address.

use super::*;

#[tokio::test]
async fn twilio_signs_the_public_address_with_a_port_or_without() {
    let mut config = impatient();
    config.http.public_url = "https://acervo.example".to_owned();
    let files = Files::with(config).await;
    let routes = [Route::Link];
    let secret = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
    let source = files
        .source_with("aurora", Gateway::Twilio, &routes, TOKEN, Some(secret))
        .await;
    let path = source.url.strip_prefix(&files.test.origin()).unwrap();
    for (id, signed, is_right) in [
        ("PLAIN", format!("https://acervo.example{path}"), true),
        ("PORT", format!("https://acervo.example:443{path}"), true),
        ("OTHER", format!("https://other.example{path}"), false),
    ] {
        let media = SimMedia {
            with_link: true,
            ..source.media(&format!("MM{id}"), MediaKind::Image)
        };
        let delivery = files.add(&source, media);
        let signature = twilio_signature(secret, &signed, &delivery.body);
        let request = files.test.http.post(&source.url);
        let request = request.header("content-type", FORM);
        let request = request.header("x-twilio-signature", signature);
        let answer = request.body(form(&delivery.body)).send().await.unwrap();
        let status = answer.status().as_u16();
        let answer: Value = answer.json().await.unwrap();
        if !is_right {
            assert_eq!(status, 401, "{answer}");
            continue;
        }
        assert_eq!(status, 200, "{id} {answer}");
        let row = files.settled(&answer).await;
        files.expect_stored(&source, Route::Link, &row, &delivery);
    }
    assert_eq!(files.test.sim.world().bearers_on_files(), 0);
    files.test.end().await;
}

/// Base64 of HMAC-SHA1 over the address and the sorted fields.
fn twilio_signature(secret: &str, address: &str, fields: &Value) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(address.as_bytes());
    // A JSON object has its fields sorted.
    for (name, value) in fields.as_object().unwrap() {
        mac.update(name.as_bytes());
        mac.update(value.as_str().unwrap().as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}
