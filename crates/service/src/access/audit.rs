//! The log of what people and programs did.

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::Actor;
use crate::clock::{Clock, Millis, as_rfc3339};
use crate::db::{Db, Error, Key, Row, Tx, Value, values};
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
    /// The name that the user or the key had, or the system's user who ran the command line.
    pub actor_name: Option<String>,
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
        actor_name: row.text_or_none("actor_name")?,
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
    let system_user = match actor {
        Actor::CommandLine(user) => user.clone(),
        _ => None,
    };
    // Of a user who was removed in the same commit, the newest entry has the name.
    let sql = "insert into audit (at, actor, action, client, instance, media, data, actor_name) values ($1, $2, $3, $4, $5, $6, $7,
                 coalesce($8, (select name from users where 'user:' || id = $2), (select name from api_keys where 'key:' || id = $2),
                   (select actor_name from audit where actor = $2 and actor like 'user:%' order by seq desc limit 1)))";
    let values = values![
        now,
        actor.code(),
        entry.action.as_str(),
        entry.client,
        entry.instance,
        entry.media,
        data.to_string(),
        system_user,
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
    /// `key:ID`, `user:ID`, `link:ID`, `anonymous`, `command_line`, or the name of a user or a key.
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
    let mut sql = "select seq, at, actor, actor_name, action, client, instance, media, data from audit
               where seq < $1 and ($2 is null or client = $2) and ($3 is null or action = $3) and at >= $4 and at < $5"
        .to_owned();
    let mut values = values![
        seq,
        scope.client(),
        filter.action.map(Action::as_str),
        filter.since.unwrap_or(0),
        filter.until.unwrap_or(Millis::MAX),
    ];
    if let Some(actor) = &filter.actor {
        let codes = codes_of(db, scope, actor).await?;
        let first = values.len() + 1;
        let places: Vec<_> = (first..first + codes.len())
            .map(|n| format!("${n}"))
            .collect();
        sql.push_str(&format!(" and actor in ({})", places.join(", ")));
        values.extend(codes.into_iter().map(Value::from));
    }
    values.push(limit.into());
    sql.push_str(&format!(" order by seq desc limit ${}", values.len()));
    let rows = db.rows_of(sql, values).await?;
    rows.iter().map(entry_of).collect()
}

/// Someone who did something, by name; links are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownActor {
    pub code: String,
    pub name: Option<String>,
}

/// Steps from one code to the next in the index, so that it costs the same however much each of them did.
const ACTORS: &str = "with recursive known (actor) as (
       select min(actor) from audit
       union all select (select min(actor) from audit where actor > case when known.actor >= 'link:' and known.actor < 'link;' then 'link;' else known.actor end)
       from known where known.actor is not null)
     select actor, (select actor_name from audit where audit.actor = known.actor and actor_name is not null order by seq desc limit 1) as name
     from known where actor is not null and actor not like 'link:%'
       and ($1 is null or exists (select 1 from audit where audit.actor = known.actor and client = $1)) limit $2";
const MOST_ACTORS: u32 = 1_000;

/// All who did something that a scope includes, removed users and revoked keys too.
pub async fn actors(db: &Db, scope: Scope) -> Result<Vec<KnownActor>, Error> {
    let rows = db
        .rows(ACTORS, values![scope.client(), MOST_ACTORS])
        .await?;
    let known = |row: &Row| {
        Ok(KnownActor {
            code: current_code(row.text("actor")?),
            name: row.text_or_none("name")?,
        })
    };
    rows.iter().map(known).collect()
}

/// The codes, as they are stored, that a code or a name means.
async fn codes_of(db: &Db, scope: Scope, actor: &str) -> Result<Vec<String>, Error> {
    let mut codes = vec![actor.to_owned()];
    if actor == Actor::Anonymous.code() {
        codes.push("stranger".to_owned());
    }
    let is_code = actor.contains(':') || ["anonymous", "command_line"].contains(&actor);
    if !is_code {
        let known = actors(db, scope).await?.into_iter();
        let named = known.filter(|known| known.name.as_deref() == Some(actor));
        codes.extend(named.map(|known| known.code));
    }
    Ok(codes)
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
