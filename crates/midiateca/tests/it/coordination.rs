//! What a starting server takes back, and what it leaves to others.

use std::sync::Arc;

use midiateca_service::clock::{Clock, HOUR};
use midiateca_service::coordination::Coordination;
use midiateca_service::db::{Db, Key, Value};
use midiateca_service::media;
use midiateca_service::model::{MediaId, MediaStatus};
use midiateca_service::server::Service;

use crate::stage::{TestApp, impatient, sample, until};

/// Makes a stored media one that is being downloaded.
async fn claim(db: &Db, id: &str, owner: &str, until: i64) {
    let sql =
        "update media set status = 'downloading', lease_owner = $2, lease_until = $3 where id = $1";
    let values = vec![Value::from(id), Value::from(owner), Value::from(until)];
    let claiming = db.write(Key::media(id), async move |tx| {
        tx.run(sql, values.clone()).await
    });
    assert_eq!(claiming.await.unwrap(), 1);
}

#[tokio::test]
async fn a_starting_server_takes_back_its_own_leases_and_lapsed_ones_but_not_those_of_others() {
    let test = TestApp::start().await;
    let mut ids = Vec::new();
    for message in ["OWN", "LAPSED", "OTHERS"] {
        ids.push(test.store(sample(message)).await.0.id);
    }
    let data = test.app.data.clone();
    let clock = Clock::system();
    let far = clock.now() + HOUR;
    let folder = test.end_keeping_the_folder().await;
    let owner = {
        let lease = Coordination::new(&data).server().await.unwrap();
        lease.owner().to_owned()
    };
    let app = crate::stage::open(folder.path(), impatient(), clock)
        .await
        .unwrap();
    claim(&app.db, &ids[0], &owner, far).await;
    claim(&app.db, &ids[1], "other", far - 2 * HOUR).await;
    claim(&app.db, &ids[2], "other", far).await;
    let service = Service::start(Arc::clone(&app), &["127.0.0.1:0"])
        .await
        .unwrap();
    for id in &ids[..2] {
        until("it is taken back", async || {
            let media = media::find(&app.db, &MediaId(id.clone())).await.unwrap();
            media.unwrap().status != MediaStatus::Downloading
        })
        .await;
    }
    let others = media::find(&app.db, &MediaId(ids[2].clone())).await;
    assert_eq!(others.unwrap().unwrap().status, MediaStatus::Downloading);
    service.stop().await;
}
