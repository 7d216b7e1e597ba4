//! The operator's calls of the pretend gateway.

#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};
use wa_sim::Sim;

struct Panel {
    sim: Sim,
    http: reqwest::Client,
}

impl Panel {
    async fn start() -> Self {
        let sim = Sim::start().await.unwrap();
        sim.world().add_instance("AAAAAA", "a-token");
        Self {
            sim,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{path}?instanceId=AAAAAA", self.sim.api_base())
    }

    async fn slots(&self) -> Value {
        let url = self.url("instance/fetch-instance");
        let request = self.http.get(url).bearer_auth("a-token");
        request.send().await.unwrap().json().await.unwrap()
    }
}

#[tokio::test]
async fn a_slot_keeps_value_and_says_updated_to_everything() {
    let panel = Panel::start().await;
    for (body, kept) in [
        (json!({"url": "https://a.example"}), Value::Null),
        (
            json!({"value": "https://b.example"}),
            json!("https://b.example"),
        ),
    ] {
        let url = panel.url("webhook/update-webhook-received");
        let request = panel.http.put(url).bearer_auth("a-token").json(&body);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["message"], "updated");
        assert_eq!(panel.slots().await["webhookReceivedUrl"], kept);
    }
}

#[tokio::test]
async fn tokens_and_required_fields_are_checked() {
    let panel = Panel::start().await;
    let url = panel.url("message/download-media");
    let status = async |token: &str, body: Value| {
        let request = panel.http.post(&url).bearer_auth(token).json(&body);
        request.send().await.unwrap().status().as_u16()
    };
    let whole =
        json!({"mediaKey": "k", "directPath": "/v/gone", "type": "audio", "mimetype": "audio/ogg"});
    assert_eq!(status("wrong", whole.clone()).await, 401);
    assert_eq!(status("a-token", json!({"mediaKey": "k"})).await, 400);
    assert_eq!(
        status("a-token", whole).await,
        500,
        "a media it does not know"
    );
    let unknown = format!(
        "{}/instance/fetch-instance?instanceId=BBBBBB",
        panel.sim.api_base()
    );
    assert_eq!(panel.http.get(unknown).send().await.unwrap().status(), 404);
}
