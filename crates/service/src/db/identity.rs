//! The random id of a database, which its storage carries too.

use super::{Db, Error, Key, values};

impl Db {
    /// Whether a storage has this database's id.
    pub async fn has_storage(&self) -> Result<bool, Error> {
        if self.identity.is_empty() {
            return Ok(false);
        }
        let sql = "select has_storage from identity";
        let row = self.row(sql, Vec::new()).await?;
        row.map_or(Ok(false), |row| Ok(row.int("has_storage")? == 1))
    }

    /// Records that a storage has this database's id.
    pub async fn set_has_storage(&self) -> Result<(), Error> {
        self.write(Key::Nothing, async |tx| {
            let sql = "update identity set has_storage = $1";
            tx.run(sql, values![1_i64]).await.map(drop)
        })
        .await
    }
}
