//! Statements as PostgreSQL reads them.

use std::borrow::Cow;

const OURS: &str = "/*postgres";
const THEIRS: &str = "/*sqlite*/";

/// Uncovers the text for PostgreSQL, and removes that for SQLite before it.
pub(super) fn translated(sql: &str) -> Cow<'_, str> {
    if !sql.contains(OURS) {
        return Cow::Borrowed(sql);
    }
    let (mut text, mut rest) = (String::with_capacity(sql.len()), sql);
    while let Some((before, after)) = rest.split_once(OURS) {
        let (ours, next) = after.split_once("*/").unwrap_or((after, ""));
        text.push_str(
            before
                .split_once(THEIRS)
                .map_or(before, |(shared, _)| shared),
        );
        text.push_str(ours);
        rest = next;
    }
    text.push_str(rest);
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_the_other_engine_is_removed() {
        for (sql, expected) in [
            ("select 1", "select 1"),
            ("a /*sqlite*/b/*postgres c*/ d", "a  c d"),
            ("a /*postgres for update */d", "a  for update d"),
            ("a /*sqlite*/in (/*postgres = any ( */b)", "a  = any ( b)"),
            (
                "/*sqlite*/a/*postgres b*/ c /*sqlite*/d/*postgres e*/",
                " b c  e",
            ),
        ] {
            assert_eq!(translated(sql), expected);
        }
    }
}
