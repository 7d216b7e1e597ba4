//! File names for programs that read ASCII only, such as `curl -OJ`.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Letters without their accents. What has no form in ASCII, or a meaning in a quoted string or a path, becomes `_`.
pub fn of(name: &str) -> String {
    let mut ascii = String::with_capacity(name.len());
    for letter in name.chars() {
        if is_combining_mark(letter) && ascii.ends_with(|last: char| last.is_ascii_alphanumeric()) {
            continue;
        }
        let spelled = spelled(letter);
        if spelled.is_empty() {
            let parts = std::iter::once(letter).nfkd();
            let parts: String = parts.filter(|part| !is_combining_mark(*part)).collect();
            push(&mut ascii, &parts);
        } else {
            push(&mut ascii, spelled);
        }
    }
    ascii
}

fn push(ascii: &mut String, parts: &str) {
    if parts.is_empty() || !parts.is_ascii() {
        return ascii.push('_');
    }
    ascii.extend(parts.chars().map(|part| match part {
        '"' | '\\' | '%' | '/' => '_',
        ' '..='~' => part,
        _ => '_',
    }));
}

/// Letters that are not another one with an accent; empty for all others.
fn spelled(letter: char) -> &'static str {
    match letter {
        'ß' => "ss",
        'ẞ' => "SS",
        'æ' => "ae",
        'Æ' => "AE",
        'œ' => "oe",
        'Œ' => "OE",
        'ø' => "o",
        'Ø' => "O",
        'ł' => "l",
        'Ł' => "L",
        'đ' | 'ð' => "d",
        'Đ' | 'Ð' => "D",
        'þ' => "th",
        'Þ' => "Th",
        'ħ' => "h",
        'Ħ' => "H",
        'ı' => "i",
        '‘' | '’' => "'",
        '‐'..='―' | '−' => "-",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_letters_without_accents() {
        for (name, expected) in [
            ("Relação de São João.pdf", "Relacao de Sao Joao.pdf"),
            // As macOS writes names.
            ("Ac\u{327}a\u{303}o.pdf", "Acao.pdf"),
            ("nº 1ª via – cópia’s.pdf", "no 1a via - copia's.pdf"),
            ("Straße Ærø Łódź œuvre.txt", "Strasse AEro Lodz oeuvre.txt"),
            ("ﬁm…", "fim..."),
            ("a\"b\\c%d／e", "a_b_c_d_e"),
            ("\u{301}.pdf", "_.pdf"),
            ("写真🙂\n.jpg", "____.jpg"),
            ("한.jpg", "_.jpg"),
        ] {
            assert_eq!(of(name), expected, "{name}");
        }
    }
}
