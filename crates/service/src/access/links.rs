//! Signed links: an address that opens one media without a key, for a time.
//!
//! The address has the link's id, its end and a MAC over both, so that a wrong one is refused without a look at the database.
//! The row makes it revocable: alone, with its media, or with the key that made it.

use hmac::{Hmac, Mac as _};
use serde::Serialize;
use sha2::Sha256;

use crate::clock::{Millis, as_rfc3339, as_rfc3339_or_null};
use crate::db::{Db, Error, Row, Tx, values};
use crate::model::{MediaId, Scope, codes, fresh_id, hex, unhex};
use crate::secrets::mac;

codes! {
    /// How a browser shows the file.
    Disposition {
        Inline "inline",
        Attachment "attachment",
    }
}

#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Link {
    pub id: String,
    #[schema(value_type = String)]
    pub media: MediaId,
    pub client: i64,
    pub disposition: Disposition,
    /// `key:ID` or `user:ID`.
    pub created_by: String,
    #[serde(serialize_with = "as_rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Millis,
    #[serde(serialize_with = "as_rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Millis,
    #[serde(serialize_with = "as_rfc3339_or_null")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub revoked_at: Option<Millis>,
}

/// Signs links. The key is derived from the key of the data folder.
pub struct Signer(pub [u8; 32]);

impl Signer {
    fn mac(&self, media: &MediaId, link: &str, expires_at: Millis) -> Hmac<Sha256> {
        let mut mac = mac(&self.0);
        mac.update(format!("v1|{media}|{link}|{expires_at}").as_bytes());
        mac
    }

    /// Hexadecimal.
    pub fn sign(&self, media: &MediaId, link: &str, expires_at: Millis) -> String {
        let code = self.mac(media, link, expires_at).finalize().into_bytes();
        hex(&code)
    }

    /// In constant time.
    pub fn verify(&self, media: &MediaId, link: &str, expires_at: Millis, signature: &str) -> bool {
        let Some(signature) = unhex(signature) else {
            return false;
        };
        let mac = self.mac(media, link, expires_at);
        mac.verify_slice(&signature).is_ok()
    }
}

const COLUMNS: &str =
    "id, media, client, disposition, created_by, created_at, expires_at, revoked_at from links";

fn link_of(row: &Row) -> Result<Link, Error> {
    Ok(Link {
        id: row.text("id")?,
        media: MediaId(row.text("media")?),
        client: row.int("client")?,
        disposition: row.parsed("disposition", Disposition::parse)?,
        created_by: row.text("created_by")?,
        created_at: row.int("created_at")?,
        expires_at: row.int("expires_at")?,
        revoked_at: row.int_or_none("revoked_at")?,
    })
}

/// The fields of a link to create.
#[derive(Clone, Debug)]
pub struct NewLink {
    pub media: MediaId,
    pub client: i64,
    pub disposition: Disposition,
    pub created_by: String,
    pub expires_at: Millis,
}

pub async fn create(tx: &mut Tx, new: NewLink, now: Millis) -> Result<Link, Error> {
    let link = Link {
        id: fresh_id(now),
        media: new.media,
        client: new.client,
        disposition: new.disposition,
        created_by: new.created_by,
        created_at: now,
        expires_at: new.expires_at,
        revoked_at: None,
    };
    let sql =
        "insert into links (id, media, client, disposition, created_by, created_at, expires_at)
               values ($1, $2, $3, $4, $5, $6, $7)";
    let values = values![
        &link.id,
        link.media.as_str(),
        link.client,
        link.disposition.as_str(),
        &link.created_by,
        now,
        link.expires_at,
    ];
    tx.run(sql, values).await?;
    Ok(link)
}

/// The time is the second value of the statement.
const IS_VALID: &str = "expires_at > $2 and revoked_at is null
     and not exists (select 1 from api_keys k where links.created_by = 'key:' || k.id and (k.revoked_at is not null or k.expires_at <= $2))";

