//! The page for people in a dossier: one file without scripts, for reading without a server and for printing.

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::document::Document;
use super::frame::Frame;
use crate::clock::{Millis, Zone, rfc3339};
use crate::derived::mime_of_thumbnail;
use crate::gateway::Gateway;
use crate::i18n::keys::{dashboard, dossier as words};
use crate::i18n::{Language, TextKey};
use crate::media::hex;
use crate::ops::dossier::{
    DossierDelivery, DossierMedia, Facts, Omission, Part, Period, PromiseCheck, PromiseResult,
};
use crate::telemetry;

#[derive(Template)]
#[template(path = "dossier/head.html")]
struct HeadPart<'a> {
    frame: &'a Frame,
    facts: &'a Facts,
    /// Names and values of the conditions that were asked for.
    selection: Vec<(String, String)>,
    /// In words; empty without a limit.
    period: String,
    received: String,
    /// Their ids, and their gateways in words.
    instances: Vec<(&'a str, &'static str)>,
    made_at: String,
}

#[derive(Template)]
#[template(path = "dossier/foot.html")]
struct FootPart<'a> {
    frame: &'a Frame,
}

/// One of the three checks, as a row.
struct CheckRow {
    name: &'static str,
    result: &'static str,
    class: &'static str,
    promised: String,
    computed: String,
}

#[derive(Template)]
#[template(path = "dossier/media.html")]
struct MediaPart<'a> {
    frame: &'a Frame,
    number: u64,
    media: Document,
    /// The place of the file in the dossier, and its address on this page.
    file: Option<(String, String)>,
    /// Why the file is not in the dossier.
    problem: Option<&'static str>,
    checks: Vec<CheckRow>,
    attempts: Vec<Document>,
    delivery: &'a DossierDelivery,
    client_name: Option<&'a str>,
    chat_kind: &'static str,
    chat_name: Option<&'a str>,
    gateway: &'static str,
    /// Since when, and why if the caller may know it.
    holds: Vec<(String, Option<&'a str>)>,
    /// The address of its picture, which contains the picture.
    preview: Option<String>,
}

/// Writes the page in a language.
pub fn writer(lang: Language, zone: Zone) -> Box<dyn Fn(Part<'_>) -> String + Send> {
    let frame = Frame {
        lang,
        theme: "",
        person: None,
        address: String::new(),
        zone,
        now: 0,
        client_names: Default::default(),
    };
    Box::new(move |part| match part {
        Part::Head(facts) => render(&HeadPart {
            frame: &frame,
            facts,
            selection: selection_of(&frame, facts),
            period: period_of(&frame, &facts.period),
            received: received_of(&frame, &facts.received),
            instances: instances_of(facts),
            made_at: rfc3339(facts.made_at),
        }),
        Part::Media(entry) => render(&media_part(&frame, entry)),
        Part::Foot(_) => render(&FootPart { frame: &frame }),
    })
}

fn selection_of(frame: &Frame, facts: &Facts) -> Vec<(String, String)> {
    let text = |name: &str, value: &Value| {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        match name {
            "kind" | "status" | "verified" | "direction" => frame.name(text),
            "reason" => frame.reason(text),
            "client" => {
                let client = value.as_i64().unwrap_or_default();
                match facts.clients.get(&client) {
                    Some(Some(name)) => format!("{} (cliente_{client})", frame.plain(name)),
                    _ => format!("cliente_{client}"),
                }
            }
            _ => frame.plain(text),
        }
    };
    let conditions = facts.selection.iter();
    conditions
        .map(|(name, value)| (condition(frame, name), text(name, value)))
        .collect()
}

/// The name of a condition, as pages have it.
fn condition(frame: &Frame, name: &str) -> String {
    let key = match name {
        "from" => dashboard::FROM,
        "to" => dashboard::BEFORE,
        "q" => dashboard::SEARCH,
        "verified" => dashboard::PROOF,
        "direction" => dashboard::DIRECTION,
        "chat" => words::CHAT,
        "sender" => words::SENDER,
        "ids" => words::ID_HERE,
        other => return frame.name(other),
    };
    frame.say(key).to_owned()
}

fn period_of(frame: &Frame, period: &Period) -> String {
    let [from, to] = [period.from, period.to].map(|at| at.map(|at| both(frame, at)));
    match (from, to) {
        (None, None) => String::new(),
        (Some(from), None) => frame.fill(words::PERIOD_FROM, "from", from),
        (None, Some(to)) => frame.fill(words::PERIOD_TO, "to", to),
        (Some(from), Some(to)) => {
            let values: [(&str, &dyn std::fmt::Display); 2] = [("from", &from), ("to", &to)];
            frame.lang.fill(words::PERIOD_BOTH, &values)
        }
    }
}

