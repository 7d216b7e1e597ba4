//! Trial 51: a machine whose only way out is a proxy.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use midiateca_service::config;
use midiateca_service::net::proxy::Proxies;
use midiateca_service::net::{self, HttpClient};
use serde_json::Value;
use url::Url;
use wa_sim::Sim;

use crate::commands::set_up;
use crate::stage::{FIRST, sample};

/// `ana:s3cret`.
const AUTHORIZATION: &str = "Proxy-Authorization: Basic YW5hOnMzY3JldA==";
const PATIENCE: Duration = Duration::from_secs(30);

/// A proxy that leads everything that has a port of 80 to one server, and refuses tunnels.
struct TestProxy {
    address: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl TestProxy {
    fn start(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let (seen, upstream) = (
            Arc::clone(&heads),
            upstream.trim_start_matches("http://").to_owned(),
        );
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (seen, upstream) = (Arc::clone(&seen), upstream.clone());
                std::thread::spawn(move || answer(client, &upstream, &seen));
            }
        });
        Self { address, heads }
    }

    fn url(&self) -> String {
        format!("http://ana:s3cret@{}", self.address)
    }

    fn saw(&self, start: &str) -> bool {
        let heads = self.heads.lock().unwrap();
        let is_it = |head: &&String| head.starts_with(start);
        heads.iter().find(is_it).is_some_and(|head| {
            head.lines()
                .any(|line| line.eq_ignore_ascii_case(AUTHORIZATION))
        })
    }
}

