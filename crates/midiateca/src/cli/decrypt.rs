//! `decrypt`: one encrypted file, without a database.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Value, json};
use wa_media::{Cause, Decryptor, Expected, KeyKind, LabelFinder, MediaKey, read};

use super::answer;
use super::language::{Language, plain};
use super::words::{context as files, decrypt as words};
use super::{Ending, Global, UsageError};

const PIECE_BYTES: usize = 64 << 10;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The file as WhatsApp's CDN gave it
    #[arg(value_name = "FILE.enc")]
    file: PathBuf,
    /// The message's mediaKey, in any form that messages have it
    #[arg(long, value_name = "B64", allow_hyphen_values = true)]
    media_key: String,
    /// What it is: image, video, audio, document, sticker, or one of WhatsApp's own words such as thumbnail-link
    #[arg(long, value_hint = clap::ValueHint::Other)]
    kind: String,
    /// The message's fileSha256, to be proven
    #[arg(long, value_name = "B64", allow_hyphen_values = true)]
    sha256: Option<String>,
    /// The message's fileEncSha256, to be proven
    #[arg(long, value_name = "B64", allow_hyphen_values = true)]
    enc_sha256: Option<String>,
    /// Where the plaintext goes; - is stdout [default: FILE without .enc]
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
}

pub(crate) fn run(options: &Options, global: &Global) -> anyhow::Result<Ending> {
    let lang = global.language();
    let key = MediaKey::new(bytes32("--media-key", &options.media_key, lang)?);
    let kind = KeyKind::from_wire_type(&options.kind).ok_or_else(|| {
        let name = plain(&options.kind);
        UsageError(lang.fill(words::UNKNOWN_KIND, &[("name", &name)]))
    })?;
    let told = |name, text: &Option<String>| {
        let text = text.as_ref();
        text.map(|text| bytes32(name, text, lang)).transpose()
    };
    let expected = Expected {
        sha256: told("--sha256", &options.sha256)?,
        enc_sha256: told("--enc-sha256", &options.enc_sha256)?,
    };
    let output = output(options, lang)?;
    let mut decryptor = Decryptor::new(&key, kind, expected.clone());
    let mut outcome = decrypt(&options.file, decryptor, &output, lang)?;
    if let Err(failure) = &outcome
        && matches!(failure.cause, Cause::WrongKey | Cause::Corrupt)
        && failure.checks.enc_sha256 != Some(false)
    {
        let mut finder = LabelFinder::new(&key);
        in_pieces(&options.file, lang, |piece| {
            finder.update(piece);
            Ok(())
        })?;
        if let Some(label) = finder.finish() {
            decryptor = Decryptor::of_proven_label(&key, label, expected);
            outcome = decrypt(&options.file, decryptor, &output, lang)?;
        }
    }
    let checks = match &outcome {
        Ok(decrypted) => decrypted.checks,
        Err(failure) => failure.checks,
    };
    let report = Report {
        why: outcome
            .as_ref()
            .err()
            .map(|failure| why(failure.cause, lang)),
        json: json!({
        "decrypted": outcome.is_ok(),
        "output": output.shown(),
        "size": outcome.as_ref().ok().map(|decrypted| decrypted.verified.size_bytes()),
        "verified": outcome.as_ref().ok().map(|decrypted| decrypted.verified.verification().as_str()),
        "label": outcome.as_ref().ok().map(|decrypted| decrypted.key_kind.info()),
        "checks": {"enc_sha256": checks.enc_sha256, "mac": checks.mac, "padding": checks.padding, "sha256": checks.sha256},
        "reason": outcome.as_ref().err().map(ToString::to_string),
        }),
    };
    tell(&report, global, matches!(output, Output::Stdout));
    Ok(if outcome.is_ok() {
        Ending::Fine
    } else {
        Ending::FoundWrong
    })
}

fn bytes32(name: &str, text: &str, lang: Language) -> Result<[u8; 32], UsageError> {
    let value = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    read::bytes32(&value)
        .ok_or_else(|| UsageError(lang.fill(words::NOT_32_BYTES, &[("name", &name)])))
}

enum Output {
    Stdout,
    File(PathBuf),
}

