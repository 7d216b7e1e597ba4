//! Connections that are slow, silent, greedy or odd, next to a well-behaved client.

use std::time::{Duration, Instant};

use midiateca_service::clock::Clock;
use midiateca_service::config::{Config, Size, Span};
#[cfg(target_os = "linux")]
use midiateca_service::ingest::tally;
#[cfg(target_os = "linux")]
use midiateca_service::instances::{self, RefusalReason};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::stage::{FIRST, TestApp, impatient, sample};

const PATIENCE: Duration = Duration::from_secs(60);

fn text() -> String {
    json!({"event": "webhookReceived", "instanceId": FIRST, "messageId": "T1", "msgContent": {"conversation": "oi"}}).to_string()
}

async fn start(change: impl FnOnce(&mut Config)) -> TestApp {
    let mut config = impatient();
    config.http.trusted_proxies = Vec::new();
    change(&mut config);
    TestApp::with(config, Clock::system()).await
}

fn address(test: &TestApp) -> std::net::SocketAddr {
    test.origin().replace("http://", "").parse().unwrap()
}

async fn connect(test: &TestApp) -> TcpStream {
    TcpStream::connect(address(test)).await.unwrap()
}

/// From another address of the loopback network; Linux has all of them.
async fn connect_from(test: &TestApp, last: u8) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    let own = std::net::SocketAddr::from(([127, 0, 0, last], 0));
    socket.bind(own).unwrap();
    socket.connect(address(test)).await.unwrap()
}

async fn say(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).await.unwrap();
}

/// Everything until the server closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let reading = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    // A reset ends it as well.
    let _ = reading.expect("the connection stays open");
    String::from_utf8_lossy(&answer).into_owned()
}

