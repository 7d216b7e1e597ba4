//! One connection with its prepared statements.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio_postgres::types::{FromSql, ToSql, Type};
use tokio_postgres::{Client, Connection, NoTls, Statement};

use super::address::Address;
use super::error::lost;
use super::text::translated;
use crate::db::value::Cell;
use crate::db::{Error, Row, Value};

/// The most prepared statements of a connection.
const STATEMENTS: usize = 400;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::db) enum Use {
    Read,
    Write,
}

impl Use {
    fn settings(self) -> &'static str {
        match self {
            // The values decide the plan of a list: with a plan for all values a rare one would read the whole table.
            Self::Read => {
                "set default_transaction_read_only = on; set plan_cache_mode = force_custom_plan; set statement_timeout = '30s'"
            }
            Self::Write => {
                "set statement_timeout = '30s'; set lock_timeout = '5s'; set idle_in_transaction_session_timeout = '10s'; set synchronous_commit = on"
            }
        }
    }
}

/// The kinds of a statement's values, which PostgreSQL cannot always infer from its text.
type Kinds = Vec<u8>;
/// The prepared statements of a text.
type Statements = HashMap<Box<str>, Vec<(Kinds, Statement)>>;

pub(in crate::db) struct Session {
    client: Client,
    driver: Mutex<Option<JoinHandle<()>>>,
    statements: Mutex<Statements>,
    /// Whether a statement of the open transaction failed: then a commit would be a rollback.
    has_failed: AtomicBool,
}

// Statements of several writes may wait for their answers at once; the server runs them in the order in which they were sent.
impl Session {
    pub async fn connect(address: &Address, purpose: Use) -> Result<Self, Error> {
        let (client, driver) = match &address.encryption {
            Some(encryption) => {
                let connecting = address.config.connect(encryption.clone());
                let (client, connection) = connecting.await?;
                (client, drive(connection))
            }
            None => {
                let (client, connection) = address.config.connect(NoTls).await?;
                (client, drive(connection))
            }
        };
        let session = Self {
            client,
            driver: Mutex::new(Some(driver)),
            statements: Mutex::default(),
            has_failed: AtomicBool::new(false),
        };
        session.batch("set client_min_messages = warning").await?;
        session.batch(purpose.settings()).await?;
        Ok(session)
    }

    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Ends the statement that runs.
    pub async fn cancel(&self, address: &Address) {
        let token = self.client.cancel_token();
        // It may have ended by itself.
        let _ = match &address.encryption {
            Some(encryption) => token.cancel_query(encryption.clone()).await,
            None => token.cancel_query(NoTls).await,
        };
    }

    /// Says goodbye to the server.
    pub async fn close(self) {
        let driver = self.driver.lock();
        let driver = driver.unwrap_or_else(PoisonError::into_inner).take();
        drop(self);
        if let Some(driver) = driver {
            let _ = driver.await;
        }
    }

    /// Runs statements without values and rows.
    pub async fn batch(&self, sql: &str) -> Result<(), Error> {
        self.noting(self.client.batch_execute(sql).await)
    }

    pub async fn begin(&self, locks: &str) -> Result<(), Error> {
        self.has_failed.store(false, Ordering::Relaxed);
        self.batch(&format!("begin; {locks}")).await
    }

    /// Commits the open transaction. An error that is not uncertain says that nothing was committed.
    pub async fn commit(&self) -> Result<(), Error> {
        if self.has_failed.load(Ordering::Relaxed) {
            return Err(lost("a statement of the transaction failed"));
        }
        match self.client.batch_execute("commit").await {
            Ok(()) => Ok(()),
            // The server said that it did not commit.
            Err(error) if error.as_db_error().is_some() && !self.is_closed() => Err(error.into()),
            Err(error) => Err(Error::Uncertain(Box::new(error.into()))),
        }
    }

    /// Runs a statement; returns the number of changed rows.
    pub async fn run(&self, sql: &str, values: &[Value]) -> Result<u64, Error> {
        let statement = self.statement(sql, values).await?;
        let values = without_nul(values);
        let ran = self.client.execute(&statement, &parameters(&values)).await;
        self.noting(ran)
    }

