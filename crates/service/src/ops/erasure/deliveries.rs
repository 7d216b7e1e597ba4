//! Raw deliveries that name a person, and new captions that wait for their messages.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};

use serde_json::Value;
use wa_media::Base64Decoder;

use super::{Error, Figures, Work, is_searched_in_texts};
use crate::db::{self, Db, Key};
use crate::deliveries::parts::{self, PartKind};
use crate::deliveries::{self, Deletion};
use crate::gateway;
use crate::model::{DeliveryId, DeliveryVerdict, InstanceId, contact};
use crate::ops::ownership::{is_of_another, is_shared};
use crate::queue::{captions, deletions};
use crate::{instances, media};

/// Bodies may be large, so few are in memory at once.
const FEW: u32 = 2;
/// So much of a long text is searched at once.
const WINDOW_BYTES: u64 = 1 << 20;
const PIECE_BYTES: usize = 16 << 10;
/// A string may hold JSON, whose strings may hold JSON.
const MOST_NESTED: u32 = 3;

/// The instances that a client has, and those that were its own once.
async fn instances_of(db: &Db, client: i64) -> Result<BTreeSet<InstanceId>, db::Error> {
    let mut ids: BTreeSet<_> = media::instances_of_client(db, client)
        .await?
        .into_iter()
        .collect();
    let own = instances::every_instance(db).await?.into_iter();
    ids.extend(own.filter(|one| one.client == client).map(|one| one.id));
    Ok(ids)
}

/// Whether a delivery could not be read, so that all that it has may be in it alone.
async fn is_unreadable(db: &Db, id: &DeliveryId) -> Result<bool, db::Error> {
    let delivery = deliveries::find(db, id).await?;
    let is_set_aside = delivery.is_some_and(|it| it.verdict == DeliveryVerdict::SetAside);
    Ok(is_set_aside && media::clients_of_delivery(db, id).await?.is_empty())
}

