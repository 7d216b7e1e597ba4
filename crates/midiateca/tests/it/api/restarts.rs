//! What the server knows of runs after it started again.

use std::sync::Arc;

use midiateca_service::clock::Clock;
use midiateca_service::db::Key;
use midiateca_service::model::{Role, Scope};
use midiateca_service::server::Service;
use serde_json::{Value, json};

use super::{Caller, key};
use crate::stage::{TestApp, impatient};

#[tokio::test]
async fn runs_are_known_after_a_restart_and_one_that_it_interrupted_says_so() {
    let test = TestApp::start().await;
    let admin = Caller::new(&test, Role::Admin, Scope::All).await;
    let filter = json!({"client": 2, "chat": "5511900000001"});
    let body = json!({"action": "export", "filter": filter});
    let (_, run) = admin.send("POST", "/bulk", Some(body)).await;
    let ended = admin.ended(&run).await;
    assert_eq!(ended["state"], "finished");
    // As a server leaves it that is killed.
    let left = json!({"action": "retry", "client": 2, "state": "running", "total": 9, "done": 4, "result": null}).to_string();
    let leaving = test.app.db.write(Key::Nothing, async move |tx| {
        let sql = "insert into checkpoints (kind, scope, state, at) values ('run', '00000000-left', $1, 0)";
        tx.run(sql, vec![left.clone().into()]).await
    });
    leaving.await.unwrap();
    let saved = test.app.db.rows(
        "select state from checkpoints where kind = 'run'",
        Vec::new(),
    );
    for row in saved.await.unwrap() {
        let state = row.text("state").unwrap();
        assert!(!state.contains("5511900000001"), "{state}");
    }
    let all = key(&test, Role::Viewer, Scope::All).await;
    let own = key(&test, Role::Viewer, Scope::Client(2)).await;
    let other = key(&test, Role::Viewer, Scope::Client(3)).await;
    let http = test.http.clone();
    let folder = test.end_keeping_the_folder().await;
    let app = crate::stage::open(folder.path(), impatient(), Clock::system()).await;
    let service = Service::start(Arc::clone(&app.unwrap()), &["127.0.0.1:0"]);
    let service = service.await.unwrap();
    let base = format!("http://{}/api/v1/bulk", service.address());
    let get = async |key: &str, path: &str| {
        let request = http.get(format!("{base}{path}")).bearer_auth(key);
        let answer = request.send().await.unwrap();
        (
            answer.status().as_u16(),
            answer.json::<Value>().await.unwrap(),
        )
    };
    let (_, list) = get(&all, "").await;
    let states = list["items"].as_array().unwrap().iter();
    let states: Vec<_> = states.map(|run| run["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["finished", "interrupted"]);
    let path = format!("/{}", run["id"].as_str().unwrap());
    let (_, again) = get(&all, &path).await;
    assert_eq!(again["result"]["files"], ended["result"]["files"]);
    assert_eq!(
        (&again["total"], &again["done"]),
        (&ended["total"], &ended["done"])
    );
    let (_, interrupted) = get(&own, "/00000000-left").await;
    let shown = (
        &interrupted["state"],
        &interrupted["done"],
        &interrupted["total"],
    );
    assert_eq!(shown, (&json!("interrupted"), &json!(4), &json!(9)));
    assert_eq!(get(&own, "").await.1["items"].as_array().unwrap().len(), 1);
    assert_eq!(get(&other, "").await.1["items"], json!([]));
    assert_eq!(get(&other, "/00000000-left").await.0, 404);
    service.stop().await;
}