    /// All rows of a query, or of a statement with `returning`.
    pub async fn rows(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Error> {
        let statement = self.statement(sql, values).await?;
        let values = without_nul(values);
        let found = self.client.query(&statement, &parameters(&values)).await;
        let found = self.noting(found)?;
        let names = statement.columns().iter().map(|it| it.name().to_owned());
        let names: Arc<[String]> = names.collect();
        let row = |row| Ok(Row::new(Arc::clone(&names), cells(row)?));
        found.iter().map(row).collect()
    }

    fn noting<T>(&self, outcome: Result<T, tokio_postgres::Error>) -> Result<T, Error> {
        outcome.map_err(|error| {
            self.has_failed.store(true, Ordering::Relaxed);
            error.into()
        })
    }

    async fn statement(&self, sql: &str, values: &[Value]) -> Result<Statement, Error> {
        let kinds: Kinds = values.iter().map(kind).collect();
        let known = |statements: &Statements| {
            let of_text = statements.get(sql)?;
            let found = of_text.iter().find(|(known, _)| *known == kinds);
            found.map(|(_, statement)| statement.clone())
        };
        if let Some(statement) = known(&self.lock()) {
            return Ok(statement);
        }
        let types: Vec<Type> = values.iter().map(type_of).collect();
        let prepared = self.client.prepare_typed(&translated(sql), &types).await;
        let statement = self.noting(prepared)?;
        let mut statements = self.lock();
        // Another write of the group may have prepared it at the same time.
        if let Some(statement) = known(&statements) {
            return Ok(statement);
        }
        if statements.len() >= STATEMENTS {
            statements.clear();
        }
        let of_text = statements.entry(sql.into()).or_default();
        of_text.push((kinds, statement.clone()));
        Ok(statement)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Statements> {
        self.statements
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Moves what is sent and received, until the client is dropped.
fn drive<S, T>(connection: Connection<S, T>) -> JoinHandle<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    #[expect(
        clippy::disallowed_methods,
        reason = "it ends with the client, see close"
    )]
    tokio::spawn(async move {
        // The client's calls get the error.
        let _ = connection.await;
    })
}

fn kind(value: &Value) -> u8 {
    match value {
        Value::Int(_) => 0,
        Value::Text(_) => 1,
        Value::Bytes(_) => 2,
    }
}

fn type_of(value: &Value) -> Type {
    match value {
        Value::Int(_) => Type::INT8,
        Value::Text(_) => Type::TEXT,
        Value::Bytes(_) => Type::BYTEA,
    }
}

/// PostgreSQL takes no NUL in a text: the character for what cannot be shown takes its place, as in a caption.
fn without_nul(values: &[Value]) -> Cow<'_, [Value]> {
    let has_nul = |value: &Value| matches!(value, Value::Text(Some(text)) if text.contains('\0'));
    if !values.iter().any(has_nul) {
        return Cow::Borrowed(values);
    }
    let replaced = values.iter().map(|value| match value {
        Value::Text(Some(text)) => Value::Text(Some(text.replace('\0', "\u{fffd}"))),
        other => other.clone(),
    });
    Cow::Owned(replaced.collect())
}

fn parameters(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(parameter).collect()
}

fn parameter(value: &Value) -> &(dyn ToSql + Sync) {
    match value {
        Value::Int(value) => value,
        Value::Text(value) => value,
        Value::Bytes(value) => value,
    }
}

/// A sum of whole numbers, which PostgreSQL gives as a numeric. None when it has a fraction or more than 64 bits.
struct Whole(Option<i64>);

impl<'a> FromSql<'a> for Whole {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        // Number of digits to the base 10,000, weight of the first, sign, decimal places; then the digits
        // (numeric_send in PostgreSQL's numeric.c).
        const NEGATIVE: u16 = 0x4000;
        let mut words = raw
            .chunks_exact(2)
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
        let mut next = || words.next().ok_or("a numeric is cut");
        let (count, weight) = (next()?, next()?.cast_signed());
        let (sign, _) = (next()?, next()?);
        let digits: Vec<_> = words.take(count.into()).collect();
        if sign != 0 && sign != NEGATIVE || i32::from(count) > i32::from(weight) + 1 {
            return Ok(Self(None));
        }
        let mut value = Some(0_i128);
        for at in 0..=weight.max(-1) {
            let digit = usize::try_from(at)
                .ok()
                .and_then(|at| digits.get(at))
                .copied();
            let shifted = value.and_then(|value| value.checked_mul(10_000));
            value = shifted.map(|value| value + i128::from(digit.unwrap_or(0)));
        }
        let signed = value.map(|value| if sign == NEGATIVE { -value } else { value });
        Ok(Self(signed.and_then(|value| value.try_into().ok())))
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::NUMERIC
    }
}

/// The values of a row. All whole numbers and booleans are one kind, as in SQLite.
fn cells(row: &tokio_postgres::Row) -> Result<Vec<Cell>, Error> {
    let cell = |(at, column): (usize, &tokio_postgres::Column)| {
        let cell = match *column.type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(at)?.map(Cell::Integer),
            Type::INT4 => {
                let value = row.try_get::<_, Option<i32>>(at)?;
                value.map(|value| Cell::Integer(value.into()))
            }
            Type::INT2 => {
                let value = row.try_get::<_, Option<i16>>(at)?;
                value.map(|value| Cell::Integer(value.into()))
            }
            Type::BOOL => {
                let value = row.try_get::<_, Option<bool>>(at)?;
                value.map(|value| Cell::Integer(value.into()))
            }
            Type::TEXT | Type::VARCHAR | Type::NAME => {
                row.try_get::<_, Option<String>>(at)?.map(Cell::Text)
            }
            Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(at)?.map(Cell::Blob),
            Type::NUMERIC => {
                let value = row.try_get::<_, Option<Whole>>(at)?;
                value.map(|Whole(value)| value.map_or(Cell::Other, Cell::Integer))
            }
            _ => Some(Cell::Other),
        };
        Ok(cell.unwrap_or(Cell::Null))
    };
    row.columns().iter().enumerate().map(cell).collect()
}