impl Work<'_> {
    /// Deletes those of all instances that are, or once were, the client's.
    pub(super) async fn deliveries(&mut self) -> Result<(), Error> {
        let (client, db) = (self.options.client, self.deps.db);
        for instance in instances_of(db, client).await? {
            let is_shared = is_shared(db, &instance, client).await?;
            let mut after = String::new();
            loop {
                let page = deliveries::bodies(db, &instance, &after, FEW).await?;
                let Some((last, _)) = page.last() else { break };
                after.clone_from(&last.0);
                for (id, body) in page {
                    let ids = &self.options.ids;
                    let is_named = body.is_some_and(|body| body_names(&body, ids))
                        || self.parts_name(&id).await?;
                    if !is_named || is_shared && self.is_of_another(&id).await? {
                        continue;
                    }
                    let stays = !self.options.include_unreadable && is_unreadable(db, &id).await?;
                    if stays {
                        self.report.unreadable_left += 1;
                    } else {
                        self.delivery(id).await?;
                    }
                }
            }
        }
        Ok(())
    }

    async fn is_of_another(&self, id: &DeliveryId) -> Result<bool, db::Error> {
        let (db, client) = (self.deps.db, self.options.client);
        Ok(match deliveries::find(db, id).await? {
            Some(delivery) => is_of_another(db, &delivery, client).await?,
            None => false,
        })
    }

    /// Whether a long text that was taken out of a body names them; files in base64 do not, unless they are JSON.
    async fn parts_name(&self, id: &DeliveryId) -> Result<bool, Error> {
        let ids = &self.options.ids;
        for part in parts::list(self.deps.db, id).await? {
            if part.kind == PartKind::Numbers {
                continue;
            }
            let is_base64 = part.kind == PartKind::Base64;
            let is_named = match (&part.text, part.file) {
                (Some(text), _) => part_names(&text[..], is_base64, ids)
                    .map_err(|error| Error::Storage(error.into()))?,
                (None, Some(file)) => match self.deps.bodies.open(id, file) {
                    Ok(text) => file_names(text, (part.start, part.length), is_base64, ids)
                        .map_err(|error| Error::Storage(error.into()))?,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => false,
                    Err(error) => return Err(Error::Storage(error.into())),
                },
                (None, None) => false,
            };
            if is_named {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Captions and deletions of messages that are not here, and released holds. Most captions go with their deliveries; these are the ones whose
    /// delivery stays.
    pub(super) async fn remembered(&mut self) -> Result<(), Error> {
        if self.options.dry_run {
            return Ok(());
        }
        for instance in instances_of(self.deps.db, self.options.client).await? {
            let ids = self.options.ids.clone();
            let is_named = move |text: &str| {
                ids.iter().any(|id| contact::bare(text) == id) || text_names(text.as_bytes(), &ids)
            };
            let forgotten = self.deps.db.write(Key::Everything, async move |tx| {
                captions::forget(tx, &instance, &is_named).await?;
                deletions::forget(tx, &instance, &is_named).await
            });
            forgotten.await?;
        }
        let (client, ids) = (self.options.client, self.options.ids.clone());
        let forgotten = self.deps.db.write(Key::Everything, async move |tx| {
            media::people::erase(tx, client, &ids).await?;
            media::holds::erase(tx, client, &ids).await
        });
        Ok(forgotten.await?)
    }

    async fn delivery(&mut self, id: DeliveryId) -> Result<(), Error> {
        if self.options.dry_run {
            let is_on_hold = deliveries::is_on_hold(self.deps.db, &id).await?;
            let found = if is_on_hold {
                &mut self.deliveries_on_hold
            } else {
                &mut self.deleted
            };
            found.insert(id);
            return Ok(());
        }
        self.begin().await?;
        let (which, journal) = (id.clone(), self.journal.clone());
        let deleted = self.deps.db.write(Key::Everything, async move |tx| {
            let deletion = deliveries::delete(tx, &which).await?;
            if deletion == Deletion::Gone {
                let erased = Figures {
                    deliveries: 1,
                    ..Figures::default()
                };
                journal.add(tx, erased).await?;
            }
            Ok(deletion)
        });
        let deletion = deleted.await?;
        self.count_delivery(id, deletion);
        Ok(())
    }

    pub(super) fn count_delivery(&mut self, id: DeliveryId, deletion: Deletion) {
        match deletion {
            Deletion::Gone => {
                if let Err(error) = self.deps.bodies.remove_all(&id) {
                    tracing::error!(delivery = %id, %error, "the text of an erased delivery could not be removed");
                    self.report.media_left += 1;
                }
                self.needed.remove(&id);
                self.deleted.insert(id);
            }
            Deletion::Needed => drop(self.needed.insert(id)),
            Deletion::OnHold => drop(self.deliveries_on_hold.insert(id)),
            Deletion::NotThere => {}
        }
    }
}

/// Whether a text has one of these ids as a whole: `5500900000001` is not in `55009000000012`.
fn text_names(text: &[u8], ids: &[String]) -> bool {
    let mut ids = ids.iter().filter(|id| is_searched_in_texts(id));
    ids.any(|id| media::whole(text, id).next().is_some())
}

/// Whether a body has one of these ids in a string, a key or a number, whatever its form is; one that cannot be read, anywhere.
fn body_names(body: &[u8], ids: &[String]) -> bool {
    let names = |value: Value| value_names(&value, ids, MOST_NESTED);
    match serde_json::from_slice(body) {
        Ok(value) => names(value),
        Err(_) => {
            text_names(body, ids)
                || form_names(body, ids)
                || gateway::as_json(body).is_some_and(names)
        }
    }
}

/// In a form, the digits of an escape may stand before those of an id.
fn form_names(body: &[u8], ids: &[String]) -> bool {
    let mut fields = url::form_urlencoded::parse(body);
    fields.any(|(name, value)| {
        let value = Value::String(value.into_owned());
        text_names(name.as_bytes(), ids) || value_names(&value, ids, MOST_NESTED)
    })
}

fn value_names(value: &Value, ids: &[String], nested: u32) -> bool {
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::Number(number) => text_names(number.to_string().as_bytes(), ids),
        Value::Array(items) => items.iter().any(|item| value_names(item, ids, nested)),
        Value::Object(fields) => fields
            .iter()
            .any(|(key, value)| text_names(key.as_bytes(), ids) || value_names(value, ids, nested)),
        Value::String(text) => {
            let inner = || gateway::text_as_json(text).filter(|_| nested > 0);
            text_names(text.as_bytes(), ids)
                || inner().is_some_and(|inner| value_names(&inner, ids, nested - 1))
        }
    }
}

fn file_names(
    mut file: File,
    (start, length): (u64, u64),
    is_base64: bool,
    ids: &[String],
) -> io::Result<bool> {
    file.seek(SeekFrom::Start(start))?;
    part_names(file.take(length), is_base64, ids)
}

fn part_names(text: impl Read, is_base64: bool, ids: &[String]) -> io::Result<bool> {
    if is_base64 {
        stream_names(DecodedJson::new(text), ids)
    } else {
        stream_names(text, ids)
    }
}

/// [`text_names`] for a text of any length, window by window. A window ends where no id goes on.
fn stream_names(mut text: impl Read, ids: &[String]) -> io::Result<bool> {
    let mut window = Vec::new();
    loop {
        let read = (&mut text).take(WINDOW_BYTES).read_to_end(&mut window)?;
        let is_end = (read as u64) < WINDOW_BYTES;
        let between = |byte: &u8| matches!(byte, b' ' | b',' | b'}' | b'\n');
        let end = match window.iter().rposition(between) {
            Some(at) if !is_end => at + 1,
            // No id is so long.
            None if !is_end && window.len() as u64 > 2 * WINDOW_BYTES => window.len(),
            None if !is_end => continue,
            _ => window.len(),
        };
        if text_names(&window[..end], ids) {
            return Ok(true);
        }
        if is_end {
            return Ok(false);
        }
        window.drain(..end);
    }
}

/// What base64 contains, if it is JSON; else nothing.
struct DecodedJson<R> {
    base64: R,
    decoder: Option<Base64Decoder>,
    decoded: Vec<u8>,
    is_begun: bool,
}

impl<R: Read> DecodedJson<R> {
    fn new(base64: R) -> Self {
        Self {
            base64,
            decoder: Some(Base64Decoder::new()),
            decoded: Vec::new(),
            is_begun: false,
        }
    }

    /// Decodes the next bytes; ends at what is no base64, and at the beginning of something else than JSON.
    fn fill(&mut self) -> io::Result<()> {
        let mut piece = vec![0; PIECE_BYTES];
        while self.decoded.is_empty() {
            let Some(decoder) = &mut self.decoder else {
                return Ok(());
            };
            let length = self.base64.read(&mut piece)?;
            let is_sound = decoder.update(&piece[..length], &mut self.decoded).is_ok();
            if (!is_sound || length == 0)
                && let Some(decoder) = self.decoder.take()
            {
                // What follows the last whole byte has no id.
                let _ = decoder.finish(&mut self.decoded);
            }
            if !self.is_begun && !self.decoded.is_empty() {
                self.is_begun = true;
                let mark = [0xef, 0xbb, 0xbf];
                let text = self.decoded.strip_prefix(&mark).unwrap_or(&self.decoded);
                if !matches!(text.trim_ascii_start().first(), Some(b'{' | b'[' | b'"')) {
                    (self.decoder, self.decoded) = (None, Vec::new());
                }
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for DecodedJson<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.fill()?;
        let length = into.len().min(self.decoded.len());
        into[..length].copy_from_slice(&self.decoded[..length]);
        self.decoded.drain(..length);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_body_names_a_person_however_json_writes_it() {
        let ids = ["5500900000001".to_owned(), "oi".to_owned()];
        for (body, found) in [
            (r#"{"id":"5500900000001@c.us"}"#, true),
            (r#"{"id":5500900000001}"#, true),
            (r#"{"5500900000001@c.us":1}"#, true),
            (r#"{"id":"\u0035500900000001"}"#, true),
            (r#"{"text":"fone\n5500900000001"}"#, true),
            (r#"{"text":"{\"id\":\"\\u00355\\u00300900000001\"}"}"#, true),
            (r#"{"text":"@5500900000001","broken":"#, true),
            (r#"{"id":"\u003155500900000001"}"#, false),
            (r#"{"id":"55009000000012","text":"oi \u00e9"}"#, false),
            (r#"{"broken":"\u00"#, false),
            (r"\", false),
        ] {
            assert_eq!(body_names(body.as_bytes(), &ids), found, "{body}");
        }
    }

    /// One body in many forms and encodings that names this person.
    fn bodies_that_name(person: &str) -> Vec<Vec<u8>> {
        let json = format!(r#"{{"from":"{person}@c.us","push":"ação"}}"#);
        let base64 = STANDARD.encode(&json);
        let utf_16 =
            |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
        let form = |value: &str| {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            form.append_pair("jsonData", value).finish().into_bytes()
        };
        let in_envelope = |text: &str| json!({"body": text, "isBase64Encoded": true}).to_string();
        let inner_form = String::from_utf8(form(&json)).unwrap();
        // Its first digit is escaped, and a control character is not.
        let first = &person[..1];
        let escaped = format!(
            "{{\"a\":\"\\u003{first}{}\",\"b\":\"\u{1}\"}}",
            &person[1..]
        );
        vec![
            utf_16(&json),
            utf_16(&format!("\u{feff}{json}")),
            form(&json),
            form(&base64),
            format!("From=whatsapp%3A%2B{person}&Body=oi").into_bytes(),
            format!("text=fone%20{person}").into_bytes(),
            json.chars().map(|letter| letter as u8).collect(),
            escaped.into_bytes(),
            in_envelope(&base64).into_bytes(),
            in_envelope(&inner_form).into_bytes(),
        ]
    }

    #[test]
    fn a_body_of_any_form_and_encoding_names_a_person() {
        let ids = ["5500900000001".to_owned()];
        for body in bodies_that_name(&ids[0]) {
            let text = String::from_utf8_lossy(&body);
            assert!(body_names(&body, &ids), "{text}");
        }
        for body in bodies_that_name("5500900000002") {
            let text = String::from_utf8_lossy(&body);
            assert!(!body_names(&body, &ids), "{text}");
        }
        let json = r#"{"from":"5500900000001@c.us"}"#;
        let long = json.repeat(100_000);
        for text in [json, &format!("\u{feff} {json}"), &long] {
            let text = STANDARD.encode(text);
            assert!(part_names(text.as_bytes(), true, &ids).unwrap());
            assert!(!part_names(text.as_bytes(), false, &ids).unwrap());
        }
        let file = STANDARD.encode(format!("\u{2}{json}"));
        assert!(!part_names(file.as_bytes(), true, &ids).unwrap());
    }
}