fn answer(mut client: TcpStream, upstream: &str, seen: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if client.read(&mut byte).unwrap_or(0) == 0 {
            return;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    seen.lock().unwrap().push(head.clone());
    if head.starts_with("CONNECT ") {
        let _ = client.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n");
        return;
    }
    // From the whole URL to its path.
    let (first, rest) = head.split_once("\r\n").unwrap();
    let mut parts = first.split(' ');
    let (method, url) = (
        parts.next().unwrap(),
        Url::parse(parts.next().unwrap()).unwrap(),
    );
    let query = url
        .query()
        .map_or_else(String::new, |query| format!("?{query}"));
    let mut server = TcpStream::connect(upstream).unwrap();
    let rest = format!("Connection: close\r\n{rest}");
    write!(server, "{method} {}{query} HTTP/1.1\r\n{rest}", url.path()).unwrap();
    relay(client, server);
}

fn relay(client: TcpStream, server: TcpStream) {
    let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    std::thread::spawn(move || std::io::copy(&mut from, &mut to));
    let (mut from, mut to) = (server, client);
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(std::net::Shutdown::Both);
}

fn command(data: &Path, environment: &[(&str, &str)]) -> Command {
    let mut command = crate::stage::program(data);
    command.env("LANG", "C").env_remove("LC_ALL");
    command.envs(environment.iter().copied());
    command
}

async fn run(mut command: Command) -> (i32, String) {
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code().unwrap(),
        String::from_utf8(text).unwrap(),
    )
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the service, whose log goes to a file, and gives its origin.
async fn serve(data: &Path, log: &Path, environment: &[(&str, &str)]) -> (Server, String) {
    let mut command = command(data, environment);
    command.args([
        "-v",
        "--log-format",
        "json",
        "serve",
        "--listen",
        "127.0.0.1:0",
    ]);
    let child = command
        .stderr(File::create(log).unwrap())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let server = Server(child);
    let began = Instant::now();
    loop {
        let text = std::fs::read_to_string(log).unwrap();
        let lines = text
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let address = lines
            .filter_map(|line| Some(line["address"].as_str()?.to_owned()))
            .next();
        if let Some(address) = address {
            return (server, format!("http://{address}"));
        }
        assert!(began.elapsed() < PATIENCE, "{text}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn media_are_fetched_through_the_proxy_of_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let sim = Sim::start().await.unwrap();
    let hook = set_up(&data, &sim).await;
    let proxy = TestProxy::start(&sim.origin());
    let url = proxy.url();
    let environment = [
        ("HTTP_PROXY", url.as_str()),
        ("NO_PROXY", "other.invalid, 10.0.0.0/8"),
    ];
    let mut add = command(&data, &environment);
    // Names that only the proxy could know.
    add.args(["instance", "add", FIRST, "--client", "2", "--routes", "cdn"]);
    add.args(["--cdn-base", "http://cdn.invalid"]);
    let (code, said) = run(add).await;
    assert_eq!(code, 0, "{said}");
    let log = folder.path().join("log");
    let (server, origin) = serve(&data, &log, &environment).await;
    let delivery = sim.world().add(sample("PROXIED"));
    let hook = format!("{origin}/hooks/wapi/{}", hook.rsplit('/').next().unwrap());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = http
        .post(&hook)
        .body(delivery.body.to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let began = Instant::now();
    loop {
        let mut list = command(&data, &[]);
        list.args(["--json", "media", "list"]);
        let (_, said) = run(list).await;
        if said.contains("\"stored\"") {
            break;
        }
        let text = std::fs::read_to_string(&log).unwrap();
        assert!(began.elapsed() < PATIENCE, "{said}\n{text}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    drop(server);
    assert!(proxy.saw("GET http://cdn.invalid/"), "{:?}", proxy.heads);
    let text = std::fs::read_to_string(&log).unwrap();
    for secret in ["s3cret", "YW5hOnMzY3JldA"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doctor_names_the_proxy_and_asks_the_cdn_through_it() {
    let folder = tempfile::tempdir().unwrap();
    let sim = Sim::start().await.unwrap();
    set_up(folder.path(), &sim).await;
    let mut add = command(folder.path(), &[]);
    add.args([
        "instance", "add", FIRST, "--client", "2", "--routes", "default",
    ]);
    assert_eq!(run(add).await.0, 0);
    let proxy = TestProxy::start(&sim.origin());
    let url = proxy.url();
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        proxy.heads.lock().unwrap().clear();
        for (lang, through) in [("en", "through the proxy"), ("pt-BR", "pelo proxy")] {
            let mut doctor = command(folder.path(), &[(variable, &url)]);
            doctor.args(["--lang", lang, "doctor"]);
            let (_, said) = run(doctor).await;
            let shown = format!("{through} http://{}", proxy.address);
            assert!(said.contains(&shown), "{said}");
            assert!(!said.contains("s3cret"), "{said}");
        }
        assert!(
            proxy.saw("CONNECT mmg.whatsapp.net:443 "),
            "{:?}",
            proxy.heads
        );
    }
    // A part of the CDN's name, or everything, is reached without it.
    proxy.heads.lock().unwrap().clear();
    for except in ["*", ".whatsapp.net", "whatsapp.net:443"] {
        let mut doctor = command(folder.path(), &[("ALL_PROXY", &url), ("NO_PROXY", except)]);
        doctor.arg("doctor");
        let (_, said) = run(doctor).await;
        assert!(!said.contains("through the proxy"), "{said}");
    }
    assert!(proxy.heads.lock().unwrap().is_empty());
    let mut doctor = command(
        folder.path(),
        &[("HTTPS_PROXY", "ftp://ana:s3cret@proxy.invalid")],
    );
    doctor.arg("doctor");
    let (code, said) = run(doctor).await;
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("HTTPS_PROXY does not name a usable proxy"),
        "{said}"
    );
    assert!(!said.contains("s3cret"), "{said}");
}

fn fetch_by(url: &str) -> HttpClient {
    let url = url.to_owned();
    let proxies = Proxies::from_lookup(move |name| (name == "ALL_PROXY").then(|| url.clone()));
    HttpClient::with_proxies(&config::Fetch::default(), proxies)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socks_proxy_gets_the_name_and_the_password() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let proxy = std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut take = |length: usize| {
            let mut bytes = vec![0; length];
            client.read_exact(&mut bytes).unwrap();
            bytes
        };
        assert_eq!(take(3), [5, 1, 2]);
        client.write_all(&[5, 2]).unwrap();
        let mut take = |length: usize| {
            let mut bytes = vec![0; length];
            client.read_exact(&mut bytes).unwrap();
            bytes
        };
        assert_eq!(take(12), b"\x01\x03ana\x06s3cret");
        client.write_all(&[1, 0]).unwrap();
        let mut request = vec![0; 4 + 1 + 16 + 2];
        client.read_exact(&mut request).unwrap();
        client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
        let mut head = [0; 4096];
        assert!(client.read(&mut head).unwrap() > 0);
        let answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        client.write_all(answer).unwrap();
        request
    });
    let fetch = fetch_by(&format!("socks5h://ana:s3cret@{address}"));
    let url = Url::parse("http://files.my.invalid/nothing").unwrap();
    assert_eq!(fetch.get(&url).await.unwrap().status, 404);
    drop(fetch);
    let request = tokio::task::spawn_blocking(|| proxy.join().unwrap())
        .await
        .unwrap();
    assert_eq!(
        request,
        b"\x05\x01\x00\x03\x10files.my.invalid\x00\x50".to_vec()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_wants_another_password_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            let mut head = [0; 4096];
            let _ = client.read(&mut head);
            let refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            let _ = client.write_all(refusal);
        }
    });
    let fetch = fetch_by(&format!("http://{address}"));
    let clear = fetch.get(&Url::parse("http://a.invalid/").unwrap()).await;
    assert!(matches!(clear, Err(net::Error::ProxyAuthorization)));
    let error = fetch
        .get(&Url::parse("https://a.invalid/").unwrap())
        .await
        .err()
        .unwrap();
    let mut source: Option<&dyn std::error::Error> = Some(&error);
    let mut said = String::new();
    while let Some(error) = source {
        said.push_str(&error.to_string());
        source = error.source();
    }
    assert!(said.contains("authorization required"), "{said}");
}
