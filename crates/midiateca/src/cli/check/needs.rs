//! What a person should look at: each of these makes `check` exit 1. What was dismissed is not among them.

use std::fmt::Display;
use std::path::Path;

use indicatif::HumanBytes;

use super::super::alive::{self, Trouble};
use super::super::cause::Cause;
use super::super::complaint;
use super::super::language::{Language, span};
use super::super::probe;
use super::super::words::{Words, check as words, errors};
use super::Report;
use midiateca_service::app::{self, App, Displaced, OpeningError};
use midiateca_service::clock::{DAY, Millis, Trust};
use midiateca_service::storage::Found;
use midiateca_service::worker::Stopped;
use midiateca_service::{db, instances, media, secrets};

/// The sentences so far.
struct Needs {
    lang: Language,
    said: Vec<String>,
}

impl Needs {
    fn say(&mut self, words: Words, values: &[(&str, &dyn Display)]) {
        self.said.push(self.lang.fill(words, values));
    }
}

/// A sentence for everything that needs a person.
pub(super) async fn of(
    app: &App,
    report: &Report,
    lang: Language,
    oldest: Option<Millis>,
    stopped: Option<Stopped>,
) -> Result<Vec<String>, db::Error> {
    let mut needs = Needs {
        lang,
        said: Vec::new(),
    };
    server(&mut needs, app, report);
    let trouble = alive::trouble(&app.data).await;
    if let Some(Trouble::Silent(address)) = trouble {
        needs.say(words::SILENT_SERVER, &[("address", &address)]);
    }
    displaced(&mut needs, app).await;
    folders(&mut needs, app);
    room(&mut needs, stopped);
    // Why is said above, unless it is not seen from here.
    if let (Some(Trouble::NotReady(address)), []) = (trouble, needs.said.as_slice()) {
        needs.say(words::SERVER_NOT_READY, &[("address", &address)]);
    }
    clock(&mut needs, app);
    instances(&mut needs, report);
    key(&mut needs, app).await?;
    waiting(&mut needs, app, oldest).await?;
    counts(&mut needs, report);
    Ok(needs.said)
}

/// Without a server nothing is answered or downloaded. Before there is an instance, none is needed.
fn server(needs: &mut Needs, app: &App, report: &Report) {
    if !report.instances.is_empty() && App::is_served(&app.data) == Some(false) {
        needs.say(words::NO_SERVER, &[("data", &app.data.display())]);
    }
}

/// A clock that jumped. After a long time off, a server that runs confirms it by itself; without one it is no news.
fn clock(needs: &mut Needs, app: &App) {
    let by = match app.clock.trust() {
        Trust::Trusted => return,
        Trust::Unconfirmed(by) if by >= 0 && App::is_served(&app.data) != Some(true) => return,
        Trust::Jumped(by) | Trust::Unconfirmed(by) => by,
    };
    let shown = span(by.abs());
    needs.say(words::CLOCK_JUMPED, &[("by", &shown)]);
}

/// A database or storage that is not the right one. What the server found may look right from here.
async fn displaced(needs: &mut Needs, app: &App) {
    let found = Displaced::of_server(&app.data).unwrap_or_default();
    let (database, root) = (app.config.database_file(&app.data), app.vault.root());
    let mut say = |(what, hint): (Words, Words), path: &Path| {
        let values: [(&str, &dyn Display); 1] = [("path", &path.display())];
        let (what, hint) = (
            needs.lang.fill(what, &values),
            needs.lang.fill(hint, &values),
        );
        needs.said.push(format!("{what}; {hint}"));
    };
    if let Some(found) = found.database {
        say(complaint::displaced(found), &database);
    }
    match app::look_at_storage(&app.db, root).await {
        // That there is no folder is said below.
        Err(OpeningError::WrongStorage { found, .. }) if found != Found::Missing => {
            say(complaint::displaced_storage(found), root);
        }
        Err(OpeningError::UnknownStorage { .. }) => {
            say((errors::STORAGE_UNKNOWN, errors::STORAGE_RIGHT), root);
        }
        _ => {}
    }
}

