//! Raw deliveries that name a person. They are looked through as text, for a person may be named where no reader looks.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use super::{Figures, Unreadable, Work, is_telling};
use crate::db::Key;
use crate::deliveries::parts::{self, Kind};
use crate::deliveries::{self, Deletion};
use crate::media;
use crate::model::{DeliveryId, contact};
use crate::ops::retention::{Doing, Error};
use crate::queue::captions;

/// Bodies may be large, so few are held at once.
const FEW: u32 = 2;
/// So much of a long text is looked through at once.
const WINDOW_BYTES: u64 = 1 << 20;

impl Work<'_> {
    /// Lets go of those of all instances that are, or once were, the client's.
    pub(super) async fn deliveries(&mut self) -> Result<(), Error> {
        let client = self.erasure.client;
        for instance in deliveries::instances_of(&self.app.db, client).await? {
            let is_shared = deliveries::is_shared(&self.app.db, &instance, client).await?;
            let mut after = String::new();
            loop {
                let page = deliveries::bodies(&self.app.db, &instance, &after, FEW).await?;
                let Some((last, _)) = page.last() else { break };
                after.clone_from(&last.0);
                for (id, body) in page {
                    let mut names_them =
                        body.is_some_and(|body| is_named(&body, &self.erasure.names));
                    if !names_them {
                        names_them = self.is_named_in_parts(&id).await?;
                    }
                    if !names_them
                        || is_shared && deliveries::is_of_another(&self.app.db, &id, client).await?
                    {
                        continue;
                    }
                    match self.unreadable == Unreadable::Stay
                        && deliveries::is_unreadable(&self.app.db, &id).await?
                    {
                        true => self.erasure.unreadable_left += 1,
                        false => self.delivery(id).await?,
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether a long text that was taken out of a body names them; files in base64 do not.
    async fn is_named_in_parts(&self, id: &DeliveryId) -> Result<bool, Error> {
        for part in parts::of(&self.app.db, id).await? {
            let names = &self.erasure.names;
            if matches!(part.kind, Kind::Base64 | Kind::Numbers) {
                continue;
            }
            let found = match (&part.text, part.file) {
                (Some(text), _) => is_named(text, names),
                (None, Some(file)) => match self.app.bodies.open(id, file) {
                    Ok(text) => is_named_in(text, part.start, part.length, names)
                        .map_err(|error| Error::Vault(error.into()))?,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => false,
                    Err(error) => return Err(Error::Vault(error.into())),
                },
                (None, None) => false,
            };
            if found {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// New captions that wait for their messages. Most go with their deliveries; these are the ones whose delivery stays.
    pub(super) async fn remembered_captions(&mut self) -> Result<(), Error> {
        if self.doing == Doing::DryRun {
            return Ok(());
        }
        for instance in deliveries::instances_of(&self.app.db, self.erasure.client).await? {
            let names = self.erasure.names.clone();
            let is_named = move |text: &str| {
                let is_id = names.iter().any(|name| contact::bare(text) == name);
                is_id || is_named(text.as_bytes(), &names)
            };
            let forgetting = self.app.db.write(Key::Everything, async move |tx| {
                captions::forget(tx, &instance, &is_named).await
            });
            forgetting.await?;
        }
        Ok(())
    }

    async fn delivery(&mut self, id: DeliveryId) -> Result<(), Error> {
        if self.doing == Doing::DryRun {
            self.gone.insert(id);
            return Ok(());
        }
        self.begin().await?;
        let which = id.clone();
        let (owed, names, now) = self.remembering();
        let deleting = self.app.db.write(Key::Everything, async move |tx| {
            let deletion = deliveries::delete(tx, &which).await?;
            if deletion == Deletion::Gone {
                let erased = Figures {
                    deliveries: 1,
                    ..Figures::default()
                };
                owed.add(tx, &names, erased, now).await?;
            }
            Ok(deletion)
        });
        let deletion = deleting.await?;
        self.count_delivery(id, deletion);
        Ok(())
    }

    pub(super) fn count_delivery(&mut self, id: DeliveryId, deletion: Deletion) {
        match deletion {
            Deletion::Gone => {
                if let Err(error) = self.app.bodies.remove_all(&id) {
                    tracing::error!(delivery = %id, %error, "the text of an erased delivery could not be removed");
                    self.erasure.media_left += 1;
                }
                self.needed.remove(&id);
                self.gone.insert(id);
            }
            Deletion::Needed => drop(self.needed.insert(id)),
            Deletion::NotThere => {}
        }
    }
}

/// Like [`is_named`], for a text in a file, window by window. A window ends where no name goes on.
fn is_named_in(mut file: File, start: u64, length: u64, names: &[String]) -> io::Result<bool> {
    file.seek(SeekFrom::Start(start))?;
    let mut rest = file.take(length);
    let mut window = Vec::new();
    loop {
        let read = (&mut rest).take(WINDOW_BYTES).read_to_end(&mut window)?;
        let is_end = (read as u64) < WINDOW_BYTES;
        let between = |byte: &u8| matches!(byte, b' ' | b',' | b'}' | b'\n');
        let end = match window.iter().rposition(between) {
            Some(at) if !is_end => at + 1,
            // Nobody has such a name.
            None if !is_end && window.len() as u64 > 2 * WINDOW_BYTES => window.len(),
            None if !is_end => continue,
            _ => window.len(),
        };
        if is_named(&window[..end], names) {
            return Ok(true);
        }
        if is_end {
            return Ok(false);
        }
        window.drain(..end);
    }
}

/// Whether a body holds one of these names, as it is or as JSON writes it otherwise.
fn is_named(body: &[u8], names: &[String]) -> bool {
    let names = || names.iter().filter(|name| is_telling(name));
    let holds = |text: &[u8]| names().any(|name| media::whole(text, name).next().is_some());
    if holds(body) {
        return true;
    }
    let mut text = body.to_owned();
    // A string may hold JSON, and be written twice.
    for _ in 0..2 {
        if !text.contains(&b'\\') {
            return false;
        }
        text = unescaped(&text);
        if holds(&text) {
            return true;
        }
    }
    false
}

/// A text with the escapes of JSON taken out, wherever they are.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&letter) = text.get(at) {
        let code = text.get(at..at + 6).and_then(|escape| {
            let digits = std::str::from_utf8(escape.strip_prefix(b"\\u")?).ok()?;
            char::from_u32(u32::from_str_radix(digits, 16).ok()?)
        });
        let next = text.get(at + 1);
        match (letter, code, next) {
            (b'\\', Some(letter), _) => {
                plain.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                at += 6;
            }
            (b'\\', None, Some(letter)) => {
                // What separates lines separates words as well.
                plain.push(match letter {
                    b'n' | b't' | b'r' | b'b' | b'f' => b' ',
                    other => *other,
                });
                at += 2;
            }
            _ => {
                plain.push(letter);
                at += 1;
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_names_a_person_however_json_writes_it() {
        let names = ["5500900000001".to_owned(), "oi".to_owned()];
        for (body, found) in [
            (r#"{"id":"5500900000001@c.us"}"#, true),
            (r#"{"id":"\u0035500900000001"}"#, true),
            (r#"{"text":"fone\n5500900000001"}"#, true),
            (r#"{"text":"{\"id\":\"\\u00355\u00300900000001\"}"}"#, true),
            (r#"{"id":"\u003155500900000001"}"#, false),
            (r#"{"id":"55009000000012","text":"oi \u00e9"}"#, false),
            (r#"{"broken":"\u00"#, false),
            (r"\", false),
        ] {
            assert_eq!(is_named(body.as_bytes(), &names), found, "{body}");
        }
    }
}