impl Output {
    fn shown(&self) -> String {
        match self {
            Self::Stdout => "-".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }
}

fn output(options: &Options, lang: Language) -> Result<Output, UsageError> {
    match &options.output {
        Some(path) if path.as_os_str() == "-" => Ok(Output::Stdout),
        Some(path) => Ok(Output::File(path.clone())),
        None if options
            .file
            .extension()
            .is_some_and(|extension| extension == "enc") =>
        {
            Ok(Output::File(options.file.with_extension("")))
        }
        None => Err(UsageError(lang.say(words::NAME_OUTPUT).to_owned())),
    }
}

type Outcome = Result<wa_media::Decrypted, wa_media::Failure>;

/// Decrypts into a file beside the output, which gets its name only once everything is proven.
fn decrypt(
    file: &Path,
    mut decryptor: Decryptor,
    output: &Output,
    lang: Language,
) -> anyhow::Result<Outcome> {
    let mut staged = Staged::beside(output, lang)?;
    let mut plaintext = Vec::new();
    in_pieces(file, lang, |piece| {
        decryptor.update(piece, &mut plaintext);
        staged.file.write_all(&plaintext)?;
        plaintext.clear();
        Ok(())
    })?;
    let decrypted = match decryptor.finish(&mut plaintext) {
        Ok(decrypted) => decrypted,
        Err(failure) => return Ok(Err(failure)),
    };
    staged.file.write_all(&plaintext)?;
    staged.publish(output, lang)?;
    Ok(Ok(decrypted))
}

/// A file that is removed again unless it is published.
struct Staged {
    path: PathBuf,
    file: File,
}

impl Staged {
    fn beside(output: &Output, lang: Language) -> anyhow::Result<Self> {
        let name = format!(".midiateca-{}", uuid::Uuid::now_v7().simple());
        let path = match output {
            Output::Stdout => std::env::temp_dir().join(name),
            Output::File(path) if path.exists() => {
                let stays = lang.fill(files::STAYS, &[("path", &path.display())]);
                return Err(UsageError(stays).into());
            }
            Output::File(path) => path.with_file_name(name),
        };
        let mut options = std::fs::OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options
            .open(&path)
            .with_context(|| lang.fill(files::CANNOT_WRITE_BESIDE, &[("path", &output.shown())]))?;
        Ok(Self { path, file })
    }

    fn publish(&mut self, output: &Output, lang: Language) -> anyhow::Result<()> {
        match output {
            Output::Stdout => {
                io::copy(&mut File::open(&self.path)?, &mut io::stdout().lock())?;
            }
            Output::File(path) => {
                self.file.sync_all()?;
                std::fs::rename(&self.path, path).with_context(|| {
                    lang.fill(files::CANNOT_WRITE, &[("path", &path.display())])
                })?;
            }
        }
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // Gone already when it was published.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn in_pieces(
    file: &Path,
    lang: Language,
    mut take: impl FnMut(&[u8]) -> io::Result<()>,
) -> anyhow::Result<()> {
    let cannot = || lang.fill(files::CANNOT_READ, &[("path", &file.display())]);
    let mut open = File::open(file).with_context(cannot)?;
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let count = open.read(&mut piece).with_context(cannot)?;
        if count == 0 {
            return Ok(());
        }
        take(&piece[..count])?;
    }
}

/// Why a file was not taken.
fn why(cause: Cause, lang: Language) -> String {
    let (words, received) = match cause {
        Cause::NotEncrypted => (words::NOT_ENCRYPTED, 0),
        Cause::TooShort { received } => (words::TOO_SHORT, received),
        Cause::BadShape { received } => (words::BAD_SHAPE, received),
        Cause::Corrupt => (words::CORRUPT, 0),
        Cause::WrongKey => (words::WRONG_KEY, 0),
        Cause::BadPadding => (words::BAD_PADDING, 0),
        Cause::PlainHashMismatch => (words::PLAIN_HASH_MISMATCH, 0),
    };
    lang.fill(words, &[("received", &received)])
}

/// What came of it: for programs, and in a sentence when nothing was written.
struct Report {
    json: Value,
    why: Option<String>,
}

impl Report {
    fn sentence(&self, lang: Language) -> String {
        let checks = ["enc_sha256", "mac", "padding", "sha256"].map(|name| {
            let outcome = match &self.json["checks"][name] {
                Value::Bool(true) => words::RIGHT,
                Value::Bool(false) => words::WRONG,
                _ => words::NOT_COMPARED,
            };
            format!("{name} {}", lang.say(outcome))
        });
        let checks = checks.join(", ");
        if let Some(why) = &self.why {
            return lang.fill(words::NOT_WRITTEN, &[("why", why), ("checks", &checks)]);
        }
        let text = |name: &str| self.json[name].as_str().unwrap_or("");
        lang.fill(
            words::WRITTEN,
            &[
                ("output", &text("output")),
                ("size", &self.json["size"]),
                ("how", &lang.name(text("verified"))),
                ("label", &text("label")),
                ("checks", &checks),
            ],
        )
    }
}

/// The report; on stderr when the plaintext went to stdout.
fn tell(report: &Report, global: &Global, to_stderr: bool) {
    let text = match global.json {
        true => report.json.to_string(),
        false => report.sentence(global.language()),
    };
    if to_stderr {
        eprintln!("{text}");
    } else {
        answer::line(&text);
    }
}
