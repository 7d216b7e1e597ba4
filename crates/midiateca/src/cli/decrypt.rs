//! `decrypt`: one encrypted file, without a database.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Value, json};
use wa_media::{Cause, Decryptor, Expected, KeyKind, LabelFinder, MediaKey, read};

use super::answer;
use super::language::Language;
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
    #[arg(long)]
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
    let key = MediaKey::new(bytes32("--media-key", &options.media_key)?);
    let kind = KeyKind::from_wire_type(&options.kind).ok_or_else(|| {
        UsageError(format!(
            "{} is no kind; there are: image, video, audio, document, sticker",
            options.kind
        ))
    })?;
    let told =
        |name, text: &Option<String>| text.as_ref().map(|text| bytes32(name, text)).transpose();
    let expected = Expected {
        sha256: told("--sha256", &options.sha256)?,
        enc_sha256: told("--enc-sha256", &options.enc_sha256)?,
    };
    let output = output(options)?;
    let mut decryptor = Decryptor::new(&key, kind, expected.clone());
    let mut outcome = decrypt(&options.file, decryptor, &output)?;
    if let Err(failure) = &outcome
        && matches!(failure.cause, Cause::WrongKey | Cause::Corrupt)
        && failure.checks.enc_sha256 != Some(false)
    {
        let mut finder = LabelFinder::new(&key);
        in_pieces(&options.file, |piece| {
            finder.update(piece);
            Ok(())
        })?;
        if let Some(label) = finder.finish() {
            decryptor = Decryptor::of_proven_label(&key, label, expected);
            outcome = decrypt(&options.file, decryptor, &output)?;
        }
    }
    let checks = match &outcome {
        Ok(decrypted) => decrypted.checks,
        Err(failure) => failure.checks,
    };
    let report = json!({
        "decrypted": outcome.is_ok(),
        "output": output.shown(),
        "size": outcome.as_ref().ok().map(|decrypted| decrypted.verified.size_bytes()),
        "verified": outcome.as_ref().ok().map(|decrypted| decrypted.verified.proof().as_str()),
        "label": outcome.as_ref().ok().map(|decrypted| decrypted.key_kind.info()),
        "checks": {"enc_sha256": checks.enc_sha256, "mac": checks.mac, "padding": checks.padding, "sha256": checks.sha256},
        "reason": outcome.as_ref().err().map(ToString::to_string),
    });
    tell(&report, global, matches!(output, Output::Stdout));
    Ok(if outcome.is_ok() {
        Ending::Fine
    } else {
        Ending::FoundWrong
    })
}

fn bytes32(name: &str, text: &str) -> Result<[u8; 32], UsageError> {
    let value = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    read::bytes32(&value)
        .ok_or_else(|| UsageError(format!("{name} is not 32 bytes in any known form")))
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

fn output(options: &Options) -> Result<Output, UsageError> {
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
        None => Err(UsageError(
            "name the output with -o, for the file does not end in .enc".to_owned(),
        )),
    }
}

type Outcome = Result<wa_media::Decrypted, wa_media::Failure>;

/// Decrypts into a file beside the output, which gets its name only once everything is proven.
fn decrypt(file: &Path, mut decryptor: Decryptor, output: &Output) -> anyhow::Result<Outcome> {
    let mut staged = Staged::beside(output)?;
    let mut plaintext = Vec::new();
    in_pieces(file, |piece| {
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
    staged.publish(output)?;
    Ok(Ok(decrypted))
}

/// A file that is removed again unless it is published.
struct Staged {
    path: PathBuf,
    file: File,
}

impl Staged {
    fn beside(output: &Output) -> anyhow::Result<Self> {
        let name = format!(".midiateca-{}", uuid::Uuid::now_v7().simple());
        let path = match output {
            Output::Stdout => std::env::temp_dir().join(name),
            Output::File(path) if path.exists() => {
                return Err(UsageError(format!(
                    "{} exists already and stays as it is",
                    path.display()
                ))
                .into());
            }
            Output::File(path) => path.with_file_name(name),
        };
        let mut options = std::fs::OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options
            .open(&path)
            .with_context(|| format!("cannot write beside {}", output.shown()))?;
        Ok(Self { path, file })
    }

    fn publish(&mut self, output: &Output) -> anyhow::Result<()> {
        match output {
            Output::Stdout => {
                io::copy(&mut File::open(&self.path)?, &mut io::stdout().lock())?;
            }
            Output::File(path) => {
                self.file.sync_all()?;
                std::fs::rename(&self.path, path)
                    .with_context(|| format!("cannot write {}", path.display()))?;
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

fn in_pieces(file: &Path, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> anyhow::Result<()> {
    let mut open = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let count = open
            .read(&mut piece)
            .with_context(|| format!("cannot read {}", file.display()))?;
        if count == 0 {
            return Ok(());
        }
        take(&piece[..count])?;
    }
}

/// The report; on stderr when the plaintext went to stdout.
fn tell(report: &Value, global: &Global, to_stderr: bool) {
    let lang = global.lang.unwrap_or_else(Language::of_environment);
    let text = if global.json {
        report.to_string()
    } else {
        let check = |name: &str| match &report["checks"][name] {
            Value::Bool(true) => lang.pick("right", "certo"),
            Value::Bool(false) => lang.pick("WRONG", "ERRADO"),
            _ => lang.pick("not compared", "não comparado"),
        };
        let checks = format!(
            "enc_sha256 {}, mac {}, padding {}, sha256 {}",
            check("enc_sha256"),
            check("mac"),
            check("padding"),
            check("sha256")
        );
        match report["reason"].as_str() {
            Some(reason) => format!(
                "{}: {reason} ({checks})",
                lang.pick("nothing was written", "nada foi gravado")
            ),
            None => format!(
                "{}: {} bytes, verified {}, {} ({checks})",
                report["output"].as_str().unwrap_or(""),
                report["size"],
                report["verified"].as_str().unwrap_or(""),
                report["label"].as_str().unwrap_or("")
            ),
        }
    };
    if to_stderr {
        eprintln!("{text}");
    } else {
        answer::line(&text);
    }
}
