//! Files over the API and by signed links.

use midiateca_service::clock::{Clock, DAY};
use midiateca_service::model::{Role, Scope};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::Caller;
use crate::stage::{TODAY, TestApp, impatient, sample};
use wa_sim::SimMedia;

async fn read(
    caller: &Caller<'_>,
    id: &str,
    headers: &[(&str, &str)],
) -> (u16, HeaderMap, Vec<u8>) {
    let mut request = caller.request("GET", &format!("/media/{id}/content"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    (status, headers, answer.bytes().await.unwrap().to_vec())
}

#[tokio::test]
async fn a_file_is_answered_whole_and_in_ranges() {
    let test = TestApp::start().await;
    let (media, _) = test.store(sample("FILE")).await;
    let bytes = std::fs::read(test.file(&media)).unwrap();
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    let (status, headers, whole) = read(&viewer, &media.id, &[]).await;
    assert_eq!((status, &whole), (200, &bytes));
    let etag = format!("\"{}\"", media.sha256.as_deref().unwrap());
    assert_eq!(headers["etag"], etag.as_str());
    assert_eq!(headers["content-length"], bytes.len().to_string().as_str());
    assert_eq!(headers["accept-ranges"], "bytes");
    assert_eq!(headers["content-type"], "image/jpeg");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(
        headers["content-security-policy"],
        "sandbox; default-src 'none'"
    );
    assert!(
        headers["content-disposition"]
            .to_str()
            .unwrap()
            .starts_with("inline;")
    );

    let size = bytes.len();
    let (status, headers, part) = read(&viewer, &media.id, &[("range", "bytes=2-5")]).await;
    assert_eq!((status, part.as_slice()), (206, &bytes[2..6]));
    assert_eq!(
        headers["content-range"],
        format!("bytes 2-5/{size}").as_str()
    );
    let (status, _, part) = read(&viewer, &media.id, &[("range", "bytes=-3")]).await;
    assert_eq!((status, part.as_slice()), (206, &bytes[size - 3..]));
    let stale = [("range", "bytes=2-5"), ("if-range", "\"other\"")];
    assert_eq!(read(&viewer, &media.id, &stale).await.0, 200);
    let fresh = [("range", "bytes=2-5"), ("if-range", etag.as_str())];
    assert_eq!(read(&viewer, &media.id, &fresh).await.0, 206);
    assert_eq!(
        read(&viewer, &media.id, &[("range", "bytes=0-1,4-5")])
            .await
            .2,
        bytes
    );
    let beyond = format!("bytes={size}-");
    let (status, headers, body) = read(&viewer, &media.id, &[("range", &beyond)]).await;
    assert_eq!(status, 416);
    assert_eq!(headers["content-range"], format!("bytes */{size}").as_str());
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["error"]["code"], "range_not_satisfiable");
    let (status, headers, body) = read(&viewer, &media.id, &[("if-none-match", &etag)]).await;
    assert_eq!((status, body.len()), (304, 0));
    assert_eq!(headers["etag"], etag.as_str());
    let head = viewer.request("HEAD", &format!("/media/{}/content", media.id));
    let head = head.send().await.unwrap();
    assert_eq!(head.headers()["content-length"], size.to_string().as_str());
    assert_eq!(head.bytes().await.unwrap().len(), 0);
    test.end().await;
}

#[tokio::test]
async fn files_that_a_browser_could_run_are_downloads_and_a_missing_file_is_an_error() {
    let test = TestApp::start().await;
    let viewer = Caller::new(&test, Role::Viewer, Scope::All).await;
    let html = SimMedia {
        file_name: Some("../../evil\u{202e}.html".to_owned()),
        ..SimMedia::sample(crate::stage::FIRST, "DOC", wa_media::MediaKind::Document)
    };
    let (media, _) = test.store(html).await;
    assert_eq!(media.status, "stored", "{:?}", media.reason);
    let (status, headers, _) = read(&viewer, &media.id, &[]).await;
    assert_eq!(status, 200);
    let disposition = headers["content-disposition"].to_str().unwrap();
    assert!(disposition.starts_with("attachment;"), "{disposition}");
    assert!(
        !disposition.contains("..") && !disposition.contains('/'),
        "{disposition}"
    );
    std::fs::remove_file(test.file(&media)).unwrap();
    let path = format!("/media/{}/content", media.id);
    assert_eq!(
        viewer.error("GET", &path, None).await,
        (404, "file_missing".to_owned())
    );
    let failed = test.fail(wa_sim::Fault::HtmlPage).await;
    let path = format!("/media/{}/content", failed.id);
    assert_eq!(
        viewer.error("GET", &path, None).await,
        (404, "not_stored".to_owned())
    );
    test.end().await;
}

#[tokio::test]
async fn a_signed_link_opens_one_media_until_it_ends_or_is_revoked() {
    let clock = Clock::fixed(TODAY);
    let test = TestApp::with(impatient(), clock.clone()).await;
    let (media, _) = test.store(sample("LINKED")).await;
    let (other, _) = test.store(sample("UNLINKED")).await;
    let bytes = std::fs::read(test.file(&media)).unwrap();
    let operator = Caller::new(&test, Role::Operator, Scope::Client(2)).await;
    let link = async |body: Value| {
        let path = format!("/media/{}/link", media.id);
        let (status, made) = operator.send("POST", &path, Some(body)).await;
        assert_eq!(status, 201, "{made}");
        (
            made["id"].as_str().unwrap().to_owned(),
            made["url"].as_str().unwrap().to_owned(),
        )
    };
    let status = async |url: &str| {
        let answer = test.http.get(format!("{}{url}", test.origin())).send();
        answer.await.unwrap().status().as_u16()
    };
    let (id, url) = link(json!({})).await;
    let answer = test
        .http
        .get(format!("{}{url}", test.origin()))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    assert!(
        answer.headers()["cache-control"]
            .to_str()
            .unwrap()
            .starts_with("private")
    );
    assert_eq!(answer.headers()["referrer-policy"], "no-referrer");
    assert_eq!(answer.bytes().await.unwrap(), bytes);
    // The name is for people.
    let (start, query) = url.split_once('?').unwrap();
    let renamed = format!("/m/{}/..%2f..%2fetc%2fpasswd?{query}", media.id);
    assert_eq!(status(&renamed).await, 200);
    let last = if url.ends_with('0') { "1" } else { "0" };
    for wrong in [
        format!("{start}?{}{last}", &query[..query.len() - 1]),
        url.replace(&media.id, &other.id),
        url.replace("exp=1", "exp=2"),
        url.replace(&id, &other.id),
        format!("{start}?{query}&x=1"),
        start.to_owned(),
        format!("{start}?link={id}"),
    ] {
        assert_eq!(status(&wrong).await, 404, "{wrong}");
    }
    let list = operator.get(&format!("/media/{}/links", media.id)).await;
    assert_eq!(list["items"][0]["id"], id.as_str());
    let other_client = Caller::new(&test, Role::Admin, Scope::Client(3)).await;
    assert_eq!(other_client.get("/links").await["items"], json!([]));
    let states = async |id: &str| {
        let mut found = Vec::new();
        for state in ["valid", "ended"] {
            let list = operator.get(&format!("/links?state={state}")).await;
            let mut items = list["items"].as_array().unwrap().iter();
            if items.any(|link| link["id"] == id) {
                found.push(state);
            }
        }
        found
    };
    assert_eq!(states(&id).await, ["valid"]);
    let revoke = format!("/media/{}/links/{id}", media.id);
    assert_eq!(operator.send("DELETE", &revoke, None).await.0, 200);
    assert_eq!(operator.send("DELETE", &revoke, None).await.0, 404);
    assert_eq!(status(&url).await, 404, "a revoked link opens");
    assert_eq!(states(&id).await, ["ended"]);

    let (_, short) = link(json!({"expires_in": "1h", "disposition": "attachment"})).await;
    let (_, long) = link(json!({"expires_in": "7d"})).await;
    assert_eq!(status(&short).await, 200);
    clock.advance(DAY);
    assert_eq!(status(&short).await, 404, "an expired link opens");
    assert_eq!(status(&long).await, 200);
    let page = operator.get("/links?limit=1").await;
    let rest = format!("/links?cursor={}", page["next"].as_str().unwrap());
    let rest = operator.get(&rest).await;
    assert_eq!(rest["items"].as_array().unwrap().len(), 2, "{rest}");
    let admin = Caller::new(&test, Role::Admin, Scope::All).await;
    let keys = admin.get("/keys").await;
    let key = keys["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["role"] == "operator");
    let key = key.unwrap()["id"].as_str().unwrap();
    admin.send("DELETE", &format!("/keys/{key}"), None).await;
    assert_eq!(status(&long).await, 404, "a link of a revoked key opens");
    for (body, code) in [
        (json!({"expires_in": "0s"}), "bad_body"),
        (json!({"expires_in": "400d"}), "bad_body"),
        (json!({"expires_in": "soon"}), "bad_body"),
        (json!({"disposition": "other"}), "bad_body"),
        (json!({"x": 1}), "bad_body"),
    ] {
        let path = format!("/media/{}/link", media.id);
        assert_eq!(admin.error("POST", &path, Some(body)).await.1, code);
    }
    test.end().await;
}
