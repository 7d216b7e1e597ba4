//! Values of statements and rows, in the types that both engines have.

use std::sync::Arc;

use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use super::Error;

/// A value for a placeholder. Null keeps its type.
#[derive(Clone, Debug)]
pub enum Value {
    /// Integers, times and booleans.
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

/// Builds a list of [`Value`]s.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::db::Value::from($value)),*] };
}
pub(crate) use values;

macro_rules! from {
    ($($type:ty => $variant:ident, $into:expr;)*) => { $(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                let into: fn($type) -> _ = $into;
                Self::$variant(Some(into(value)))
            }
        }
        impl From<Option<$type>> for Value {
            fn from(value: Option<$type>) -> Self {
                let into: fn($type) -> _ = $into;
                Self::$variant(value.map(into))
            }
        }
    )* };
}

from! {
    i64 => Int, |value| value;
    u32 => Int, i64::from;
    bool => Int, i64::from;
    u64 => Int, |value| i64::try_from(value).unwrap_or(i64::MAX);
    &str => Text, str::to_owned;
    &String => Text, String::clone;
    String => Text, |value| value;
    &[u8] => Bytes, <[u8]>::to_vec;
    &[u8; 32] => Bytes, |value| value.to_vec();
    [u8; 32] => Bytes, |value| value.to_vec();
    Vec<u8> => Bytes, |value| value;
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Int(value) => value.to_sql(),
            Self::Text(value) => value.to_sql(),
            Self::Bytes(value) => value.to_sql(),
        }
    }
}

/// A value of a result.
pub(super) enum Cell {
    Null,
    Integer(i64),
    Text(String),
    Blob(Vec<u8>),
    /// Of a type that no column has.
    Other,
}

impl FromSql for Cell {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(value) => Self::Integer(value),
            ValueRef::Real(_) => Self::Other,
            ValueRef::Text(_) => Self::Text(value.as_str()?.to_owned()),
            ValueRef::Blob(value) => Self::Blob(value.to_vec()),
        })
    }
}

/// A result row. Every getter fails with [`Error::Malformed`] when the type does not match.
pub struct Row {
    names: Arc<[String]>,
    cells: Vec<Cell>,
}

impl Row {
    pub(super) fn new(names: Arc<[String]>, cells: Vec<Cell>) -> Self {
        Self { names, cells }
    }

    fn get(&self, column: &str) -> Result<&Cell, Error> {
        let at = self.names.iter().position(|name| name == column);
        at.and_then(|at| self.cells.get(at))
            .ok_or_else(|| malformed(column))
    }

    pub fn int(&self, column: &str) -> Result<i64, Error> {
        self.int_or_none(column)?.ok_or_else(|| malformed(column))
    }

    pub fn int_or_none(&self, column: &str) -> Result<Option<i64>, Error> {
        match self.get(column)? {
            Cell::Null => Ok(None),
            Cell::Integer(value) => Ok(Some(*value)),
            _ => Err(malformed(column)),
        }
    }

    /// A non-negative integer.
    pub fn count(&self, column: &str) -> Result<u64, Error> {
        u64::try_from(self.int(column)?).map_err(|_| malformed(column))
    }

    pub fn count_or_none(&self, column: &str) -> Result<Option<u64>, Error> {
        let count = self.int_or_none(column)?.map(u64::try_from);
        count.transpose().map_err(|_| malformed(column))
    }

    pub fn flag(&self, column: &str) -> Result<bool, Error> {
        Ok(self.int(column)? != 0)
    }

    pub fn text(&self, column: &str) -> Result<String, Error> {
        self.text_or_none(column)?.ok_or_else(|| malformed(column))
    }

    pub fn text_or_none(&self, column: &str) -> Result<Option<String>, Error> {
        match self.get(column)? {
            Cell::Null => Ok(None),
            Cell::Text(value) => Ok(Some(value.clone())),
            _ => Err(malformed(column)),
        }
    }

    pub fn bytes(&self, column: &str) -> Result<Vec<u8>, Error> {
        self.bytes_or_none(column)?.ok_or_else(|| malformed(column))
    }

    pub fn bytes_or_none(&self, column: &str) -> Result<Option<Vec<u8>>, Error> {
        match self.get(column)? {
            Cell::Null => Ok(None),
            Cell::Blob(value) => Ok(Some(value.clone())),
            _ => Err(malformed(column)),
        }
    }

    /// 32 bytes (a key or a SHA-256).
    pub fn bytes32_or_none(&self, column: &str) -> Result<Option<[u8; 32]>, Error> {
        let bytes = self.bytes_or_none(column)?;
        bytes
            .map(|bytes| <[u8; 32]>::try_from(bytes.as_slice()))
            .transpose()
            .map_err(|_| malformed(column))
    }

    /// A code parsed by `parse`.
    pub fn parsed<T>(&self, column: &str, parse: fn(&str) -> Option<T>) -> Result<T, Error> {
        parse(&self.text(column)?).ok_or_else(|| malformed(column))
    }

    pub fn parsed_or_none<T>(
        &self,
        column: &str,
        parse: fn(&str) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        let text = self.text_or_none(column)?;
        text.map(|text| parse(&text).ok_or_else(|| malformed(column)))
            .transpose()
    }
}

fn malformed(column: &str) -> Error {
    Error::Malformed {
        column: column.to_owned(),
    }
}
