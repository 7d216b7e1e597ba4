//! Erasure: everything that a person sent to one client, or that was sent in the chat with them, and every raw delivery
//! that names them. What is left of a media is that it came, when, and under which message; by that a repeat is known,
//! and not taken in again.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Doing, Error};
use crate::app::App;
use crate::catalog::{self, Doomed, Person};
use crate::clock::Millis;
use crate::delivery;
use crate::events::{self, News};
use crate::vault::layout::RelativePath;

/// Media that are erased in one commit.
const PAGE: u32 = 100;
/// Bodies may be large, so few are held at once.
const FEW: u32 = 16;
/// A person has a number and a privacy id, in Brazil perhaps two numbers; more is a mistake.
const MOST_NAMES: usize = 16;

/// What was erased, or would be: the proof.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Erasure {
    /// The client.
    pub client: i64,
    /// All names under which the person was found.
    pub names: Vec<String>,
    /// When it began, unix milliseconds.
    #[serde(skip)]
    pub at: Millis,
    /// Rows of which everything personal is gone.
    pub media: u64,
    /// Files that are gone.
    pub files: Vec<ErasedFile>,
    /// How large they were together.
    pub bytes: u64,
    /// Raw deliveries that are gone.
    pub deliveries: u64,
    /// Raw deliveries that name the person, and stay until the bytes that somebody else sent in them are filed.
    pub deliveries_left: u64,
}

/// One file that is gone.
#[derive(Clone, Debug, serde::Serialize)]
pub struct ErasedFile {
    /// Which media it was.
    pub media: String,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: Option<String>,
    /// How long it was.
    pub size: u64,
}

/// Erases a person from what one client holds. Doing it twice does no harm, and goes on where the first was cut short.
pub async fn erase(
    app: &App,
    client: i64,
    contacts: &[String],
    doing: Doing,
) -> Result<Erasure, Error> {
    let mut erasure = Erasure {
        client,
        names: names(app, client, contacts).await?,
        at: app.clock.now(),
        media: 0,
        files: Vec::new(),
        bytes: 0,
        deliveries: 0,
        deliveries_left: 0,
    };
    let mut seen = BTreeSet::new();
    for name in erasure.names.clone() {
        let person = Person { client, name };
        let mut after = String::new();
        loop {
            let page = catalog::of_person(&app.db, &person, &after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.id.0);
            let page: Vec<_> = page
                .into_iter()
                .filter(|doomed| seen.insert(doomed.id.0.clone()))
                .collect();
            page.iter().for_each(|doomed| erasure.count(doomed));
            if doing == Doing::Now {
                erase_page(app, page).await?;
            }
        }
    }
    deliveries(app, doing, &mut erasure).await?;
    if doing == Doing::Now {
        finish(app, &erasure).await?;
    }
    Ok(erasure)
}

impl Erasure {
    fn count(&mut self, doomed: &Doomed) {
        self.media += 1;
        if doomed.path.is_some() {
            self.bytes += doomed.size_bytes;
            self.files.push(ErasedFile {
                media: doomed.id.0.clone(),
                sha256: doomed.sha256.as_ref().map(|sha256| catalog::hex(sha256)),
                size: doomed.size_bytes,
            });
        }
    }
}

/// The names that were given, and those that are known to be the same person's.
async fn names(app: &App, client: i64, contacts: &[String]) -> Result<Vec<String>, Error> {
    let plain = |contact: &String| {
        let id = contact.trim().trim_start_matches('+');
        let id = id.split(['@', ':']).next().unwrap_or(id);
        let is_number = id
            .chars()
            .all(|letter| letter.is_ascii_digit() || " ()-.".contains(letter));
        match is_number {
            true => id.chars().filter(char::is_ascii_digit).collect(),
            false => id.to_owned(),
        }
    };
    let mut open: Vec<String> = contacts.iter().map(plain).collect();
    open.retain(|name| !name.is_empty());
    let mut names = BTreeSet::new();
    while let Some(name) = open.pop() {
        if names.len() >= MOST_NAMES || !names.insert(name.clone()) {
            continue;
        }
        let known = catalog::known_as(&app.db, &Person { client, name }).await?;
        open.extend(known.into_iter().map(|known| known.name));
    }
    Ok(names.into_iter().collect())
}

async fn erase_page(app: &App, page: Vec<Doomed>) -> Result<(), Error> {
    // So that no repair takes what goes for lost, and puts it back.
    let _files = app.hold_files().await?;
    for doomed in &page {
        let path = doomed.path.clone().and_then(RelativePath::from_row);
        app.vault.remove_everywhere(&doomed.id, path).await?;
    }
    app.db
        .write(async move |tx| {
            for doomed in &page {
                catalog::erase(tx, &doomed.id).await?;
            }
            Ok(())
        })
        .await?;
    Ok(())
}

/// Raw deliveries are looked through as text, for a person may be named where no reader looks.
async fn deliveries(app: &App, doing: Doing, erasure: &mut Erasure) -> Result<(), Error> {
    let mut after = String::new();
    loop {
        let page = delivery::bodies(&app.db, erasure.client, &after, FEW).await?;
        let Some((last, _)) = page.last() else {
            return Ok(());
        };
        after.clone_from(&last.0);
        for (id, body) in page {
            let names = |body: Vec<u8>| erasure.names.iter().any(|name| names_whole(&body, name));
            if !body.is_some_and(names) {
                continue;
            }
            let gone = match doing {
                Doing::DryRun => true,
                Doing::Now => {
                    app.db
                        .write(async move |tx| delivery::delete(tx, &id).await)
                        .await?
                }
            };
            erasure.deliveries += u64::from(gone);
            erasure.deliveries_left += u64::from(!gone);
        }
    }
}

/// Whether a body holds a name that is not part of a longer number or word.
fn names_whole(body: &[u8], name: &str) -> bool {
    let name = name.as_bytes();
    let part_of_word = |at: Option<&u8>| at.is_some_and(u8::is_ascii_alphanumeric);
    body.windows(name.len())
        .enumerate()
        .filter(|(_, window)| *window == name)
        .any(|(at, _)| {
            let before = at.checked_sub(1).and_then(|at| body.get(at));
            !part_of_word(before) && !part_of_word(body.get(at + name.len()))
        })
}

/// Events of what was erased tell no more, and one event tells that and how much was erased, not whose it was.
async fn finish(app: &App, erasure: &Erasure) -> Result<(), Error> {
    let (now, client) = (app.clock.now(), erasure.client);
    let data = json!({"media": erasure.media, "files": erasure.files.len(), "size": erasure.bytes, "deliveries": erasure.deliveries});
    app.db
        .write(async move |tx| {
            events::erase(tx, client).await?;
            let news = News {
                kind: "contact.erased",
                client,
                instance: "",
                media: None,
                data: data.clone(),
            };
            events::append(tx, now, news).await
        })
        .await?;
    app.db.fold().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_whole_and_not_within_a_longer_one() {
        for (body, found) in [
            (r#"{"id":"5500900000001"}"#, true),
            (r#"{"id":"5500900000001@s.whatsapp.net"}"#, true),
            (r#"{"id":"5500900000001:12@c.us"}"#, true),
            (r#"{"id":"55009000000012"}"#, false),
            (r#"{"id":"95500900000001"}"#, false),
            ("5500900000001", true),
            ("", false),
        ] {
            assert_eq!(
                names_whole(body.as_bytes(), "5500900000001"),
                found,
                "{body}"
            );
        }
    }
}
