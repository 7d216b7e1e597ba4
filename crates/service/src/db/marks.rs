//! Where long work that was stopped goes on.

use super::{Db, Error, Tx, values};

const MARKED: &str = "select mark from marks where name = $1";

impl Tx {
    /// Remembers how far the work of that name came. `now` is unix milliseconds.
    pub async fn mark(&mut self, name: &str, mark: &str, now: i64) -> Result<(), Error> {
        let sql = "insert into marks (name, mark, at) values ($1, $2, $3)
                   on conflict (name) do update set mark = excluded.mark, at = excluded.at";
        self.run(sql, values![name, mark, now]).await.map(drop)
    }

    /// How far the work of that name came, as the transaction sees it.
    pub async fn marked(&mut self, name: &str) -> Result<Option<String>, Error> {
        let row = self.row(MARKED, values![name]).await?;
        row.map(|row| row.text("mark")).transpose()
    }

    /// Forgets it, for the work came to its end.
    pub async fn unmark(&mut self, name: &str) -> Result<(), Error> {
        let sql = "delete from marks where name = $1";
        self.run(sql, values![name]).await.map(drop)
    }
}

impl Db {
    /// How far the work of that name came, if it was stopped.
    pub async fn marked(&self, name: &str) -> Result<Option<String>, Error> {
        let row = self.row(MARKED, values![name]).await?;
        row.map(|row| row.text("mark")).transpose()
    }

    /// All works whose names begin so, with how far they came.
    pub async fn marks(&self, beginning: &str) -> Result<Vec<(String, String)>, Error> {
        let sql =
            "select name, mark from marks where substr(name, 1, length($1)) = $1 order by name";
        let rows = self.rows(sql, values![beginning]).await?;
        rows.iter()
            .map(|row| Ok((row.text("name")?, row.text("mark")?)))
            .collect()
    }
}
