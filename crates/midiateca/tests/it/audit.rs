//! What the command line changes is in the audit log, with who ran it.

use std::collections::BTreeSet;

use midiateca_service::access::audit;
use midiateca_service::model::Scope;
use serde_json::Value;

use crate::commands::stderr;
use crate::multichat::Original;
use crate::stage::{FIRST, TestApp, sample};

/// Commands without an act of their own: they read, write what no client owns, or run what records its own acts.
const OTHERS: [&str; 26] = [
    "audit",
    "backup",
    "check",
    "client-list",
    "completions",
    "config-check",
    "config-init",
    "config-show",
    "decrypt",
    "deliveries-list",
    "deliveries-show",
    "demo",
    "endpoint-list",
    "hold-list",
    "instance-list",
    "instance-show",
    "key-list",
    "key-show",
    "man",
    "media-list",
    "media-open",
    "media-show",
    "monitor",
    "serve",
    "status",
    "user-list",
];
/// Deliveries and dossiers are their own record.
const RECORDS: [&str; 2] = ["test-webhook", "verify-dossier"];

struct Acts<'a> {
    test: &'a TestApp,
    done: BTreeSet<String>,
}

impl Acts<'_> {
    /// The newest entries of the log, and the number of all.
    async fn entries(&self) -> Vec<audit::AuditEntry> {
        let db = &self.test.app.db;
        audit::before(db, Scope::All, i64::MAX, 1_000)
            .await
            .unwrap()
    }

    async fn run(&self, arguments: &[&str]) -> (Vec<audit::AuditEntry>, Value) {
        let before = self.entries().await.len();
        let mut command = crate::stage::program(&self.test.app.data);
        command.arg("--json").args(arguments);
        command.env("LANG", "C").env_remove("LC_ALL");
        command.env_remove("SUDO_USER").env("USER", "operadora");
        command.stdin(std::process::Stdio::null());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await;
        let output = output.unwrap();
        assert_ne!(output.status.code(), Some(2), "{}", stderr(&output));
        let mut entries = self.entries().await;
        entries.truncate(entries.len() - before);
        let document = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        (entries, document)
    }

    /// Runs the act of a command; its entry in the log must have this action, and what was changed.
    async fn does(&mut self, name: &str, more: &[&str], (action, change): (&str, &str)) -> Value {
        let mut words: Vec<_> = match name {
            "instance-rotate-hook" | "instance-configure-webhooks" | "user-setup-link" => {
                name.splitn(2, '-').collect()
            }
            name => name.split('-').collect(),
        };
        words.extend(more);
        let (entries, document) = self.run(&words).await;
        let is_it = |entry: &audit::AuditEntry| {
            let changed = entry.data["change"].as_str().unwrap_or_default();
            entry.action == action && changed == change
        };
        assert!(entries.iter().any(is_it), "{name}: {entries:?} {document}");
        for entry in &entries {
            assert_eq!(entry.actor, "command_line", "{name}");
            assert_eq!(entry.data["system_user"], "operadora", "{name}");
        }
        self.done.insert(name.to_owned());
        document
    }
}

/// The commands that have no further ones below them, by their pages of the manual.
async fn commands(test: &TestApp) -> BTreeSet<String> {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().to_str().unwrap();
    crate::commands::midiateca(&test.app.data, &["man", pages]).await;
    let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let name = name.strip_suffix(".1").unwrap();
        let name = name.strip_prefix("midiateca").unwrap();
        name.trim_start_matches('-').to_owned()
    });
    let names: BTreeSet<_> = names.collect();
    assert!(names.len() > 40, "{names:?}");
    let is_above = |name: &str| {
        let below = format!("{name}-");
        name.is_empty() || names.iter().any(|other| other.starts_with(&below))
    };
    let leaves = names.iter().filter(|name| !is_above(name));
    leaves.cloned().collect()
}

