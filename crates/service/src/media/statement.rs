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

    /// Adds a list of values in brackets.
    pub fn list(&mut self, values: impl IntoIterator<Item = impl Into<Value>>) {
        let before = self.values.len();
        self.sql.push('(');
        for (n, value) in values.into_iter().enumerate() {
            self.push(if n == 0 { "$$" } else { ", $$" }, value);
        }
        // Nothing is in an empty list, which is an error in PostgreSQL.
        let end = if self.values.len() == before {
            "null)"
        } else {
            ")"
        };
        self.sql.push_str(end);
    }

    /// Adds a statement of the media of these chats, with an empty id for media that have no chat. `columns` are their columns,
    /// `and_more` adds conditions.
    pub fn of_chats<'c>(
        &mut self,
        columns: &str,
        chats: impl Iterator<Item = &'c (i64, String)> + Clone,
        and_more: impl Fn(&mut Self),
    ) {
        let without_chat: Vec<_> = chats.clone().filter(is_none).collect();
        let chats: Vec<_> = chats.filter(|chat| !is_none(chat)).collect();
        self.sql.push_str(&format!("select {columns} from "));
        if chats.is_empty() {
            self.sql.push_str("media where 1 = 0");
        } else {
            // A list of pairs in a condition is not looked up in the index.
            self.sql.push_str("(values ");
            for (n, (client, chat)) in chats.into_iter().enumerate() {
                self.push(if n == 0 { "($$, " } else { ", ($$, " }, *client);
                self.push("$$)", chat);
            }
            self.sql.push_str(
                ") as wanted /*sqlite*/cross join/*postgres join */ media on media.client = wanted.column1 and media.chat_id = wanted.column2 where true",
            );
        }
        and_more(self);
        for (client, _) in without_chat {
            let more = format!(
                " union all select {columns} from media where client = $$ and chat_id is null"
            );
            self.push(&more, *client);
            and_more(self);
        }
    }

    /// Adds ` or ` and that the client and the chat are among these.
    pub fn or_in_chats<'c>(&mut self, chats: impl Iterator<Item = &'c (i64, String)>) {
        let mut is_first = true;
        for (client, chat) in chats {
            let start = if is_first {
                " or (client, chat_id) in (values ($$, "
            } else {
                ", ($$, "
            };
            self.push(start, *client);
            self.push("$$)", chat);
            is_first = false;
        }
        if !is_first {
            self.sql.push(')');
        }
    }

    /// Adds ` and ` and that the client and the chat are among these.
    pub fn in_chats(&mut self, chats: &[(i64, String)]) {
        if chats.is_empty() {
            self.sql.push_str(" and 1 = 0");
            return;
        }
        let is_few = chats.len() <= MOST_EQUALS;
        self.sql.push_str(if is_few {
            " and ("
        } else {
            " and (client, chat_id) in (values "
        });
        for (n, (client, chat)) in chats.iter().enumerate() {
            // Only these are looked up in the index.
            let (first, next, end) = if is_few {
                ("client = $$ and ", " or client = $$ and ", "chat_id = $$")
            } else {
                ("($$, ", ", ($$, ", "$$)")
            };
            self.push(if n == 0 { first } else { next }, *client);
            self.push(end, chat);
        }
        self.sql.push(')');
    }
}

/// Chats of a condition that are written out.
const MOST_EQUALS: usize = 64;

/// An id that stands for none.
fn is_none((_, chat): &&(i64, String)) -> bool {
    chat.is_empty()
}

/// `$1, $2, …`, starting at `first`. Nothing is in an empty list, which is an error in PostgreSQL.
pub(super) fn placeholders(first: usize, count: usize) -> String {
    if count == 0 {
        return "null".to_owned();
    }
    let names: Vec<_> = (first..first + count).map(|n| format!("${n}")).collect();
    names.join(", ")
}
