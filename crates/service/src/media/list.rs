//! Media by id, and in pages.

use super::filter::{Filter, ResolvedFilter};
use super::newest::{self, Order};
use super::row::{Media, columns};
use super::statement::Statement;
use crate::clock::Millis;
use crate::db::{Db, Error, Row, values};
use crate::model::{Cursor, DeliveryId, InstanceId, MediaId, Scope};

const FIND: &str = concat!("select ", columns!(), " from media where id = $1");

pub async fn find(db: &Db, id: &MediaId) -> Result<Option<Media>, Error> {
    let row = db.row(FIND, values![id.as_str()]).await?;
    row.as_ref().map(Media::from_row).transpose()
}

/// Up to `limit` ids with this prefix.
pub async fn ids_beginning(db: &Db, prefix: &str, limit: usize) -> Result<Vec<MediaId>, Error> {
    // Ids are ASCII, so all ids with the prefix sort before the prefix followed by a larger character.
    let sql = "select id from media where id >= $1 and id < $1 || '~' order by id limit $2";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = db.rows(sql, values![prefix, limit]).await?;
    rows.iter()
        .map(|row| Ok(MediaId(row.text("id")?)))
        .collect()
}

/// A media that a caller may see.
pub async fn visible(db: &Db, scope: Scope, id: &MediaId) -> Result<Option<Media>, Error> {
    let found = find(db, id).await?;
    Ok(found.filter(|media| scope.includes(media.client)))
}

/// Up to `limit` media, newest first.
pub async fn list(db: &Db, filter: &Filter, limit: u32) -> Result<Vec<Media>, Error> {
    list_after(db, filter, None, limit).await
}

/// Like [`list`], after this place.
pub async fn list_after(
    db: &Db,
    filter: &Filter,
    after: Option<Cursor>,
    limit: u32,
) -> Result<Vec<Media>, Error> {
    let filter = ResolvedFilter::new(db, filter).await?;
    let statement = newest::statement(&filter, Order::NewestFirst, after.as_ref(), limit);
    let rows = db.rows_of(statement.sql, statement.values).await?;
    rows.iter().map(Media::from_row).collect()
}

/// The media that follows a place in the list backwards, towards the newest.
pub async fn newer(db: &Db, filter: &Filter, before: &Cursor) -> Result<Option<Media>, Error> {
    let filter = ResolvedFilter::new(db, filter).await?;
    let statement = newest::statement(&filter, Order::OldestFirst, Some(before), 1);
    let rows = db.rows_of(statement.sql, statement.values).await?;
    rows.first().map(Media::from_row).transpose()
}

fn stored_statement(filter: &ResolvedFilter, after: &str, limit: u32) -> Statement {
    let mut statement = Statement::new(concat!(
        "select ",
        columns!(),
        " from media where status = 'stored'"
    ));
    statement.push(" and id > $$", after);
    statement.filter(filter);
    statement.push(" order by id limit $$", limit);
    statement
}

/// A page of rows, the id of its last one in `place`; `None` after the last page.
pub(super) fn page<T>(
    rows: &[Row],
    read: impl Fn(&Row) -> Result<T, Error>,
    place: &mut String,
) -> Result<Option<Vec<T>>, Error> {
    let Some(last) = rows.last() else {
        return Ok(None);
    };
    *place = last.text("id")?;
    rows.iter().map(read).collect::<Result<_, _>>().map(Some)
}

/// The next page of stored media after `after` (an id, or empty), by id.
pub async fn stored(
    db: &Db,
    filter: &Filter,
    after: &mut String,
    limit: u32,
) -> Result<Option<Vec<Media>>, Error> {
    let filter = ResolvedFilter::new(db, filter).await?;
    let statement = stored_statement(&filter, after, limit);
    let rows = db.rows_of(statement.sql, statement.values).await?;
    page(&rows, Media::from_row, after)
}

