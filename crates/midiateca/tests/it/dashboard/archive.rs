//! The files of a filter as one archive.

use super::*;

#[tokio::test]
async fn the_files_of_a_filter_are_one_zip() {
    let test = TestApp::start().await;
    let (first, _) = test.store(sample("ONE")).await;
    let (second, _) = test.store(sample("TWO")).await;
    let browser = signed_in(&test, Role::Viewer, Scope::Client(2)).await;
    let zip = async |query: &str| {
        let url = format!("{}/api/v1/media.zip{query}", test.origin());
        let request = browser.http.get(url).header("cookie", &browser.cookie);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.bytes().await.unwrap())
    };
    let names = |bytes: &[u8]| {
        let archive = zip_names(bytes);
        let files = archive
            .into_iter()
            .filter(|name| name.starts_with("cliente_"));
        files.collect::<Vec<_>>()
    };
    let head = browser
        .http
        .head(format!("{}/api/v1/media.zip?client=2", test.origin()));
    let head = browser.send(head).await;
    assert_eq!(head.headers["content-type"], "application/zip");
    let (status, all) = zip("?client=2").await;
    assert_eq!((status, names(&all).len()), (200, 2));
    let (_, one) = zip(&format!("?ids={}", first.id)).await;
    assert_eq!(names(&one), [first.path.clone().unwrap()]);
    let (_, both) = zip(&format!("?ids={},{},unknown", first.id, second.id)).await;
    assert_eq!(names(&both).len(), 2);
    for (query, status) in [
        ("?client=3", 404),
        ("?ids=unknown", 404),
        ("?ids=", 400),
        ("?kind=nonsense", 400),
    ] {
        assert_eq!(zip(query).await.0, status, "{query}");
    }
    let log = midiateca_service::access::audit::before(&test.app.db, Scope::All, i64::MAX, 9).await;
    let exported = log
        .unwrap()
        .into_iter()
        .filter(|entry| entry.action == "media_exported");
    let counts: Vec<Value> = exported.map(|entry| entry.data).collect();
    assert_eq!(
        counts,
        [
            json!({"media": 2}),
            json!({"media": 1}),
            json!({"media": 2})
        ]
    );
    test.end().await;
}

/// The names in an archive's list of files (APPNOTE.TXT, section 4.3.12).
pub(super) fn zip_names(bytes: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    let mut at = 0;
    while let Some(found) = bytes[at..].windows(4).position(|it| it == b"PK\x01\x02") {
        let entry = &bytes[at + found..];
        let length = usize::from(u16::from_le_bytes([entry[28], entry[29]]));
        names.push(String::from_utf8(entry[46..46 + length].to_vec()).unwrap());
        at += found + 46 + length;
    }
    assert!(
        bytes.windows(4).any(|it| it == b"PK\x05\x06"),
        "the end is missing"
    );
    names
}