/// One answer with its body, on a connection that stays open.
async fn answer(stream: &mut TcpStream) -> String {
    let reading = async {
        let mut text = Vec::new();
        loop {
            let shown = String::from_utf8_lossy(&text).into_owned();
            if let Some((head, body)) = shown.split_once("\r\n\r\n") {
                let length = head.to_lowercase();
                let length = length.split("content-length: ").nth(1).unwrap();
                let length = length.split("\r\n").next().unwrap();
                if body.len() >= length.parse().unwrap() {
                    return shown;
                }
            }
            let read = stream.read_buf(&mut text).await.unwrap();
            assert!(read > 0, "closed after {shown:?}");
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.unwrap()
}

fn post(path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nHost: a\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
}

fn hook(test: &TestApp) -> String {
    format!("/hooks/wapi/{}", test.hook)
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or(answer)
}

const GET: &str = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_client_is_served_while_bad_ones_take_every_place() {
    let test = start(|config| {
        config.http.max_connections = 40;
        config.http.max_connections_per_address = 12;
    })
    .await;
    let path = hook(&test);
    let mut bad = Vec::new();
    for n in 0..60_u8 {
        let mut stream = connect_from(&test, 10 + n % 5).await;
        let first = match n % 4 {
            0 => String::new(),
            1 => "POST /hooks/wapi/x HTTP/1.1\r\nHost:".to_owned(),
            2 => post(&path, "Expect:\r\n", &text())[..90].to_owned(),
            _ => GET.to_owned(),
        };
        // Some are refused at once, or closed for the next.
        let _ = stream.write_all(first.as_bytes()).await;
        bad.push(stream);
    }
    for round in 0..10 {
        let mut good = connect_from(&test, 2).await;
        say(&mut good, &post(&path, "Connection: close\r\n", &text())).await;
        let answer = rest(&mut good).await;
        assert_eq!(status(&answer), "200", "round {round}: {answer}");
    }
    drop(bad);
    test.end().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_address_has_a_limit_and_others_do_not_feel_it() {
    let test = start(|config| config.http.max_connections_per_address = 3).await;
    let head = post(&hook(&test), "", &"x".repeat(100));
    let head = &head[..head.len() - 50];
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut stream = connect(&test).await;
        say(&mut stream, head).await;
        open.push(stream);
    }
    // The fourth finds nothing that may be closed for it, for the others have only just begun.
    let mut refused = connect(&test).await;
    let shown = rest(&mut refused).await;
    assert_eq!(status(&shown), "503", "{shown}");
    assert!(shown.contains("retry-after: 5") && shown.contains("too_many_connections"));
    tally::write_down(&test.app.db, &test.app.tally)
        .await
        .unwrap();
    let counted = instances::refusals(&test.app.db).await.unwrap();
    let (refusal, count) = &counted[0];
    assert_eq!(
        (refusal.reason, count.count),
        (RefusalReason::TooManyConnections, 1)
    );
    let mut other = connect_from(&test, 2).await;
    say(&mut other, GET).await;
    assert_eq!(status(&answer(&mut other).await), "200");
    // The open ones are still answered.
    for mut stream in open {
        say(&mut stream, &"x".repeat(50)).await;
        assert_ne!(status(&answer(&mut stream).await), "503");
    }
    test.end().await;
}

#[tokio::test]
async fn connections_of_trusted_proxies_count_for_their_clients() {
    let test = start(|config| {
        config.http.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
        config.http.max_connections_per_address = 1;
    })
    .await;
    let path = hook(&test);
    let body = text();
    let (first, last) = body.split_at(10);
    let mut open = connect(&test).await;
    let for_first = "X-Forwarded-For: 203.0.113.9, 198.51.100.1\r\n";
    let whole = post(&path, for_first, &body);
    say(&mut open, &whole[..whole.len() - last.len()]).await;
    assert!(whole.contains(first));
    let url = test.hook_url();
    let send = async |forwarded: &str| {
        let request = test.http.post(&url).header("x-forwarded-for", forwarded);
        request
            .body(body.clone())
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    // The first is counted as soon as its head was read.
    let started = Instant::now();
    while send("198.51.100.1").await != 503 {
        assert!(started.elapsed() < PATIENCE);
    }
    assert_eq!(send("198.51.100.2").await, 200);
    assert_eq!(send("203.0.113.9, 198.51.100.2").await, 200);
    say(&mut open, last).await;
    assert_eq!(status(&answer(&mut open).await), "200");
    assert_eq!(send("198.51.100.1").await, 200);
    test.end().await;
}

#[tokio::test]
async fn answers_that_are_not_read_end_the_connection() {
    let test = start(|config| config.http.write_timeout = Span::from_ms(300)).await;
    let mut greedy = connect(&test).await;
    let many = GET.repeat(1_000);
    let writing = async {
        // Until the server no longer reads, and then closes.
        while greedy.write_all(many.as_bytes()).await.is_ok() {}
    };
    tokio::time::timeout(PATIENCE, writing)
        .await
        .expect("the connection stays open");
    assert_eq!(test.post(text()).await.0, 200);
    test.end().await;
}

#[tokio::test]
async fn a_body_in_drops_is_refused_and_a_large_one_in_pieces_is_not() {
    let test = start(|config| {
        config.http.body_timeout = Span::from_ms(500);
        config.http.min_rate = Size::from_bytes(10_000);
    })
    .await;
    for drips in [false, true] {
        let mut stream = connect(&test).await;
        let whole = post(&hook(&test), "", &"x".repeat(10_000));
        say(&mut stream, &whole[..whole.len() - 9_000]).await;
        let (mut reading, mut writing) = stream.split();
        let dripping = async {
            while drips && writing.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            std::future::pending::<()>().await
        };
        let answer = async {
            let mut answer = Vec::new();
            let _ = reading.read_to_end(&mut answer).await;
            String::from_utf8_lossy(&answer).into_owned()
        };
        let answer = tokio::select! {
            answer = tokio::time::timeout(PATIENCE, answer) => answer.unwrap(),
            () = dripping => unreachable!(),
        };
        assert!(
            answer.contains("body_incomplete"),
            "drips {drips}: {answer}"
        );
    }
    // Longer than the patience on the whole, and fast enough all the while.
    let delivery = test.sim.world().add(sample("PIECES"));
    let body = delivery.body.to_string() + &" ".repeat(100_000);
    let mut stream = connect(&test).await;
    let whole = post(&hook(&test), "", &body);
    for piece in whole.as_bytes().chunks(10_000) {
        stream.write_all(piece).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(status(&answer(&mut stream).await), "200");
    test.end().await;
}

#[tokio::test]
async fn heads_have_a_largest_size_and_number() {
    let test = start(|_| {}).await;
    let long = format!("X-Long: {}\r\n", "x".repeat(20_000));
    let many: String = (0..150).map(|n| format!("X-{n}: a\r\n")).collect();
    let path = format!("/healthz?{}", "x".repeat(20_000));
    for request in [
        post(&hook(&test), &long, "{}"),
        post(&hook(&test), &many, "{}"),
        post(&path, "", "{}"),
    ] {
        let mut stream = connect(&test).await;
        say(&mut stream, &request).await;
        let shown = rest(&mut stream).await;
        assert!(matches!(status(&shown), "431" | "414"), "{shown}");
    }
    assert_eq!(test.post(text()).await.0, 200);
    test.end().await;
}

#[tokio::test]
async fn an_idle_connection_outlives_the_clock_for_heads_and_ends_by_its_own() {
    let test = start(|config| config.http.header_timeout = Span::from_ms(200)).await;
    let mut kept = connect(&test).await;
    say(&mut kept, GET).await;
    assert_eq!(status(&answer(&mut kept).await), "200");
    // One that says nothing from now on is closed by the clock for heads.
    assert_eq!(rest(&mut connect(&test).await).await, "");
    say(&mut kept, GET).await;
    assert_eq!(status(&answer(&mut kept).await), "200");
    // A second head that never ends is not idle.
    say(&mut kept, "GET /healthz").await;
    assert_eq!(rest(&mut kept).await, "");
    test.end().await;

    let test = start(|config| config.http.idle_timeout = Span::from_ms(200)).await;
    let mut kept = connect(&test).await;
    say(&mut kept, GET).await;
    assert_eq!(status(&rest(&mut kept).await), "200");
    test.end().await;
}

#[tokio::test]
async fn odd_but_honest_clients_are_answered() {
    let test = start(|_| {}).await;
    let (path, body) = (hook(&test), text());
    let length = body.len();
    let mut old = connect(&test).await;
    say(
        &mut old,
        &format!("POST {path} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{body}"),
    )
    .await;
    assert_eq!(status(&rest(&mut old).await), "200");
    let mut half = connect(&test).await;
    say(&mut half, &post(&path, "", &body)).await;
    half.shutdown().await.unwrap();
    assert_eq!(status(&rest(&mut half).await), "200");
    let mut pipelined = connect(&test).await;
    let last = post(&path, "Connection: close\r\n", &body);
    say(&mut pipelined, &(post(&path, "", &body).repeat(50) + &last)).await;
    assert_eq!(
        rest(&mut pipelined).await.matches("HTTP/1.1 200").count(),
        51
    );
    let mut continued = connect(&test).await;
    let whole = post(&path, "Expect: 100-continue\r\n", &body);
    say(&mut continued, &whole[..whole.len() - length]).await;
    let mut first = [0; 25];
    continued.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 100 Continue\r\n\r\n");
    say(&mut continued, &body).await;
    assert_eq!(status(&answer(&mut continued).await), "200");
    test.end().await;
}

#[tokio::test]
async fn input_that_is_not_http_ends_without_harm_to_others() {
    let test = start(|_| {}).await;
    let hello = b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03";
    for bytes in [
        &hello[..],
        b"\0\0\0\0",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"SSH-2.0-x\r\n",
    ] {
        let mut stream = connect(&test).await;
        stream.write_all(bytes).await.unwrap();
        let shown = rest(&mut stream).await;
        assert!(!shown.contains("HTTP/1.1 2"), "{shown}");
    }
    assert_eq!(test.post(text()).await.0, 200);
    test.end().await;
}

#[tokio::test]
async fn open_connections_do_not_keep_the_server_from_ending() {
    let test = start(|_| {}).await;
    let mut idle = connect(&test).await;
    say(&mut idle, GET).await;
    answer(&mut idle).await;
    let silent = connect(&test).await;
    let mut slow = connect(&test).await;
    say(&mut slow, "POST /hooks").await;
    tokio::time::timeout(PATIENCE, test.end()).await.unwrap();
    for mut stream in [idle, silent, slow] {
        rest(&mut stream).await;
    }
}

const LARGE: usize = 200_000_000;

fn head(method: &str, path: &str, headers: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: a\r\n{headers}Content-Length: {LARGE}\r\n\r\n")
}

/// What is refused whatever its body says: the start of the request, and the status.
fn refused(test: &TestApp) -> Vec<(&'static str, String, &'static str)> {
    vec![
        ("POST", hook(test), "413"),
        ("POST", "/hooks/wapi/guess".to_owned(), "401"),
        ("POST", "/hooks/wapi".to_owned(), "401"),
        ("POST", "/webhook/connect?token=guess".to_owned(), "401"),
        ("POST", "/hooks/wappi/guess".to_owned(), "404"),
        ("POST", "/nowhere".to_owned(), "404"),
        ("PUT", hook(test), "405"),
    ]
}

#[tokio::test]
async fn a_refusal_does_not_wait_for_the_body() {
    let test = start(|_| {}).await;
    for (method, path, expected) in refused(&test) {
        for (headers, begun) in [
            ("", ""),
            ("", "{\"instanceId\":"),
            ("Expect: 100-continue\r\n", ""),
        ] {
            let mut stream = connect(&test).await;
            let began = Instant::now();
            say(&mut stream, &(head(method, &path, headers) + begun)).await;
            let shown = answer(&mut stream).await;
            let took = began.elapsed();
            assert_eq!(status(&shown), expected, "{path} {headers}");
            assert!(took < Duration::from_secs(2), "{path} {headers} {took:?}");
            let shown = shown.to_lowercase();
            assert!(shown.contains("connection: close\r\n"), "{shown}");
            assert_eq!(shown.matches("http/1.1").count(), 1, "{shown}");
            // Nothing more can be asked on it, and the server says so at once.
            let ended = tokio::time::timeout(Duration::from_secs(2), rest(&mut stream)).await;
            assert_eq!(ended.unwrap(), "", "{path} {headers}");
        }
    }
    test.end().await;
}

#[tokio::test]
async fn a_client_that_still_sends_sees_the_answer_and_no_reset() {
    let test = start(|config| config.http.max_body = Size::from_bytes(1 << 20)).await;
    let piece = vec![b'x'; 1 << 20];
    for (method, path, expected) in refused(&test) {
        for chunked in [false, true] {
            let mut stream = connect(&test).await;
            let start = head(method, &path, "");
            let length = format!("Content-Length: {LARGE}\r\n");
            if chunked {
                say(
                    &mut stream,
                    &start.replace(&length, "Transfer-Encoding: chunked\r\n"),
                )
                .await
            } else {
                say(&mut stream, &start).await
            }
            for _ in 0..30 {
                if chunked {
                    say(&mut stream, "100000\r\n").await;
                }
                stream.write_all(&piece).await.unwrap();
                if chunked {
                    say(&mut stream, "\r\n").await;
                }
            }
            let shown = answer(&mut stream).await;
            assert_eq!(status(&shown), expected, "{path} {chunked}");
        }
    }
    test.end().await;
}

#[tokio::test]
async fn a_client_that_never_stops_sending_is_closed_soon() {
    let test = start(|_| {}).await;
    let mut stream = connect(&test).await;
    say(&mut stream, &head("POST", "/hooks/wapi/guess", "")).await;
    let began = Instant::now();
    while stream.write_all(&[b'x'; 1_000]).await.is_ok() {
        assert!(began.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // A small body that is refused costs no connection.
    let mut kept = connect(&test).await;
    for _ in 0..3 {
        say(&mut kept, &post("/hooks/wapi/guess", "", &text())).await;
        assert_eq!(status(&answer(&mut kept).await), "401");
    }
    test.end().await;
}