/// Where nothing can be written, webhooks are answered 503.
fn folders(needs: &mut Needs, app: &App) {
    let database = app.config.database_file(&app.data);
    let root = app.vault.root();
    if !root.is_dir() {
        needs.say(words::STORAGE_GONE, &[("path", &root.display())]);
    }
    let tried = [
        (words::DATABASE_CLOSED, probe::database(&database)),
        (words::STORAGE_CLOSED, probe::storage(root)),
    ];
    let is_served = App::is_served(&app.data) == Some(true);
    for (words, tried) in tried {
        let Err(refused) = tried else { continue };
        let cause = Cause::of(&refused);
        // Another user may only read; whether the server may write is not known here.
        if cause == Cause::Missing || is_served && cause.depends_on_user() {
            continue;
        }
        let why = complaint::why(&refused.error, needs.lang);
        let hint = cause.hint(needs.lang, &refused.path);
        let values: [(&str, &dyn Display); 3] = [
            ("path", &refused.path.display()),
            ("why", &why),
            ("hint", &hint),
        ];
        needs.say(words, &values);
    }
}

fn room(needs: &mut Needs, stopped: Option<Stopped>) {
    if let Some(stopped) = stopped {
        let free = HumanBytes(stopped.free_bytes);
        let resume = HumanBytes(stopped.resume_above_bytes);
        needs.say(words::NO_ROOM, &[("free", &free), ("resume", &resume)]);
    }
}

fn instances(needs: &mut Needs, report: &Report) {
    for instance in &report.instances {
        let id = instance["instance"].as_str().unwrap_or("");
        if instance["token"] == false {
            needs.say(words::NO_TOKEN, &[("instance", &id)]);
        }
        if let Some(problem) = instance["problem"].as_str() {
            let reason = needs.lang.reason(problem);
            needs.say(words::PROBLEM, &[("instance", &id), ("reason", &reason)]);
        }
        if instance["state"] == "disconnected" {
            needs.say(words::SCAN_CODE, &[("instance", &id)]);
        }
    }
}

/// Why the stored tokens cannot be decrypted.
async fn key(needs: &mut Needs, app: &App) -> Result<(), db::Error> {
    let sealed = instances::sealed_token(&app.db).await?;
    let error = sealed.and_then(|(id, sealed)| -> Option<secrets::Error> {
        let context = instances::token_context(&id);
        app.secrets.unseal(&context, &sealed).err()
    });
    if let Some(error) = error {
        let why = complaint::why(&error, needs.lang);
        needs.say(words::KEY, &[("why", &why)]);
    }
    Ok(())
}

async fn waiting(needs: &mut Needs, app: &App, oldest: Option<Millis>) -> Result<(), db::Error> {
    for count in media::waiting_by_reason(&app.db).await? {
        if matches!(count.name.as_str(), "storage_full" | "storage_failed") {
            let reason = needs.lang.reason(&count.name);
            let values: [(&str, &dyn Display); 2] = [("count", &count.count), ("reason", &reason)];
            needs.say(words::STORAGE, &values);
        }
    }
    if oldest.is_some_and(|oldest| app.clock.now() - oldest > DAY) {
        needs.say(words::WAITS_LONG, &[]);
    }
    Ok(())
}

fn counts(needs: &mut Needs, report: &Report) {
    let given_up = report.count_of("failed") + report.count_of("expired");
    for (words, count) in [
        (words::QUARANTINED, report.quarantined_today.unsigned_abs()),
        (words::GIVEN_UP, given_up.unsigned_abs()),
        (words::FILES_MISSING, report.files.missing),
        (words::FILES_OF_WRONG_SIZE, report.files.wrong_size),
    ] {
        if count > 0 {
            needs.say(words, &[("count", &count)]);
        }
    }
}
