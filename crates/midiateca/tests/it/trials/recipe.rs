//! Makes a trial's files, and has the simulated gateway serve them.

use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use std::io::Write as _;
use wa_media::MediaKind;
use wa_sim::{Content, Fault, LinkExpiry, Sim, SimMedia};
use zip::write::SimpleFileOptions;

use crate::stage::FIRST;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileRecipe {
    kind: String,
    bytes: BytesRecipe,
    /// What the CDN answers, request by request; the last one for all later requests.
    #[serde(default)]
    cdn: Vec<Value>,
    /// The same for the gateway's link.
    #[serde(default)]
    api: Vec<Value>,
    expires: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BytesRecipe {
    form: Option<String>,
    text: Option<String>,
    encoding: Option<String>,
    hex: Option<String>,
    zip: Option<Vec<(String, String)>>,
    size: Option<usize>,
}

/// A file that is being served, and what a message says of it.
pub(super) struct TrialFile {
    pub(super) bytes: Vec<u8>,
    pub(super) sha256: [u8; 32],
    pub(super) fields: Map<String, Value>,
}

impl TrialFile {
    pub(super) fn make(sim: &Sim, name: &str, recipe: &FileRecipe) -> Self {
        let kind = MediaKind::parse(&recipe.kind).unwrap();
        let bytes = recipe.bytes.make(name);
        let media = SimMedia {
            content: Content::Bytes(bytes.clone().into()),
            fault: in_turn(&recipe.api, Fault::ApiStatus),
            cdn_fault: in_turn(&recipe.cdn, Fault::FileStatus),
            link_expiry: recipe
                .expires
                .as_deref()
                .map_or_else(Default::default, expiry),
            file_name: None,
            caption: None,
            voice_note: false,
            ..SimMedia::sample(FIRST, name, kind)
        };
        let delivery = sim.world().add(media);
        let leaf = &delivery.body["msgContent"][format!("{}Message", kind.as_str())];
        let mut fields = leaf.as_object().unwrap().clone();
        fields.remove("mimetype");
        Self {
            sha256: delivery.sha256,
            bytes,
            fields,
        }
    }
}

fn in_turn(answers: &[Value], status: fn(u16) -> Fault) -> Fault {
    let fault = |answer: &Value| match answer {
        Value::Null => Fault::None,
        Value::Number(number) => status(u16::try_from(number.as_u64().unwrap()).unwrap()),
        Value::String(text) if text == "gzip" => Fault::Gzip,
        other => panic!("unknown answer {other}"),
    };
    Fault::InTurn(answers.iter().map(fault).collect())
}

fn expiry(text: &str) -> LinkExpiry {
    match text {
        "milliseconds" => LinkExpiry::Milliseconds,
        "seconds" => LinkExpiry::Seconds,
        "text" => LinkExpiry::Text,
        "zero" => LinkExpiry::Zero,
        "absent" => LinkExpiry::Absent,
        other => panic!("unknown expiry {other}"),
    }
}

impl BytesRecipe {
    /// The bytes; those of a `form` differ from name to name.
    fn make(&self, name: &str) -> Vec<u8> {
        if let Some(form) = &self.form {
            return of_form(form, name, self.size);
        }
        if let Some(text) = &self.text {
            return encode(text, self.encoding.as_deref().unwrap_or("utf-8"));
        }
        if let Some(entries) = &self.zip {
            return archive(entries);
        }
        let mut bytes = of_hex(self.hex.as_deref().unwrap());
        let size = self.size.unwrap_or(bytes.len()).max(bytes.len());
        bytes.resize(size, 0);
        bytes
    }
}

/// A small file of that form, filled up or cut to a size.
fn of_form(form: &str, name: &str, size: Option<usize>) -> Vec<u8> {
    let kind = match form {
        "jpg" => MediaKind::Image,
        "mp4" => MediaKind::Video,
        "ogg" => MediaKind::Audio,
        "pdf" => MediaKind::Document,
        "webp" => MediaKind::Sticker,
        other => panic!("unknown form {other}"),
    };
    let Content::Bytes(sample) = SimMedia::sample(FIRST, name, kind).content else {
        panic!("samples have their bytes")
    };
    let mut bytes = sample.to_vec();
    bytes.resize(size.unwrap_or(bytes.len()), b' ');
    let mark = Sha256::digest(name);
    let end = bytes.len() - 16;
    bytes[end..].copy_from_slice(&mark[..16]);
    bytes
}

fn encode(text: &str, encoding: &str) -> Vec<u8> {
    match encoding {
        "utf-8" => text.as_bytes().to_vec(),
        "utf-16-le" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "utf-16-be" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        "latin-1" => text
            .chars()
            .map(|letter| u8::try_from(letter).unwrap())
            .collect(),
        other => panic!("unknown encoding {other}"),
    }
}

fn archive(entries: &[(String, String)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in entries {
        archive
            .start_file(name, SimpleFileOptions::default())
            .unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn of_hex(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}