/// A link that opens its media: it exists, and neither it nor the key that made it has expired or was revoked.
pub async fn valid(db: &Db, id: &str, now: Millis) -> Result<Option<Link>, Error> {
    let sql = format!("select {COLUMNS} where id = $1 and {IS_VALID}");
    let rows = db.rows_of(sql, values![id, now]).await?;
    rows.first().map(link_of).transpose()
}

codes! {
    /// Which links a list has.
    LinkState {
        /// They open their media.
        Valid "valid",
        /// They expired or were revoked.
        Ended "ended",
    }
}

/// Up to `limit` links of a scope before `before` (an id), newest first.
pub async fn list_before(
    db: &Db,
    scope: Scope,
    state: Option<LinkState>,
    before: Option<&str>,
    limit: u32,
    now: Millis,
) -> Result<Vec<Link>, Error> {
    let of_state = match state {
        None => String::new(),
        Some(LinkState::Valid) => format!("and {IS_VALID}"),
        Some(LinkState::Ended) => format!("and not ({IS_VALID})"),
    };
    let sql = format!(
        "select {COLUMNS} where ($1 is null or client = $1) and $2 >= 0 and ($3 is null or id < $3) {of_state}
         order by id desc limit $4"
    );
    let values = values![scope.client(), now, before, limit];
    let rows = db.rows_of(sql, values).await?;
    rows.iter().map(link_of).collect()
}

/// The links of a media, newest first.
pub async fn of_media(db: &Db, scope: Scope, media: &MediaId) -> Result<Vec<Link>, Error> {
    let sql = format!(
        "select {COLUMNS} where media = $1 and ($2 is null or client = $2) order by id desc"
    );
    let rows = db
        .rows_of(sql, values![media.as_str(), scope.client()])
        .await?;
    rows.iter().map(link_of).collect()
}

/// Revokes the links of a media, or one of them; returns how many.
pub async fn revoke(
    tx: &mut Tx,
    scope: Scope,
    media: &MediaId,
    link: Option<&str>,
    now: Millis,
) -> Result<u64, Error> {
    let sql = "update links set revoked_at = $4
               where media = $1 and ($2 is null or client = $2) and ($3 is null or id = $3) and revoked_at is null";
    let values = values![media.as_str(), scope.client(), link, now];
    tx.run(sql, values).await
}

/// Revokes the links to a client's media.
pub async fn revoke_of_client(tx: &mut Tx, client: i64, now: Millis) -> Result<u64, Error> {
    let sql = "update links set revoked_at = $2 where client = $1 and revoked_at is null";
    tx.run(sql, values![client, now]).await
}

/// Revokes the links that an actor made.
pub async fn revoke_of_creator(tx: &mut Tx, creator: &str, now: Millis) -> Result<u64, Error> {
    let sql = "update links set revoked_at = $2 where created_by = $1 and revoked_at is null";
    tx.run(sql, values![creator, now]).await
}

/// The number of links that ended before then.
pub async fn ended_before(db: &Db, before: Millis) -> Result<u64, Error> {
    let sql = "select count(*) as n from links where expires_at < $1";
    let row = db.row(sql, values![before]).await?;
    row.map_or(Ok(0), |row| row.count("n"))
}

/// Deletes the rows of links that ended before then.
pub async fn prune(tx: &mut Tx, before: Millis, limit: u32) -> Result<u64, Error> {
    let sql = "delete from links where id in (select id from links where expires_at < $1 limit $2)";
    tx.run(sql, values![before, limit]).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_covers_media_link_and_end() {
        let signer = Signer([7; 32]);
        let media = |text: &str| MediaId(text.to_owned());
        let signature = signer.sign(&media("m"), "l", 5);
        assert!(signer.verify(&media("m"), "l", 5, &signature));
        assert!(!signer.verify(&media("n"), "l", 5, &signature));
        assert!(!signer.verify(&media("m"), "k", 5, &signature));
        assert!(!signer.verify(&media("m"), "l", 6, &signature));
        assert!(!Signer([8; 32]).verify(&media("m"), "l", 5, &signature));
        for wrong in [
            "",
            "00",
            &signature[1..],
            &signature.replace('0', "1").replace('a', "b"),
        ] {
            assert!(!signer.verify(&media("m"), "l", 5, wrong), "{wrong}");
        }
    }
}
