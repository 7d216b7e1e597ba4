//! `decrypt`: one encrypted file, without a database, see [`decrypt`].

use std::io;
use std::path::PathBuf;

use serde_json::Value;
use wa_media::{Cause, Expected, KeyKind, MediaKey, read};

use crate::cli::complaint::unreadable;
use crate::cli::{
    Bar, Ending, Language, Out, UsageError, answer, plain, words::context as files,
    words::decrypt as words,
};
use midiateca_service::ops::decrypt::{self, Error, Output, Report};
use midiateca_service::shutdown::Shutdown;

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

pub(crate) fn run(options: &Options, lang: Language) -> anyhow::Result<Ending> {
    let unknown = || usage!(lang, words::UNKNOWN_KIND, name = plain(&options.kind));
    let kind = KeyKind::from_wire_type(&options.kind).ok_or_else(unknown)?;
    let hash = |name, text: &Option<String>| {
        let text = text.as_ref();
        text.map(|text| bytes32(name, text, lang)).transpose()
    };
    let order = decrypt::Options {
        file: options.file.clone(),
        key: MediaKey::new(bytes32("--media-key", &options.media_key, lang)?),
        kind,
        expected: Expected {
            sha256: hash("--sha256", &options.sha256)?,
            enc_sha256: hash("--enc-sha256", &options.enc_sha256)?,
        },
        output: output(options, lang)?,
    };
    // With the plaintext on stdout, the report goes to stderr.
    let out = match order.output {
        Output::Stream(_) => Out::Stderr,
        Output::File(_) => Out::Stdout,
    };
    let (bar, cancelled) = (Bar::of_bytes(), Shutdown::default().token_with_signals());
    let report = tokio::task::block_in_place(|| decrypt::run(order, &bar, &cancelled));
    bar.end();
    let report = report.map_err(|error| explained(error, lang))?;
    out.line(if answer::is_json() {
        answer::json(&report)
    } else {
        sentence(&report, lang)
    });
    Ok(Ending::fine_if(report.decrypted))
}

fn bytes32(name: &str, text: &str, lang: Language) -> Result<[u8; 32], UsageError> {
    let value = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    read::bytes32(&value).ok_or_else(|| usage!(lang, words::NOT_32_BYTES, name))
}

fn output(options: &Options, lang: Language) -> Result<Output, UsageError> {
    let is_encrypted = options.file.extension().is_some_and(|it| it == "enc");
    match &options.output {
        Some(path) if path.as_os_str() == "-" => Ok(Output::Stream(Box::new(io::stdout()))),
        Some(path) => Ok(Output::File(path.clone())),
        None if is_encrypted => Ok(Output::File(options.file.with_extension(""))),
        None => Err(usage!(lang, words::NAME_OUTPUT)),
    }
}

fn explained(error: Error, lang: Language) -> anyhow::Error {
    match error {
        Error::Exists(path) => usage!(lang, files::STAYS, path = path.display()).into(),
        Error::Read(path, error) => unreadable(lang, &path, error),
        Error::Write(path, error) => {
            let text = fill!(lang, files::CANNOT_WRITE, path = path.display());
            anyhow::Error::new(error).context(text)
        }
    }
}

fn sentence(report: &Report, lang: Language) -> String {
    let checks = report.checks;
    let checks = [
        ("enc_sha256", checks.enc_sha256),
        ("mac", checks.mac),
        (lang.say(words::PADDING), checks.padding),
        ("sha256", checks.sha256),
    ];
    let checks = checks.map(|(name, is_equal)| {
        let result = match is_equal {
            Some(true) => words::RIGHT,
            Some(false) => words::WRONG,
            None => words::NOT_COMPARED,
        };
        format!("{name} {}", lang.say(result))
    });
    let checks = checks.join(", ");
    let Some(size) = report.size else {
        let why = why(report.reason, lang);
        return fill!(lang, words::NOT_WRITTEN, why, checks);
    };
    let (output, label) = (&report.output, report.label.unwrap_or(""));
    let how = lang.name(report.verified.unwrap_or(""));
    fill!(lang, words::WRITTEN, output, size, how, label, checks)
}

fn why(reason: Option<Cause>, lang: Language) -> String {
    let (key, received) = match reason {
        None => (words::STOPPED, 0),
        Some(Cause::NotEncrypted) => (words::NOT_ENCRYPTED, 0),
        Some(Cause::TooShort { received }) => (words::TOO_SHORT, received),
        Some(Cause::BadShape { received }) => (words::BAD_SHAPE, received),
        Some(Cause::Corrupt) => (words::CORRUPT, 0),
        Some(Cause::WrongKey) => (words::WRONG_KEY, 0),
        Some(Cause::BadPadding) => (words::BAD_PADDING, 0),
        Some(Cause::PlainHashMismatch) => (words::PLAIN_HASH_MISMATCH, 0),
    };
    fill!(lang, key, received)
}
