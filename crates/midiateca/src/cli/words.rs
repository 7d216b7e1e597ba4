//! The catalogue of what the command line says, in both languages side by side, a file per command.
//!
//! A sentence is a constant: one that is used and not in here does not build, and one that nobody uses is a warning.
//! What is put in when it is said stands in braces, `{path}`, and is the same in both languages; a test holds this.
//! What comes from elsewhere as an English text (names in the database, recorded reasons, doc comments that are help)
//! is looked up by that text.

/// One sentence, or a part of one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    pub en: &'static str,
    pub pt: &'static str,
}

/// `NAME: "English", "Portuguese";`, any number of times.
macro_rules! words {
    ($( $name:ident: $en:literal, $pt:literal; )*) => {
        $( pub(crate) const $name: crate::cli::words::Words = crate::cli::words::Words { en: $en, pt: $pt }; )*

        #[cfg(test)]
        pub(super) const ALL: &[(&str, crate::cli::words::Words)] = &[$( (stringify!($name), $name) ),*];
    };
}

/// `"English", "Portuguese";`, any number of times: what comes as an English text, and is looked up by it.
macro_rules! texts {
    ($( $en:literal, $pt:literal; )*) => {
        pub(crate) const TEXTS: &[crate::cli::words::Words] = &[$( crate::cli::words::Words { en: $en, pt: $pt } ),*];

        #[cfg(test)]
        pub(super) const ALL: &[(&str, crate::cli::words::Words)] = &[$( ($en, crate::cli::words::Words { en: $en, pt: $pt }) ),*];
    };
}

pub(crate) mod backup;
pub(crate) mod causes;
pub(crate) mod check;
pub(crate) mod client;
pub(crate) mod config;
pub(crate) mod context;
pub(crate) mod decrypt;
pub(crate) mod deliveries;
#[cfg(feature = "demo")]
pub(crate) mod demo;
pub(crate) mod dismiss;
pub(crate) mod doctor;
pub(crate) mod errors;
pub(crate) mod export;
pub(crate) mod forget;
pub(crate) mod help;
pub(crate) mod import;
pub(crate) mod instance;
pub(crate) mod man;
pub(crate) mod media;
pub(crate) mod monitor;
pub(crate) mod names;
pub(crate) mod reading;
pub(crate) mod refusals;
pub(crate) mod retry;
pub(crate) mod scrub;
pub(crate) mod serve;
pub(crate) mod sweep;
pub(crate) mod test_webhook;
pub(crate) mod usage;
pub(crate) mod webhooks;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const FILES: &[(&str, &[(&str, Words)])] = &[
        ("backup", backup::ALL),
        ("causes", causes::ALL),
        ("check", check::ALL),
        ("client", client::ALL),
        ("config", config::ALL),
        ("context", context::ALL),
        ("decrypt", decrypt::ALL),
        ("deliveries", deliveries::ALL),
        #[cfg(feature = "demo")]
        ("demo", demo::ALL),
        ("dismiss", dismiss::ALL),
        ("doctor", doctor::ALL),
        ("errors", errors::ALL),
        ("export", export::ALL),
        ("forget", forget::ALL),
        ("help", help::ALL),
        ("import", import::ALL),
        ("instance", instance::ALL),
        ("man", man::ALL),
        ("media", media::ALL),
        ("monitor", monitor::ALL),
        ("names", names::ALL),
        ("reading", reading::ALL),
        ("refusals", refusals::ALL),
        ("retry", retry::ALL),
        ("scrub", scrub::ALL),
        ("serve", serve::ALL),
        ("sweep", sweep::ALL),
        ("test_webhook", test_webhook::ALL),
        ("usage", usage::ALL),
        ("webhooks", webhooks::ALL),
    ];

    fn holes(text: &str) -> BTreeSet<&str> {
        let parts = text.split('{').skip(1);
        parts
            .filter_map(|part| part.split_once('}').map(|(name, _)| name))
            .collect()
    }

    #[test]
    fn both_languages_say_everything_and_leave_the_same_holes() {
        for (file, words) in FILES {
            assert!(!words.is_empty(), "{file} is empty");
            for (name, words) in *words {
                assert!(!words.en.trim().is_empty(), "{file}::{name}");
                assert!(!words.pt.trim().is_empty(), "{file}::{name}");
                assert_eq!(holes(words.en), holes(words.pt), "{file}::{name}");
            }
        }
    }

    /// Names, and words that Portuguese has taken over.
    const SAME: &[&str] = &[
        "API",
        "CDN",
        "bytes",
        "chmod",
        "fetch",
        "gateway",
        "id",
        "link",
        "midiateca",
        "ok",
        "routes",
        "status",
        "token",
        "webhook",
        "webhooks",
    ];

    /// The words of a sentence: what fills its holes and the commands in it are the same in both languages.
    fn words_of(sentence: &str) -> Vec<&str> {
        let outside = sentence.split('`').step_by(2);
        let parts = outside.flat_map(|part| part.split('{'));
        let parts = parts.map(|part| part.split_once('}').map_or(part, |(_, after)| after));
        let words = parts.flat_map(|part| part.split(|letter: char| !letter.is_alphabetic()));
        words.filter(|word| word.len() > 1).collect()
    }

    #[test]
    fn what_is_said_in_portuguese_is_not_the_english_again() {
        for (file, words) in FILES {
            for (name, words) in words.iter().filter(|(_, words)| words.en == words.pt) {
                for word in words_of(words.en) {
                    assert!(SAME.contains(&word), "{file}::{name} is not translated");
                }
            }
        }
    }

    #[cfg(feature = "demo")]
    #[test]
    fn every_file_of_the_catalogue_is_looked_at() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cli/words");
        let names = std::fs::read_dir(folder).unwrap();
        let names: BTreeSet<_> = names
            .map(|entry| {
                let name = entry.unwrap().file_name().into_string().unwrap();
                name.trim_end_matches(".rs").to_owned()
            })
            .collect();
        let listed: BTreeSet<_> = FILES.iter().map(|(file, _)| (*file).to_owned()).collect();
        assert_eq!(names, listed);
    }
}
