//! The gateway's side: calls the webhooks of a plan and keeps the answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use wa_sim::Gateway;

use crate::plan::{INSTANCES, Plan, Post};

/// The answer.
#[derive(Debug, Default)]
pub struct Answers {
    /// The media ids in answers with 200, by message id.
    pub acknowledged: BTreeMap<String, BTreeSet<String>>,
    /// How many calls were answered with 200.
    pub accepted: u64,
    /// How many with 503, or not at all.
    pub turned_away: u64,
    /// Answers that a well-formed webhook must never get.
    pub wrong: Vec<String>,
}

/// Called with message and media of each answer with 200, before anything else happens.
pub type Acknowledge = Arc<dyn Fn(&str, &str) + Send + Sync>;

/// Makes all calls of a plan at their times; `hooks` are the webhook paths of the two instances.
pub async fn call(
    plan: Arc<Plan>,
    bodies: Vec<Value>,
    origin: String,
    hooks: [String; 2],
    acknowledge: Acknowledge,
) -> anyhow::Result<Answers> {
    let http = reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(8))
        .build()?;
    let answers = Arc::new(Mutex::new(Answers::default()));
    let begin = Instant::now();
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..plan.posts.len() {
        let (plan, http, answers) = (Arc::clone(&plan), http.clone(), Arc::clone(&answers));
        let acknowledge = Arc::clone(&acknowledge);
        let post = &plan.posts[n];
        let media = &plan.messages[post.message].media;
        let which = usize::from(media.instance == INSTANCES[1]);
        let url = format!("{origin}{}", hooks[which]);
        let (kind, body) = body(plan.gateways[which], &bodies[post.message], post);
        calls.spawn(async move {
            let post = &plan.posts[n];
            tokio::time::sleep_until(begin + post.at).await;
            for _ in 0..=post.repeats {
                let answer = http
                    .post(&url)
                    .header("content-type", kind)
                    .body(body.clone())
                    .send()
                    .await;
                let message = &plan.messages[post.message].media.message_id;
                if settle(&answers, message, answer, &acknowledge).await {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        });
    }
    while let Some(done) = calls.join_next().await {
        done?;
    }
    let answers = std::mem::take(&mut *answers.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(answers)
}

/// The type and the body of a call; W-API's with the LIDs of chat and sender in place of their numbers where the call wants it.
fn body(gateway: Gateway, body: &Value, post: &Post) -> (&'static str, String) {
    if gateway == Gateway::Twilio {
        return ("application/x-www-form-urlencoded", form(body));
    }
    let mut body = body.clone();
    if post.by_lid && gateway == Gateway::Wapi {
        let lid = body["sender"]["senderLid"].take();
        if !body["isGroup"].as_bool().unwrap_or(false) {
            body["chat"]["id"] = lid.clone();
        }
        body["sender"]["id"] = lid.clone();
        body["sender"]["senderLid"] = lid;
    }
    ("application/json", body.to_string())
}

fn form(body: &Value) -> String {
    let fields = body.as_object().into_iter().flatten();
    let fields = fields.filter_map(|(name, value)| Some((name, value.as_str()?)));
    let url = reqwest::Url::parse_with_params("http://form.invalid", fields);
    let query = url.ok().and_then(|url| url.query().map(str::to_owned));
    query.unwrap_or_default()
}

/// Records an answer; whether it ends the call.
async fn settle(
    answers: &Mutex<Answers>,
    message: &str,
    answer: reqwest::Result<reqwest::Response>,
    acknowledge: &Acknowledge,
) -> bool {
    let (status, body) = match answer {
        Ok(answer) => (answer.status().as_u16(), answer.bytes().await),
        Err(error) => (0, Err(error)),
    };
    let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
    let Ok(body) = body else {
        answers.turned_away += 1;
        return false;
    };
    match status {
        200 => {
            let document: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
            let ids: Vec<_> = document["media"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|media| media["id"].as_str())
                .collect();
            if document["status"] != "accepted" || ids.len() != 1 {
                answers.wrong.push(format!("{message}: 200 {document}"));
            }
            answers.accepted += 1;
            ids.iter().for_each(|id| acknowledge(message, id));
            let known = answers.acknowledged.entry(message.to_owned()).or_default();
            known.extend(ids.into_iter().map(str::to_owned));
            true
        }
        503 => {
            answers.turned_away += 1;
            false
        }
        _ => {
            let text = String::from_utf8_lossy(&body);
            answers.wrong.push(format!("{message}: {status} {text}"));
            true
        }
    }
}
