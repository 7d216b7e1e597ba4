//! Texts for people are in the catalogues.

use super::*;

/// English strings in JSON or in files that are not translated.
const NOT_FOR_PEOPLE: &[&str] = &[
    "not set",
    "Clínica Aurora",
    "Oficina do Bairro",
    "bom dia",
    " midiateca monitor",
    "Brazilian Portuguese",
];

/// Files of the service with English strings that are no texts of it.
const ENGLISH_FILES: &[&str] = &[
    // The OpenAPI document.
    "http/api/openapi.rs",
    "http/api/openapi/webhooks.rs",
    "http/api/docs.rs",
    // Names of products.
    "gateway/title.rs",
    // OpenMetrics.
    "metrics.rs",
    // What serde says of a value that it does not take; `i18n::explain` names the setting.
    "config/address.rs",
    "config/size.rs",
    "config/environment.rs",
    "http/api/fields.rs",
    // For logs.
    "gateway.rs",
    "gateway/wapi/read.rs",
    "server/reconciliation.rs",
    // What the engine says of a damaged database, and of a statement.
    "db/sqlite.rs",
    "db/postgres.rs",
    "db/postgres/error.rs",
    "db/postgres/session.rs",
];

/// Answers of gateways and CDNs, beginnings of files, and names of keys.
const NOT_OF_THE_SERVICE: &[&str] = &[
    "does not exist",
    "no attachment",
    "not active",
    "not connected",
    "not found",
    "status code 403",
    "status code 404",
    "status code 410",
    "URL signature expired",
    "SQLite format 3\\0",
    "midiateca media export\\n",
    "erased on request:",
    "refused delivery of {}",
];

fn is_sql(string: &str) -> bool {
    let marks = [
        "select ",
        "create table ",
        " on conflict ",
        "update ",
        "insert ",
        "delete from ",
        " is null",
        " is not null",
        " group by ",
        " order by ",
        " in (",
        ") as ",
        "coalesce(",
        "pragma ",
        " join ",
        ", created_at",
        " counted",
        " and not ",
        " from media ",
        "reason = 'erased'",
        "status = '",
        " < $",
        " = $",
        " and id ",
        "in ($",
        "begin immediate",
        "and not (",
        " where 1 = 0",
        "is distinct from",
        "union all",
        " holds h ",
    ];
    marks.iter().any(|mark| string.contains(mark))
}

/// Each string of a text with the code before it, back to the previous statement or block. Skips comments and `mod tests`.
pub(super) fn strings(text: &str) -> Vec<(String, String)> {
    let text = text.split("#[cfg(test)]").next().unwrap_or("");
    let text = text.split("#[cfg(all(test").next().unwrap_or("");
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let text: String = lines.flat_map(|line| [line, "\n"]).collect();
    let (mut found, mut before, mut letters) = (Vec::new(), String::new(), text.chars());
    while let Some(letter) = letters.next() {
        match letter {
            // A letter between quotes, not a lifetime.
            '\'' => {
                let rest = letters.as_str();
                let is_letter = rest.starts_with('\\') || rest.chars().nth(1) == Some('\'');
                if is_letter {
                    letters.next();
                    letters.find(|letter| *letter == '\'');
                }
            }
            '"' => {
                let mut string = String::new();
                while let Some(letter) = letters.next().filter(|letter| *letter != '"') {
                    string.push(letter);
                    if letter == '\\' {
                        string.extend(letters.next());
                    }
                }
                found.push((before.clone(), string));
                before.push('_');
            }
            ';' | '{' | '}' => before.clear(),
            other => before.push(other),
        }
    }
    found
}

/// Whether a string has two adjacent words outside of its placeholders.
fn is_a_sentence(string: &str) -> bool {
    let parts = string.split('{');
    let parts = parts.map(|part| part.split_once('}').map_or(part, |(_, after)| after));
    let outside = parts.collect::<Vec<_>>().join(" {} ");
    let words: Vec<_> = outside.split(' ').collect();
    let is_word = |word: &str| word.len() > 1 && word.chars().all(char::is_alphabetic);
    words
        .windows(2)
        .any(|pair| pair.iter().all(|word| is_word(word)))
}

#[test]
fn texts_for_people_are_in_the_catalogues() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut wrong = Vec::new();
    for file in files.iter().filter(|file| !file.ends_with("tests.rs")) {
        let below = file.strip_prefix(&root).unwrap();
        let name = below.display().to_string().replace('\\', "/");
        let text = fs::read_to_string(file).unwrap();
        for (before, string) in strings(&text) {
            // Errors, log lines and reasons for lints are English; `i18n::explain` translates errors.
            let is_for_others = ["#[error(", "tracing::", "reason = "]
                .iter()
                .any(|mark| before.contains(mark));
            let is_a_name = NOT_FOR_PEOPLE.contains(&string.as_str());
            if is_a_sentence(&string) && !is_for_others && !is_a_name {
                wrong.push(format!("{name}: {string:?}"));
            }
        }
    }
    assert_eq!(
        wrong,
        Vec::<String>::new(),
        "sentences belong in crates/service/i18n, in both languages; names that stay English belong in NOT_FOR_PEOPLE"
    );
}

/// Nor has the service: it shows texts to people through `i18n`, and explains errors there.
#[test]
fn the_service_has_no_texts_for_people_outside_the_catalogues() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../service/src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut wrong = Vec::new();
    let mut used = std::collections::BTreeSet::new();
    for file in &files {
        let below = file.strip_prefix(&root).unwrap();
        let name = below.display().to_string().replace('\\', "/");
        if name.ends_with("tests.rs") || name.contains("tests/") {
            continue;
        }
        let text = fs::read_to_string(file).unwrap();
        for (before, string) in strings(&text) {
            // Errors, log lines, reasons for lints and checks, and what the OpenAPI document says.
            let marks = [
                "#[error(",
                "tracing::",
                "reason = ",
                "assert",
                "description = ",
                ".expect(",
            ];
            let is_for_others = marks.iter().any(|mark| before.contains(mark));
            if is_for_others || is_sql(&string) || !is_a_sentence(&string) {
                continue;
            }
            let known = [&name, &string].map(String::as_str);
            let exceptions = ENGLISH_FILES.iter().chain(NOT_OF_THE_SERVICE);
            match exceptions.into_iter().find(|it| known.contains(it)) {
                Some(exception) => drop(used.insert(*exception)),
                None => wrong.push(format!("{name}: {string:?}")),
            }
        }
    }
    assert_eq!(
        wrong,
        Vec::<String>::new(),
        "sentences belong in crates/service/i18n, in both languages; what is none is named in this file"
    );
    let all = ENGLISH_FILES.iter().chain(NOT_OF_THE_SERVICE);
    let idle: Vec<_> = all.filter(|it| !used.contains(**it)).collect();
    assert_eq!(idle, Vec::<&&str>::new(), "exceptions that nothing needs");
}

#[test]
fn a_sentence_is_found() {
    let text = "fn f() { say(\"no such thing\"); put('\"', \"a\\\"b\"); // \"not this one\"\n}";
    let found: Vec<_> = strings(text).into_iter().map(|(_, text)| text).collect();
    assert_eq!(found[..2], ["no such thing", "a\\\"b"]);
    for (string, expected) in [
        ("no such thing", true),
        ("not set", true),
        ("{} is no kind", true),
        ("{} {} HTTP {status} {} bytes {} ms: {outcome}", false),
        ("cliente_{}\\t{}", false),
    ] {
        assert_eq!(is_a_sentence(string), expected, "{string}");
    }
}
