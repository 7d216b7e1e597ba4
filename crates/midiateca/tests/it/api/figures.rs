//! `/metrics`, and what is made for it: the example, the dashboard, the alert rules.

use std::collections::{BTreeMap, BTreeSet};

use midiateca_service::clock::Clock;
use midiateca_service::model::{Role, Scope};
use serde_json::Value;
use wa_sim::Fault;

use super::key;
use crate::stage::{FIRST, TODAY, TestApp, impatient, sample};

const EXAMPLE: &str = include_str!("../../../../../packaging/prometheus/metrics.example");
/// Series that need no panel.
const UNUSED: &[&str] = &[
    "midiateca_acknowledgement_seconds_count",
    "midiateca_acknowledgement_seconds_sum",
    "midiateca_instances",
    "midiateca_last_event",
    "midiateca_media_deduplicated_total",
    "midiateca_media_stored_bytes_total",
];

/// The series of a text, with their labels.
fn series(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let of = |line: &str| {
        let (name, rest) = line.split_at(line.find([' ', '{']).unwrap());
        let labels = rest
            .strip_prefix('{')
            .map_or("", |rest| rest.split('}').next().unwrap());
        let labels = labels.split(',').filter_map(|label| label.split_once('='));
        (
            name.to_owned(),
            labels.map(|(label, _)| label.to_owned()).collect(),
        )
    };
    lines.map(of).collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|it: char| !(it.is_ascii_alphanumeric() || it == '_'))
}

/// The labels in `{…}`, `by (…)` and a legend.
fn asked_labels(expression: &str, legend: &str) -> BTreeSet<String> {
    let mut labels = BTreeSet::new();
    for matchers in expression.split('{').skip(1) {
        for matcher in matchers.split('}').next().unwrap().split(',') {
            labels.insert(words(matcher).next().unwrap().to_owned());
        }
    }
    for group in expression.split("by (").skip(1) {
        let group = group.split(')').next().unwrap();
        labels.extend(group.split(", ").map(str::to_owned));
    }
    for label in legend.split("{{").skip(1) {
        labels.insert(label.split("}}").next().unwrap().to_owned());
    }
    labels
}

async fn metrics(test: &TestApp) -> String {
    let url = format!("{}/metrics", test.origin());
    test.http
        .get(&url)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap()
}

/// The value of a series without labels, or the sum over all.
fn value(text: &str, name: &str) -> i64 {
    let lines = text
        .lines()
        .filter(|line| line.split([' ', '{']).next() == Some(name));
    lines
        .map(|line| line.rsplit(' ').next().unwrap().parse::<i64>().unwrap())
        .sum()
}

#[tokio::test]
async fn the_figures_count_what_happened_and_are_for_neighbours_or_keys() {
    let test = TestApp::start().await;
    let (media, _) = test.store(sample("COUNTED")).await;
    test.post("{}").await;
    test.post_to(&format!("{}/hooks/wapi/wrong", test.origin()), "{}")
        .await;
    let url = format!("{}/metrics", test.origin());
    let answer = test.http.get(&url).send().await.unwrap();
    assert!(
        answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("application/openmetrics-text")
    );
    let text = answer.text().await.unwrap();
    for line in [
        "midiateca_deliveries_total{gateway=\"wapi\",outcome=\"accepted\"} 1",
        "midiateca_deliveries_total{gateway=\"wapi\",outcome=\"refused\"} 1",
        "midiateca_deliveries_total{gateway=\"wapi\",outcome=\"unavailable\"} 0",
        "midiateca_media{status=\"stored\"} 1",
        "midiateca_media{status=\"failed\"} 0",
        "midiateca_notifications{status=\"failed\"} 0",
        "midiateca_queue{status=\"ready\",age=\"under_1m\"} 0",
        "midiateca_media_deduplicated_bytes_total 0",
        "midiateca_media_stored_total{kind=\"image\",verified=\"full\"} 1",
        "midiateca_download_attempts_total{route=\"gateway\",host=\"gateway\",result=\"stored\",verdict=\"stored\"} 1",
        "midiateca_last_event 1",
        "# EOF",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line} is not in\n{text}"
        );
    }
    for secret in [FIRST, media.id.as_str(), test.hook.as_str()] {
        assert!(!text.contains(secret), "{text}");
    }
    let far = |key: Option<String>| {
        let request = test.http.get(&url).header("x-forwarded-for", "203.0.113.9");
        match key {
            Some(key) => request.bearer_auth(key).send(),
            None => request.send(),
        }
    };
    assert_eq!(far(None).await.unwrap().status(), 401);
    let own = key(&test, Role::Admin, Scope::Client(2)).await;
    assert_eq!(far(Some(own)).await.unwrap().status(), 403);
    let all = key(&test, Role::Viewer, Scope::All).await;
    assert_eq!(far(Some(all)).await.unwrap().status(), 200);
    let known = series(EXAMPLE);
    for (name, labels) in series(&text) {
        assert_eq!(
            known.get(&name),
            Some(&labels),
            "{name} is not in the example"
        );
    }
    let helps = |text: &'static str| text.lines().filter(|line| line.starts_with("# "));
    for line in text.lines().filter(|line| line.starts_with("# ")) {
        assert!(helps(EXAMPLE).any(|known| known == line), "{line}");
    }
    test.end().await;
}

