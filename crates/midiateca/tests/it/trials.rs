//! Inputs made from public reports: each file of `tests/fixtures/trials` says what arrives and which rows must be there
//! afterwards. Each has its own test here.

mod recipe;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use midiateca_service::clock::{Clock, Millis};
use midiateca_service::db::Row;
use midiateca_service::model::Route;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::stage::{FIRST, TODAY, TestApp, impatient};
use recipe::{FileRecipe, TrialFile};

const PATIENCE: Duration = Duration::from_secs(60);
/// How many waits of the backoff schedule a trial skips.
const SKIPPED_WAITS: usize = 4;

macro_rules! trials {
    ($($name:ident = $file:literal;)*) => {
        $(#[tokio::test]
        async fn $name() {
            run($file).await;
        })*

        const FILES: &[&str] = &[$($file),*];
    };
}

trials! {
    t01_view_once_around_a_photo_with_buttons = "01-view-once-carries-a-photo-with-buttons";
    t02_view_once_around_a_carousel = "02-view-once-carries-a-carousel";
    t04_view_once_around_old_buttons_and_a_product = "04-view-once-carries-old-buttons-and-a-product";
    t06_template_with_an_interactive_header = "06-template-with-an-interactive-header";
    t07_motion_photo_and_its_video = "07-motion-photo-and-its-video";
    t08_answer_to_a_story_with_a_live_photo = "08-answer-to-a-story-with-a-live-photo";
    t09_hd_photo_and_both_shapes_of_its_caption_edit = "09-hd-photo-and-both-shapes-of-its-caption-edit";
    t10_caption_edit_without_keys = "10-caption-edit-without-keys";
    t11_caption_edit_of_an_unknown_message = "11-caption-edit-of-what-is-not-here";
    t12_caption_edit_from_a_bare_lid = "12-caption-edit-from-a-bare-lid";
    t14_edit_that_is_encrypted = "14-edit-that-is-encrypted-itself";
    t15_csv_that_windows_calls_excel = "15-csv-that-windows-calls-excel";
    t16_text_that_begins_like_something_else = "16-text-that-begins-like-something-else";
    t17_office_files_with_macros = "17-office-files-with-macros";
    t18_extension_that_no_table_knows = "18-extension-that-no-table-knows";
    t20_office_file_that_is_called_a_zip = "20-office-file-that-is-called-a-zip";
    t21_text_in_utf_16 = "21-text-in-utf-16";
    t22_iphone_photo_as_a_document = "22-iphone-photo-as-a-document";
    t23_odd_but_honest_names = "23-odd-but-honest-names";
    t24_moving_stickers = "24-moving-stickers";
    t25_two_documents_of_one_name = "25-two-papers-of-one-name";
    t26_poll_with_pictures = "26-poll-whose-choices-are-pictures";
    t27_nul_and_other_characters_in_text = "27-nul-and-other-letters-in-words";
    t28_empty_document = "28-empty-document";
    t29_time_in_milliseconds_or_as_a_long = "29-time-in-milliseconds-or-as-a-long";
    t30_forwarded_by_an_automation = "30-forwarded-by-an-automation";
    t32_link_sent_compressed = "32-link-sent-compressed";
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/trials")
}

#[test]
fn every_trial_has_a_test() {
    let names = std::fs::read_dir(folder()).unwrap().map(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        name.strip_suffix(".json").unwrap().to_owned()
    });
    let mut names: Vec<_> = names.collect();
    names.sort();
    assert_eq!(FILES, names);
}

/// What a trial's file says. What else it holds is for people.
#[derive(Deserialize)]
struct Trial {
    files: BTreeMap<String, FileRecipe>,
    deliveries: Vec<TrialDelivery>,
    want: Vec<Want>,
    /// The number of rows, where it is not that of `want`.
    rows: Option<usize>,
}

#[derive(Deserialize)]
struct TrialDelivery {
    id: String,
    #[serde(default)]
    content: Value,
    /// Put into the envelope over what is there.
    #[serde(default)]
    with: Map<String, Value>,
    /// Instead of the envelope.
    body: Option<Value>,
    /// What another system puts around the envelope, which then is in the field `in_field`.
    inside: Option<Value>,
    in_field: Option<String>,
    /// The next delivery comes after the downloads of this one.
    wait: Option<u64>,
}

/// A row that must be there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Want {
    id: String,
    file: Option<String>,
    status: Option<String>,
    reason: Option<String>,
    kind: Option<String>,
    extension: Option<String>,
    caption: Option<String>,
    verified: Option<String>,
    sent_at: Option<Millis>,
}

struct Run {
    test: TestApp,
    clock: Clock,
    name: String,
    files: BTreeMap<String, TrialFile>,
}

async fn run(name: &str) {
    let text = std::fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
    let trial: Trial = serde_json::from_str(&text).unwrap();
    let mut config = impatient();
    config.fetch.routes = vec![Route::Cdn, Route::Gateway];
    let clock = Clock::fixed(TODAY);
    let test = TestApp::with(config, clock.clone()).await;
    let files = trial.files.iter().map(|(file, recipe)| {
        let made = TrialFile::make(&test.sim, &format!("{name}-{file}"), recipe);
        (file.clone(), made)
    });
    let files = files.collect();
    let run = Run {
        test,
        clock,
        name: name.to_owned(),
        files,
    };
    for delivery in &trial.deliveries {
        run.post(delivery).await;
    }
    let rows = run.settle().await;
    run.compare(&trial, rows);
    run.test.end().await;
}