fn received_of(frame: &Frame, received: &Period) -> String {
    let ends = [received.from, received.to].into_iter().flatten();
    let mut ends: Vec<_> = ends.map(|at| both(frame, at)).collect();
    ends.dedup();
    ends.join(" – ")
}

/// In the zone of the page, and in UTC.
fn both(frame: &Frame, at: Millis) -> String {
    format!("{} ({})", frame.at(Some(at)), rfc3339(at))
}

fn instances_of(facts: &Facts) -> Vec<(&str, &'static str)> {
    let title = |code: &str| Gateway::parse(code).map_or("", Gateway::title);
    let instances = facts.instances.iter();
    instances
        .map(|(id, gateway)| (id.as_str(), title(gateway)))
        .collect()
}

fn render(part: &impl Template) -> String {
    part.render().unwrap_or_else(|error| {
        let error = telemetry::chain(&error);
        tracing::error!(error, "a part of a dossier's page cannot be made");
        String::new()
    })
}

fn media_part<'a>(frame: &'a Frame, entry: &'a DossierMedia<'a>) -> MediaPart<'a> {
    let media = entry.media;
    let path = media.last_path().filter(|_| entry.checks.is_ok());
    let file = path.map(|path| (path.to_owned(), relative_address(path)));
    let hash = |sha256: Option<[u8; 32]>| sha256.map_or_else(String::new, |sha256| hex(&sha256));
    let checks = entry.checks.as_ref().ok().map(|checks| {
        [
            (
                words::FILE_HASH,
                hash(media.expected_sha256),
                &checks.file_hash,
            ),
            (words::MAC, String::new(), &checks.mac),
            (
                words::ENCRYPTED_HASH,
                hash(media.expected_enc_sha256),
                &checks.encrypted_hash,
            ),
        ]
        .into_iter()
        .map(|(name, promised, check)| check_row(frame, frame.say(name), promised, check))
        .collect()
    });
    let problem = entry.checks.as_ref().err();
    MediaPart {
        frame,
        number: entry.number,
        media: Document::of(media),
        file,
        problem: problem.map(|problem| frame.say(name_of(*problem))),
        checks: checks.unwrap_or_default(),
        attempts: entry.attempts.iter().map(Document::of).collect(),
        delivery: &entry.delivery,
        client_name: entry.client_name.as_deref(),
        chat_kind: media.origin.chat_kind().as_str(),
        chat_name: entry.chat_name.as_deref(),
        gateway: media.gateway.title(),
        holds: entry
            .holds
            .iter()
            .map(|hold| (both(frame, hold.since), hold.reason.as_deref()))
            .collect(),
        preview: entry.preview.as_deref().map(|picture| {
            let mime = mime_of_thumbnail(picture);
            format!("data:{mime};base64,{}", STANDARD.encode(picture))
        }),
    }
}

fn name_of(omission: Omission) -> TextKey {
    match omission {
        Omission::Missing => words::MISSING,
        Omission::Corrupt => words::CORRUPT,
        Omission::Unreadable => words::UNREADABLE,
        Omission::Infected => words::INFECTED,
        Omission::NotScanned => words::NOT_SCANNED,
    }
}

fn check_row(
    frame: &Frame,
    name: &'static str,
    promised: String,
    check: &PromiseCheck,
) -> CheckRow {
    let (result, class) = match check.result {
        PromiseResult::Matches => (words::MATCHES, "good"),
        PromiseResult::Differs => (words::DIFFERS, "bad"),
        PromiseResult::NotPromised => (words::NOT_PROMISED, "open"),
        PromiseResult::NoKey => (words::NO_KEY, "open"),
    };
    CheckRow {
        name,
        result: frame.say(result),
        class,
        promised,
        computed: check.computed.clone().unwrap_or_default(),
    }
}

/// The address of a file next to the page.
fn relative_address(path: &str) -> String {
    let mut url = url::Url::parse("http://localhost").unwrap_or_else(|_| unreachable!());
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.extend(path.split('/'));
    }
    url.path().trim_start_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::relative_address;

    #[test]
    fn the_address_of_a_file_is_its_path_however_it_is_named() {
        assert_eq!(
            relative_address("files/a%2Fb/ç d?#.jpg"),
            "files/a%252Fb/%C3%A7%20d%3F%23.jpg"
        );
    }
}