#[tokio::test]
async fn equal_files_of_a_client_count_as_saved_bytes() {
    let test = TestApp::start().await;
    let (first, _) = test.store(sample("ONE")).await;
    let (second, _) = test.store(sample("TWO")).await;
    assert_ne!(first.id, second.id);
    let text = metrics(&test).await;
    let size = value(&text, "midiateca_media_stored_bytes_total") / 2;
    assert!(size > 0);
    assert_eq!(value(&text, "midiateca_media_deduplicated_total"), 1);
    assert_eq!(
        value(&text, "midiateca_media_deduplicated_bytes_total"),
        size
    );
    assert_eq!(value(&text, "midiateca_media_bytes"), 2 * size);
    test.end().await;
}

#[tokio::test]
async fn what_waits_has_a_status_and_an_age() {
    let clock = Clock::fixed(TODAY);
    let test = TestApp::with(impatient(), clock.clone()).await;
    let waiting = test.fail(Fault::HtmlPage).await;
    assert_eq!(waiting.status, "pending");
    let queued = |age: &str| format!("midiateca_queue{{status=\"waiting\",age=\"{age}\"}} 1\n");
    let text = metrics(&test).await;
    assert!(text.contains(&queued("under_1m")), "{text}");
    assert_eq!(value(&text, "midiateca_queue"), 1);
    assert_eq!(value(&text, "midiateca_oldest_waiting_seconds"), 0);
    test.end().await;
}

#[tokio::test]
async fn only_a_wrong_token_or_signature_is_a_refused_delivery() {
    let test = TestApp::start().await;
    let origin = test.origin();
    let counted = async |outcome: &str| {
        let lines = metrics(&test).await;
        let outcome = format!("outcome=\"{outcome}\"");
        let mut lines = lines.lines().filter(|line| line.contains(&outcome));
        lines.any(|line| !line.ends_with(" 0"))
    };
    test.post_to(&format!("{origin}/hooks/unknown/token"), "{}")
        .await;
    let large = vec![b' '; test.app.config.http.max_body.as_usize() + 1];
    let (status, _) = test.post(large).await;
    assert_eq!(status, 413);
    assert!(counted("invalid").await && counted("too_large").await);
    assert!(!counted("refused").await && !counted("unavailable").await);
    test.post_to(&format!("{origin}/hooks/wapi/token"), "{}")
        .await;
    assert!(counted("refused").await);
    test.end().await;
}

/// Dashboard and alert rules name only series and labels that exist, and each alert has a test.
#[test]
fn dashboard_and_alerts_use_what_exists() {
    let known = series(EXAMPLE);
    let dashboard: Value = serde_json::from_str(include_str!(
        "../../../../../packaging/grafana/midiateca.json"
    ))
    .unwrap();
    let rules = include_str!("../../../../../packaging/prometheus/midiateca.rules.yml");
    let tests = include_str!("../../../../../packaging/prometheus/midiateca.rules.test.yml");
    let mut expressions: Vec<(String, String)> = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            let text = |name: &str| target[name].as_str().unwrap().to_owned();
            expressions.push((text("expr"), text("legendFormat")));
        }
    }
    for line in rules.lines() {
        if let Some(expression) = line.trim().strip_prefix("expr: ") {
            expressions.push((expression.to_owned(), String::new()));
        }
        if let Some(alert) = line.trim().strip_prefix("- alert: ") {
            let fires = format!("alertname: {alert}\n        exp_alerts:\n          - exp_labels");
            assert!(
                tests.contains(&fires),
                "{alert} has no test in which it fires"
            );
        }
    }
    for line in tests.lines().filter(|line| line.contains("- {series:")) {
        expressions.push((line.split('\'').nth(1).unwrap().to_owned(), String::new()));
    }
    let mut used = BTreeSet::new();
    for (expression, legend) in &expressions {
        let names: Vec<_> = words(expression)
            .filter(|word| word.starts_with("midiateca_"))
            .collect();
        let labels = asked_labels(expression, legend);
        for name in &names {
            let has = known.get(*name);
            let has = has.unwrap_or_else(|| panic!("{name} does not exist: {expression}"));
            for label in &labels {
                assert!(has.contains(label), "{name} has no {label}: {expression}");
            }
        }
        used.extend(names.into_iter().map(str::to_owned));
        assert!(!used.is_empty() || expression.starts_with("up{"));
    }
    let on_dashboard = |name: &str| used.iter().any(|used| *used == name);
    let unused: Vec<_> = known.keys().filter(|name| !on_dashboard(name)).collect();
    // Parts of a histogram and counts of what the dashboard shows in bytes or by status.
    for name in &unused {
        assert!(UNUSED.contains(&name.as_str()), "{name} is on no panel");
    }
}