#[tokio::test]
async fn every_act_of_the_command_line_is_in_the_audit_log() {
    let test = TestApp::start().await;
    let (stored, delivery) = test.store(sample("STORED")).await;
    let id = stored.id.as_str();
    let original = Original::new();
    let password = test.app.data.join("password");
    std::fs::write(&password, "um segredo bem comprido").unwrap();
    let password = password.to_str().unwrap();
    let text = |document: &Value, name: &str| document[name].as_str().unwrap().to_owned();
    let mut acts = Acts {
        test: &test,
        done: BTreeSet::new(),
    };
    let sql = "select id from deliveries";
    let row = test.app.db.row(sql, Vec::new()).await.unwrap();
    let received = row.unwrap().text("id").unwrap();
    drop(delivery);

    // What only shows what would be done is not in it.
    for dry_run in [
        &["retry", id][..],
        &["media", "dismiss", id],
        &["deliveries", "dismiss"],
        &["deliveries", "replay", &received],
        &["sweep"],
        &["instance", "reconcile", FIRST],
        &["forget", "--client", "2", "--contact", "5500900000001"],
    ] {
        let (entries, _) = acts.run(&[dry_run, &["--dry-run"]].concat()).await;
        assert!(entries.is_empty(), "{dry_run:?}: {entries:?}");
    }

    let client = |change| ("client_changed", change);
    acts.does("client-add", &["Padaria", "--id", "9"], client("added"))
        .await;
    acts.does("client-rename", &["9", "Confeitaria"], client("renamed"))
        .await;
    let instance = |change| ("instance_changed", change);
    let add = ["NOVA", "--client", "9", "--offline"];
    acts.does("instance-add", &add, instance("added")).await;
    acts.does("instance-add", &add, instance("changed")).await;
    let rotate = "instance-rotate-hook";
    acts.does(rotate, &["NOVA"], instance("address_rotated"))
        .await;
    let configure = "instance-configure-webhooks";
    let set = [FIRST, "--public-url", "https://acervo.example"];
    acts.does(configure, &set, instance("webhooks_set")).await;
    let undo = [FIRST, "--undo"];
    acts.does(configure, &undo, instance("webhooks_restored"))
        .await;
    acts.does("instance-reconcile", &[FIRST], ("reconcile", ""))
        .await;
    acts.does("instance-remove", &["NOVA"], instance("removed"))
        .await;

    let endpoint = |change| ("endpoint_changed", change);
    let added = acts
        .does("endpoint-add", &["https://example.org/"], endpoint("added"))
        .await;
    let added = text(&added, "id");
    acts.does("endpoint-test", &[&added], endpoint("tested"))
        .await;
    acts.does("endpoint-remove", &[&added], endpoint("removed"))
        .await;
    let key = acts
        .does("key-create", &["painel"], ("key_created", ""))
        .await;
    acts.does("key-revoke", &[&text(&key, "id")], ("key_revoked", ""))
        .await;
    acts.does("user-add", &["ana"], ("user_added", "")).await;
    let given = ["ana", "--password-file", password];
    acts.does("user-password", &given, ("password_set", ""))
        .await;
    acts.does("user-setup-link", &["ana"], ("setup_link_made", ""))
        .await;
    acts.does("user-remove", &["ana"], ("user_removed", ""))
        .await;
    let hold = ["--client", "3", "um processo"];
    let hold = acts.does("hold-add", &hold, ("hold_added", "")).await;
    acts.does("hold-release", &[&text(&hold, "id")], ("hold_released", ""))
        .await;

    let target = test.app.data.join("exported");
    let target = target.to_str().unwrap();
    acts.does("media-export", &[target], ("media_exported", ""))
        .await;
    acts.does("retry", &[id], ("retry", "")).await;
    acts.does("media-dismiss", &[id], ("dismiss", "")).await;
    acts.does("deliveries-dismiss", &[], ("dismiss", "")).await;
    acts.does("deliveries-replay", &[&received], ("replay", ""))
        .await;
    acts.does("scrub", &["--repair"], ("repair", "")).await;
    acts.does("sweep", &[], ("sweep", "")).await;
    let accept = ["--offline", "--accept-clock"];
    acts.does("doctor", &accept, ("clock_accepted", "")).await;
    let (db, media) = (original.path("db.sqlite3"), original.path("media_storage"));
    let from = ["--db", &db, "--media", &media];
    acts.does("import-multichat", &from, ("import", "")).await;
    let who = [
        "--yes",
        "--client",
        "2",
        "--contact",
        stored.sender_id.as_deref().unwrap(),
    ];
    acts.does("forget", &who, ("erasure", "")).await;
    acts.does("client-remove", &["9"], client("removed")).await;

    let others = OTHERS.iter().chain(&RECORDS);
    let mut known: BTreeSet<_> = others.map(|&name| name.to_owned()).collect();
    known.extend(acts.done);
    assert_eq!(commands(&test).await, known);
    test.end().await;
}