/// The number of media of a filter.
pub async fn count(db: &Db, filter: &Filter) -> Result<u64, Error> {
    let mut statement = Statement::new("select count(*) as n from media where true");
    statement.filter(&ResolvedFilter::new(db, filter).await?);
    let rows = db.rows_of(statement.sql, statement.values).await?;
    rows.first().map_or(Ok(0), |row| row.count("n"))
}

/// The number of media of a filter for each client that has any.
pub async fn count_by_client(db: &Db, filter: &Filter) -> Result<Vec<(i64, u64)>, Error> {
    let mut statement = Statement::new("select client, count(*) as n from media where true");
    statement.filter(&ResolvedFilter::new(db, filter).await?);
    statement.sql.push_str(" group by client order by client");
    let rows = db.rows_of(statement.sql, statement.values).await?;
    let counted = rows
        .iter()
        .map(|row| Ok((row.int("client")?, row.count("n")?)));
    counted.collect()
}

/// The number of media of a filter, counted up to `most`.
pub async fn count_up_to(db: &Db, filter: &Filter, most: u64) -> Result<u64, Error> {
    let mut statement = Statement::new("select count(*) as n from (select 1 from media where true");
    statement.filter(&ResolvedFilter::new(db, filter).await?);
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    statement.push(" limit $$) as counted", most);
    let rows = db.rows_of(statement.sql, statement.values).await?;
    rows.first().map_or(Ok(0), |row| row.count("n"))
}

/// The clients of the media of one delivery.
pub async fn clients_of_delivery(db: &Db, delivery: &DeliveryId) -> Result<Vec<i64>, Error> {
    let sql = "select distinct client from media where delivery = $1";
    let rows = db.rows(sql, values![delivery.as_str()]).await?;
    rows.iter().map(|row| row.int("client")).collect()
}

/// The instances of a client's media.
pub async fn instances_of_client(db: &Db, client: i64) -> Result<Vec<InstanceId>, Error> {
    let sql = "select distinct instance from media where client = $1";
    let rows = db.rows(sql, values![client]).await?;
    rows.iter()
        .map(|row| row.text("instance").map(InstanceId))
        .collect()
}

/// Whether an instance has media of another client.
pub async fn has_other_client(db: &Db, instance: &InstanceId, client: i64) -> Result<bool, Error> {
    let sql = "select 1 as found from media where instance = $1 and client <> $2 limit 1";
    let row = db.row(sql, values![instance.as_str(), client]).await?;
    Ok(row.is_some())
}

/// When the newest media of an instance was received, for this client and for any other.
pub async fn newest_received(
    db: &Db,
    instance: &InstanceId,
    client: i64,
    for_client: bool,
) -> Result<Option<Millis>, Error> {
    let sql = "select max(received_at) as newest from media where instance = $1 and (client = $2) = ($3 <> 0)";
    let row = db
        .row(sql, values![instance.as_str(), client, for_client])
        .await?;
    row.map_or(Ok(None), |row| row.int_or_none("newest"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::stored_file;
    use super::*;

    async fn plan_of(db: &Db, statement: Statement) -> Vec<String> {
        let sql = format!("explain query plan {}", statement.sql);
        let rows = db.rows_of(sql, statement.values).await.unwrap();
        rows.iter().map(|row| row.text("detail").unwrap()).collect()
    }

    #[tokio::test]
    async fn pages_follow_an_index_and_are_not_sorted() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open_sqlite(&folder.path().join("t.db"), Duration::from_secs(1))
            .await
            .unwrap();
        let (filter, limit) = (Filter::default(), 10);
        let filter = ResolvedFilter::plain(&filter);
        for statement in [
            stored_statement(&filter, "", limit),
            stored_file::stored_statement(&filter, "", limit),
            stored_file::stored_before_statement(&filter, "", limit),
            stored_file::lost_before_statement(&filter, "", limit),
        ] {
            let steps = plan_of(&db, statement).await;
            assert!(steps[0].contains("(id"), "{steps:?}");
            assert!(
                !steps.iter().any(|step| step.contains("B-TREE")),
                "{steps:?}"
            );
        }
        db.close().await;
    }
}
