//! Ids that are shortened to a unique prefix.

use super::name::tidy;

/// Why a prefix names no id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrefixError {
    #[error("no id begins with it")]
    Unknown,
    #[error("several ids begin with it: {}", .candidates.join(", "))]
    Ambiguous { candidates: Vec<String> },
}

/// The item with this id, or the only one whose id begins with it.
pub fn by_prefix<T>(
    text: &str,
    mut items: Vec<T>,
    id: impl Fn(&T) -> &str,
) -> Result<T, PrefixError> {
    if let Some(at) = items.iter().position(|item| id(item) == text) {
        return Ok(items.swap_remove(at));
    }
    let text = tidy(text);
    if let Some(at) = items.iter().position(|item| tidy(id(item)) == text) {
        return Ok(items.swap_remove(at));
    }
    // Every id begins with an empty text.
    items.retain(|item| !text.is_empty() && tidy(id(item)).starts_with(&text));
    if items.len() > 1 {
        let candidates = items.iter().map(|item| id(item).to_owned()).collect();
        return Err(PrefixError::Ambiguous { candidates });
    }
    items.pop().ok_or(PrefixError::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_id_or_a_unique_prefix_names_one() {
        let find = |text| by_prefix(text, vec!["AB", "ABC", "D"], |id| id);
        assert_eq!(find("AB"), Ok("AB"));
        assert_eq!(find("ABC"), Ok("ABC"));
        assert_eq!(find("D"), Ok("D"));
        assert_eq!(find(" D\n"), Ok("D"));
        assert_eq!(find(""), Err(PrefixError::Unknown));
        assert_eq!(find("E"), Err(PrefixError::Unknown));
        let candidates = vec!["AB".to_owned(), "ABC".to_owned()];
        assert_eq!(find("A"), Err(PrefixError::Ambiguous { candidates }));
    }
}
