//! An S3 server on this machine for a test: `s3s-fs`, which `scripts/test` installs.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use midiateca_service::storage::{BucketSettings, Credentials};
use tempfile::TempDir;

pub const BUCKET: &str = "bkt";
const KEY_ID: &str = "test-key";
const SECRET: &str = "test-secret";
const PATIENCE: Duration = Duration::from_secs(20);

pub struct S3Server {
    program: PathBuf,
    process: Child,
    port: u16,
    folder: TempDir,
}

impl Drop for S3Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The program, from `MIDIATECA_S3S_FS` or where `scripts/test` puts it.
fn program() -> Option<PathBuf> {
    let installed = || {
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
        let cache = cache.or_else(home)?;
        Some(cache.join("midiateca/tools/s3s-fs-0.14.1/bin/s3s-fs"))
    };
    let named = std::env::var_os("MIDIATECA_S3S_FS").map(PathBuf::from);
    named.or_else(installed).filter(|path| path.is_file())
}

fn spawn(program: &Path, port: u16, folder: &Path) -> Child {
    Command::new(program)
        .args(["--host", "127.0.0.1", "--port", &port.to_string()])
        .args(["--access-key", KEY_ID, "--secret-key", SECRET])
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

impl S3Server {
    /// None, and a line on stderr, when the server is not installed.
    pub fn start() -> Option<Self> {
        let Some(program) = program() else {
            eprintln!(
                "SKIPPED: there is no S3 server; scripts/test installs s3s-fs, or name it in MIDIATECA_S3S_FS"
            );
            return None;
        };
        let mut folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(BUCKET)).unwrap();
        // Another process may take the port in between.
        for _ in 0..5 {
            let free = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = free.local_addr().unwrap().port();
            drop(free);
            let mut server = Self {
                process: spawn(&program, port, folder.path()),
                program: program.clone(),
                port,
                folder,
            };
            if server.answers() {
                return Some(server);
            }
            // Its folder outlives it for the next attempt.
            folder = std::mem::replace(&mut server.folder, tempfile::tempdir().unwrap());
        }
        panic!("the S3 server does not start");
    }

    pub fn stop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// At the same address, with the same objects.
    pub fn restart(&mut self) {
        self.process = spawn(&self.program, self.port, self.folder.path());
        assert!(self.answers(), "the S3 server does not start again");
    }

    pub fn credential_lines() -> String {
        format!("AWS_ACCESS_KEY_ID={KEY_ID}\nAWS_SECRET_ACCESS_KEY={SECRET}\n")
    }

    fn answers(&mut self) -> bool {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return true;
            }
            if self.process.try_wait().unwrap().is_some() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn credentials() -> Credentials {
        Credentials {
            key_id: KEY_ID.to_owned(),
            secret: SECRET.to_owned(),
            session_token: None,
        }
    }

    pub fn settings(&self, prefix: &str) -> BucketSettings {
        BucketSettings {
            bucket: BUCKET.to_owned(),
            prefix: prefix.to_owned(),
            endpoint: Some(self.endpoint()),
            ..BucketSettings::default()
        }
    }

    /// Where the server has an object, to look at it without the program.
    pub fn file(&self, key: &str) -> PathBuf {
        self.folder.path().join(BUCKET).join(key)
    }
}

/// A server that answers every request in one way.
pub struct FixedServer {
    pub endpoint: String,
}

/// How a [`FixedServer`] answers.
#[derive(Clone, Copy)]
pub enum Answer {
    /// A status and a code.
    Refuses(u16, &'static str),
    /// The beginning of an object of 100 bytes.
    EndsEarly,
    Hangs,
}

impl FixedServer {
    pub fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        // It ends with the process of the test.
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                std::thread::spawn(move || serve(connection, answer));
            }
        });
        Self { endpoint }
    }
}

fn serve(mut connection: TcpStream, answer: Answer) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if !matches!(connection.read(&mut byte), Ok(1)) {
            return;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
    let length = head.split_once("content-length: ").map(|(_, rest)| rest);
    let length = length.and_then(|rest| rest.lines().next()?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    if connection.read_exact(&mut body).is_err() {
        return;
    }
    let is_head = head.starts_with("head ");
    let text = match answer {
        Answer::Refuses(status, code) => {
            let document = format!("<Error><Code>{code}</Code><Message>m</Message></Error>");
            let body = if is_head { "" } else { document.as_str() };
            let length = document.len();
            format!(
                "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            )
        }
        Answer::EndsEarly => {
            let body = if is_head { "" } else { "the beginning" };
            format!(
                "HTTP/1.1 206 X\r\ncontent-length: 100\r\ncontent-range: bytes 0-99/100\r\nlast-modified: Tue, 24 Nov 2026 12:00:00 GMT\r\netag: \"e\"\r\nconnection: close\r\n\r\n{body}"
            )
        }
        Answer::Hangs => {
            // Until the client gives up.
            let _ = connection.read(&mut byte);
            return;
        }
    };
    let _ = connection.write_all(text.as_bytes());
}
