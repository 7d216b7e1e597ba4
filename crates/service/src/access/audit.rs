//! The log of what people and programs did.

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::Actor;
use crate::clock::{Clock, Millis, as_rfc3339};
use crate::db::{Db, Error, Key, Row, Tx, values};
use crate::model::{Scope, codes};

codes! {
    Action {
        LinkCreated "link_created",
        LinkRevoked "link_revoked",
        ContentRead "content_read",
        MediaExported "media_exported",
        DossierMade "dossier_made",
        Retry "retry",
        Dismiss "dismiss",
        Replay "replay",
        Erasure "erasure",
        RawBodyRead "raw_body_read",
        ClientChanged "client_changed",
        InstanceChanged "instance_changed",
        EndpointChanged "endpoint_changed",
        KeyCreated "key_created",
        KeyRevoked "key_revoked",
        UserAdded "user_added",
        UserChanged "user_changed",
        UserRemoved "user_removed",
        PasswordSet "password_set",
        SetupLinkMade "setup_link_made",
        SignedIn "signed_in",
        SignInRefused "sign_in_refused",
        SignedOut "signed_out",
        HoldAdded "hold_added",
        HoldReleased "hold_released",
        Reconcile "reconcile",
        Repair "repair",
        Sweep "sweep",
        Import "import",
        ClockAccepted "clock_accepted",
    }
}

/// An action and its object.
#[derive(Clone, Debug)]
pub struct NewEntry {
    pub action: Action,
    pub client: Option<i64>,
    pub instance: Option<String>,
    pub media: Option<String>,
    /// Further fields; no phone numbers, no secrets.
    pub data: Json,
}

impl NewEntry {
    pub fn new(action: Action, client: Option<i64>, data: Json) -> Self {
        Self {
            action,
            client,
            instance: None,
            media: None,
            data,
        }
    }

    #[must_use]
    pub fn media(self, media: &str) -> Self {
        Self {
            media: Some(media.to_owned()),
            ..self
        }
    }

    #[must_use]
    pub fn instance(self, instance: &str) -> Self {
        Self {
            instance: Some(instance.to_owned()),
            ..self
        }
    }
}

#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct AuditEntry {
    pub seq: i64,
    #[serde(serialize_with = "as_rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Millis,
    /// `key:ID`, `user:ID`, `link:ID`, `anonymous` or `command_line`.
    pub actor: String,
    pub action: String,
    pub client: Option<i64>,
    pub instance: Option<String>,
    pub media: Option<String>,
    #[schema(value_type = Object)]
    pub data: Json,
}

/// Earlier versions had another code for callers that are not signed in.
fn current_code(actor: String) -> String {
    match actor.as_str() {
        "stranger" => Actor::Anonymous.code(),
        _ => actor,
    }
}

fn entry_of(row: &Row) -> Result<AuditEntry, Error> {
    Ok(AuditEntry {
        seq: row.int("seq")?,
        at: row.int("at")?,
        actor: current_code(row.text("actor")?),
        action: row.text("action")?,
        client: row.int_or_none("client")?,
        instance: row.text_or_none("instance")?,
        media: row.text_or_none("media")?,
        data: serde_json::from_str(&row.text("data")?).unwrap_or(Json::Null),
    })
}

/// An entry of the command line names the system's user in `system_user`.
pub async fn append(tx: &mut Tx, actor: &Actor, entry: NewEntry, now: Millis) -> Result<(), Error> {
    let mut data = entry.data;
    if let (Actor::CommandLine(Some(user)), Some(fields)) = (actor, data.as_object_mut()) {
        fields.insert("system_user".to_owned(), json!(user));
    }
    let sql = "insert into audit (at, actor, action, client, instance, media, data) values ($1, $2, $3, $4, $5, $6, $7)";
    let values = values![
        now,
        actor.code(),
        entry.action.as_str(),
        entry.client,
        entry.instance,
        entry.media,
        data.to_string(),
    ];
    tx.run(sql, values).await.map(drop)
}

/// Appends an entry of an act that does not end in one commit, or changes nothing.
pub async fn record(db: &Db, clock: &Clock, actor: &Actor, entry: NewEntry) -> Result<(), Error> {
    let (actor, now) = (actor.clone(), clock.now());
    let recording = db.write(Key::Nothing, async move |tx| {
        append(tx, &actor, entry.clone(), now).await
    });
    recording.await
}

/// Selects entries; `None` selects all.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// `key:ID`, `user:ID`, `link:ID`, `anonymous` or `command_line`.
    pub actor: Option<String>,
    pub action: Option<Action>,
    /// At or after.
    pub since: Option<Millis>,
    /// Before.
    pub until: Option<Millis>,
}

/// Up to `limit` entries before `seq`, newest first.
pub async fn before(db: &Db, scope: Scope, seq: i64, limit: u32) -> Result<Vec<AuditEntry>, Error> {
    selected(db, scope, &AuditFilter::default(), seq, limit).await
}

/// Like [`before`], of a filter.
pub async fn selected(
    db: &Db,
    scope: Scope,
    filter: &AuditFilter,
    seq: i64,
    limit: u32,
) -> Result<Vec<AuditEntry>, Error> {
    let sql = "select seq, at, actor, action, client, instance, media, data from audit
               where seq < $1 and ($2 is null or client = $2) and ($3 is null or actor = $3 or ($3 = 'anonymous' and actor = 'stranger')) and ($4 is null or action = $4)
                 and at >= $5 and at < $6 order by seq desc limit $7";
    let values = values![
        seq,
        scope.client(),
        filter.actor.clone(),
        filter.action.map(Action::as_str),
        filter.since.unwrap_or(0),
        filter.until.unwrap_or(Millis::MAX),
        limit,
    ];
    let rows = db.rows(sql, values).await?;
    rows.iter().map(entry_of).collect()
}

/// The number of entries before that time.
pub async fn older_than(db: &Db, before: Millis) -> Result<u64, Error> {
    let sql = "select count(*) as n from audit where at < $1";
    let row = db.row(sql, values![before]).await?;
    row.map_or(Ok(0), |row| row.count("n"))
}

/// Deletes up to `limit` entries before that time; returns the number.
pub async fn prune(tx: &mut Tx, before: Millis, limit: u32) -> Result<u64, Error> {
    let sql = "delete from audit where seq in (select seq from audit where at < $1 limit $2)";
    tx.run(sql, values![before, limit]).await
}
