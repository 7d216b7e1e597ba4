//! Statements that are put together from fixed pieces.

use crate::db::Value;

/// The same id with a server or a device.
macro_rules! is_id {
    ($column:literal) => {
        concat!(
            "(",
            $column,
            " = $$ or ",
            $column,
            " >= $$ || '@' and ",
            $column,
            " < $$ || 'A' or ",
            $column,
            " >= $$ || ':' and ",
            $column,
            " < $$ || ';')"
        )
    };
}
pub(super) use is_id;

/// A statement that is put together from fixed pieces, for only the conditions that are given: with others in it, the engine
/// could not choose its index by them.
pub(super) struct Statement {
    pub sql: String,
    pub values: Vec<Value>,
}

impl Statement {
    pub fn new(sql: &str) -> Self {
        Self {
            sql: sql.to_owned(),
            values: Vec::new(),
        }
    }

    /// Adds a piece; `$$` in it is the value's placeholder.
    pub fn push(&mut self, piece: &str, value: impl Into<Value>) {
        self.values.push(value.into());
        let placeholder = format!("${}", self.values.len());
        self.sql.push_str(&piece.replace("$$", &placeholder));
    }

    /// Adds ` and ` and a condition, if its value is given.
    pub fn and<T: Into<Value>>(&mut self, condition: &str, value: Option<T>) {
        if let Some(value) = value {
            self.sql.push_str(" and ");
            self.push(condition, value);
        }
    }

    /// Adds ` and ` and that the client and the chat are among these.
    pub fn in_chats(&mut self, chats: &[(i64, String)]) {
        if chats.is_empty() {
            self.sql.push_str(" and 1 = 0");
            return;
        }
        self.sql.push_str(" and (client, chat_id) in (values ");
        for (n, (client, chat)) in chats.iter().enumerate() {
            self.push(if n == 0 { "($$, " } else { ", ($$, " }, *client);
            self.push("$$)", chat);
        }
        self.sql.push(')');
    }
}

/// `$1, $2, …`, starting at `first`.
pub(super) fn placeholders(first: usize, count: usize) -> String {
    let names: Vec<_> = (first..first + count).map(|n| format!("${n}")).collect();
    names.join(", ")
}
