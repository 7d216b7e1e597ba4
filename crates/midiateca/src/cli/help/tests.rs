use super::*;

/// The catalogue has the texts of `demo` too.
#[cfg(feature = "demo")]
mod catalogue {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    const CATALOGUE: &str = include_str!("../../../../service/i18n/pt-BR/help.ftl");

    /// The keys of the catalogue, and for each key the English texts that it translates.
    #[derive(Default)]
    struct Used {
        keys: BTreeSet<String>,
        english: BTreeMap<String, BTreeSet<String>>,
        missing: Vec<String>,
    }

    impl Used {
        fn tree(&mut self, command: &Command, path: &str) {
            let english = command.get_about().map(ToString::to_string);
            self.text(&[command_key(command, path).to_owned()], english);
            let long = command.get_long_about().map(|_| format!("{path}--about"));
            if let Some(key) = long {
                self.text(&[key], None);
            }
            for argument in command.get_arguments() {
                let english = argument.get_help().map(ToString::to_string);
                self.text(&argument_keys(argument, path), english);
                let names = argument.get_value_names().unwrap_or_default();
                let takes_value = argument.get_action().takes_values();
                for name in names.iter().filter(|_| takes_value) {
                    self.text(&[value_key(name)], None);
                }
            }
            for command in command.get_subcommands() {
                self.tree(command, &path_of(command, path));
            }
        }

        fn text(&mut self, keys: &[String], english: Option<String>) {
            let Some(key) = keys.iter().find(|key| text(key).is_some()) else {
                self.missing.push(format!("{} ({english:?})", keys[0]));
                return;
            };
            self.keys.insert(key.clone());
            let texts = self.english.entry(key.clone()).or_default();
            texts.extend(english);
        }
    }

    /// The parts that must be the same in both languages: commands in backquotes, options, values in quotes, and how many brackets.
    fn facts_in(text: &str) -> BTreeSet<String> {
        let commands = text.split('`').skip(1).step_by(2).map(str::to_owned);
        let values = text.split('"').skip(1).step_by(2).map(str::to_owned);
        let options = text
            .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-')
            .filter(|word| word.starts_with("--"))
            .map(str::to_owned);
        let brackets = [format!("{} brackets", text.matches(['[', ']']).count())];
        commands
            .chain(values)
            .chain(options)
            .chain(brackets)
            .collect()
    }

    fn catalogue() -> BTreeSet<String> {
        let keys = CATALOGUE.lines().filter_map(|line| line.split_once(" ="));
        let keys = keys.filter_map(|(key, _)| key.strip_prefix("help-"));
        keys.map(str::to_owned).collect()
    }

    #[test]
    fn every_command_and_argument_has_a_portuguese_text_and_no_text_is_unused() {
        let mut command = with_demo_folder(crate::cli::Options::command());
        command.build();
        let mut used = Used::default();
        used.tree(&command, PROGRAM);
        assert_eq!(used.missing, Vec::<String>::new());
        for (key, texts) in &used.english {
            assert!(texts.len() < 2 || key == "word-help", "{key}: {texts:?}");
        }
        for (key, texts) in &used.english {
            let portuguese = super::text(key).unwrap();
            for english in texts {
                assert_eq!(facts_in(english), facts_in(&portuguese), "{key}: {english}");
            }
        }
        let known = catalogue();
        let own = ["word-", "error-", "hint-", "value-command"];
        let unused = known.iter().filter(|key| !used.keys.contains(*key));
        let unused = unused.filter(|key| !own.iter().any(|start| key.starts_with(start)));
        assert_eq!(unused.collect::<Vec<_>>(), Vec::<&String>::new());
    }
}

fn pages(command: &mut Command, found: &mut Vec<(String, String)>) {
    let name = command.get_bin_name().unwrap_or("").to_owned();
    found.push((name.clone(), command.render_help().to_string()));
    found.push((name, command.render_long_help().to_string()));
    for command in command.get_subcommands_mut() {
        pages(command, found);
    }
}

#[test]
fn no_page_of_the_portuguese_help_has_words_of_clap() {
    let mut found = Vec::new();
    pages(&mut command(Language::Portuguese), &mut found);
    assert!(found.len() > 50, "{} pages", found.len());
    for (name, page) in found {
        let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(page.contains("Uso: "), "{name}: {page}");
        for text in [
            "Usage:",
            "Commands:",
            "Options:",
            "Arguments:",
            "[default",
            "[possible",
            "[env",
            "[alias",
            "[OPTIONS]",
            "COMMAND",
            "Print",
            "<DIR>",
            "<FILE",
        ] {
            assert!(!page.contains(text), "{name}: {text}\n{page}");
        }
        let heading = |text| page.find(text);
        if let (Some(own), Some(global)) = (heading(" Opções: "), heading(" Opções globais: "))
        {
            assert!(own < global, "{name}: {page}");
        }
    }
}

#[test]
fn both_languages_understand_the_same_commands() {
    for line in [
        "midiateca check",
        "midiateca verificar",
        "midiateca --lang pt-BR monitorar --lines",
        "midiateca instance add ID --client 2 --token-env VAR",
        "midiateca deliveries replay A B --dry-run",
        "midiateca media list --kind audio --limit 3 --json",
        "midiateca decrypt x.enc --media-key -x= --kind audio",
    ] {
        for lang in [Language::English, Language::Portuguese] {
            let arguments = line.split(' ').map(std::ffi::OsString::from);
            let read = crate::cli::usage::read(lang, arguments);
            assert!(read.is_ok(), "{line}: {}", read.unwrap_err());
        }
    }
}