impl Run {
    async fn post(&self, delivery: &TrialDelivery) {
        let mut body = delivery
            .body
            .clone()
            .unwrap_or_else(|| self.envelope(delivery));
        if let (Some(inside), Some(field)) = (&delivery.inside, &delivery.in_field) {
            let mut around = inside.clone();
            around[field] = body;
            body = around;
        }
        let (status, answer) = self.test.post(body.to_string()).await;
        assert_eq!(status, 200, "{answer}");
        if delivery.wait.is_some() {
            self.settle().await;
        }
    }

    fn envelope(&self, delivery: &TrialDelivery) -> Value {
        let mut envelope = json!({
            "event": "webhookReceived", "instanceId": FIRST, "connectedPhone": "5500900000000",
            "isGroup": false, "messageId": delivery.id, "fromMe": false, "fromApi": false,
            "chat": {"id": "5548911112222", "profilePicture": ""},
            "sender": {"id": "5548911112222", "pushName": "Dona Cida", "profilePicture": ""},
            "moment": 1_790_000_100, "msgContent": delivery.content,
        });
        let object = envelope.as_object_mut().unwrap();
        object.extend(delivery.with.clone());
        self.fill(envelope)
    }

    /// Puts a file's fields and the real message ids in.
    fn fill(&self, value: Value) -> Value {
        match value {
            Value::String(text) => json!(self.real_id(&text)),
            Value::Array(items) => items.into_iter().map(|item| self.fill(item)).collect(),
            Value::Object(object) => {
                let mut filled = Map::new();
                let file = object.get("$file").and_then(Value::as_str);
                if let Some(file) = file {
                    filled.extend(self.files[file].fields.clone());
                }
                let others = object.into_iter().filter(|(name, _)| name != "$file");
                filled.extend(others.map(|(name, value)| (name, self.fill(value))));
                Value::Object(filled)
            }
            other => other,
        }
    }

    /// `M1`, `M2` … stand for ids as WhatsApp makes them.
    fn real_id(&self, text: &str) -> String {
        let number = text.strip_prefix('M');
        let is_id = number.is_some_and(|number| number.parse::<u8>().is_ok());
        if !is_id {
            return text.to_owned();
        }
        let hash = Sha256::digest(format!("{}/{text}", self.name));
        let id = hash[..9].iter().map(|byte| format!("{byte:02X}"));
        format!("3EB0{}", id.collect::<String>())
    }

    /// Waits until nothing is downloading or ready; what waits for its next attempt has it at once, by the clock.
    async fn settle(&self) -> Vec<Row> {
        let started = Instant::now();
        let mut skipped = 0;
        loop {
            let sql = "select * from media order by message_id, slot";
            let rows = self.test.app.db.rows(sql, vec![]).await.unwrap();
            let status = |row: &Row| row.text("status").unwrap();
            let next = |row: &Row| row.int_or_none("next_attempt_at").unwrap();
            let is_open = |row: &&Row| matches!(status(row).as_str(), "pending" | "downloading");
            let open: Vec<_> = rows.iter().filter(is_open).collect();
            let waits: Option<Vec<Millis>> = open.iter().map(|row| next(row)).collect();
            match waits.and_then(|waits| waits.into_iter().min()) {
                _ if open.is_empty() => return rows,
                Some(_) if skipped == SKIPPED_WAITS => return rows,
                Some(next) if next > self.clock.now() => {
                    skipped += 1;
                    self.clock.advance(next - self.clock.now());
                }
                _ => tokio::time::sleep(Duration::from_millis(10)).await,
            }
            assert!(started.elapsed() < PATIENCE, "still not settled");
        }
    }

    fn compare(&self, trial: &Trial, mut rows: Vec<Row>) {
        let wanted = trial.rows.unwrap_or(trial.want.len());
        let ids: Vec<_> = rows.iter().map(describe).collect();
        assert_eq!(rows.len(), wanted, "{ids:#?}");
        for want in &trial.want {
            let id = self.real_id(&want.id);
            let file = want.file.as_deref().map(|file| &self.files[file]);
            let is_wanted = |row: &Row| {
                let sha256 = row.bytes32_or_none("sha256").unwrap();
                let is_file = file.is_none_or(|file| sha256.is_none_or(|has| has == file.sha256));
                row.text("message_id").unwrap() == id && is_file
            };
            let at = rows.iter().position(is_wanted);
            let at = at.unwrap_or_else(|| panic!("no row for {}: {ids:#?}", want.id));
            self.compare_row(want, file, &rows.remove(at));
        }
    }

    fn compare_row(&self, want: &Want, file: Option<&TrialFile>, row: &Row) {
        let text = |column: &str| row.text_or_none(column).unwrap();
        let path = text("path");
        let extension = path
            .as_deref()
            .and_then(|path| path.rsplit_once('.'))
            .map(|(_, extension)| extension.to_owned());
        for (name, wanted, found) in [
            ("status", &want.status, text("status")),
            ("reason", &want.reason, text("reason")),
            ("kind", &want.kind, text("kind")),
            ("caption", &want.caption, text("caption")),
            ("verified", &want.verified, text("verified")),
            ("extension", &want.extension, extension),
        ] {
            let is_right = wanted.is_none() || *wanted == found;
            assert!(is_right, "{}: {name} is {found:?}", describe(row));
        }
        if want.sent_at.is_some() {
            assert_eq!(row.int_or_none("sent_at").unwrap(), want.sent_at);
        }
        if let (Some(file), Some(path)) = (file, path) {
            let stored = std::fs::read(self.test.app.storage.root().join(path)).unwrap();
            assert_eq!(stored, file.bytes, "{}", describe(row));
        }
    }
}

fn describe(row: &Row) -> String {
    let text = |column: &str| row.text_or_none(column).unwrap().unwrap_or_default();
    let [id, kind, status, reason] = ["message_id", "kind", "status", "reason"].map(text);
    format!("{id} {kind} {status} {reason}")
}
