//! Names that people take for the same: a file that came through a Mac has its accents as letters of their own, and
//! Windows does not distinguish small and large letters.

/// Letters with an accent, as Portuguese and its neighbours have them, and what they are made of.
const COMPOSED: [(&str, char, &str); 6] = [
    ("àèìòùǹ", '\u{300}', "aeioun"),
    ("áéíóúýćńś", '\u{301}', "aeiouycns"),
    ("âêîôû", '\u{302}', "aeiou"),
    ("ãõñĩũẽ", '\u{303}', "aoniue"),
    ("äëïöüÿ", '\u{308}', "aeiouy"),
    ("çş", '\u{327}', "cs"),
];

/// A name in small letters, each accent by itself.
pub(super) fn fold(name: &str) -> String {
    let mut folded = String::with_capacity(name.len());
    for letter in name.chars().flat_map(char::to_lowercase) {
        match parts_of(letter) {
            Some((base, accent)) => folded.extend([base, accent]),
            None => folded.push(letter),
        }
    }
    folded
}

fn parts_of(letter: char) -> Option<(char, char)> {
    if letter.is_ascii() {
        return None;
    }
    COMPOSED.iter().find_map(|(composed, accent, bases)| {
        let at = composed.chars().position(|other| other == letter)?;
        Some((bases.chars().nth(at)?, *accent))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_look_the_same_are_the_same() {
        let decomposed = "ac\u{327}a\u{303}o/fe\u{301}rias.jpg";
        assert_eq!(fold("AÇÃO/Férias.JPG"), fold(decomposed));
        assert_ne!(fold("acao"), fold("ação"));
        for (composed, _, bases) in COMPOSED {
            assert_eq!(composed.chars().count(), bases.len(), "{composed}");
        }
    }
}
