//! The last trusted clock reading, for the next process.

use super::{Db, Error, Tx, values};
use crate::clock::Reading;

impl Tx {
    pub async fn save_clock(&mut self, reading: &Reading) -> Result<(), Error> {
        let sql = "insert into clock (id, wall, uptime, boot) values (1, $1, $2, $3)
                   on conflict (id) do update set wall = excluded.wall, uptime = excluded.uptime, boot = excluded.boot";
        let values = values![reading.wall, reading.uptime, reading.boot.clone()];
        self.run(sql, values).await.map(drop)
    }
}

impl Db {
    /// None in a new database.
    pub async fn saved_clock(&self) -> Result<Option<Reading>, Error> {
        let row = self
            .row(
                "select wall, uptime, boot from clock where id = 1",
                values![],
            )
            .await?;
        row.map(|row| {
            Ok(Reading {
                wall: row.int("wall")?,
                uptime: row.int("uptime")?,
                boot: row.text_or_none("boot")?,
            })
        })
        .transpose()
    }
}
