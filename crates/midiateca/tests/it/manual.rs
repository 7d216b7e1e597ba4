//! The manual: what it shows can be typed, and it says the same in both languages.

use std::path::{Path, PathBuf};

use crate::commands::midiateca;

fn page(name: &str) -> String {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    std::fs::read_to_string(root.join("docs").join(name)).unwrap()
}

/// The pages of the manual, without the ending for the language.
fn pages() -> Vec<String> {
    let docs = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs"));
    let names = std::fs::read_dir(docs).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let portuguese = names.filter_map(|name| Some(name.strip_suffix(".pt-BR.md")?.to_owned()));
    portuguese.collect()
}

/// The levels of the headings, and the blocks of code, in their order.
fn shape(text: &str) -> (Vec<usize>, Vec<String>) {
    let (mut headings, mut blocks) = (Vec::new(), Vec::new());
    for (at, part) in text.split("```").enumerate() {
        if at % 2 == 1 {
            blocks.push(part.to_owned());
        } else {
            let lines = part.lines().filter(|line| line.starts_with('#'));
            headings.extend(lines.map(|line| line.split(' ').next().map_or(0, str::len)));
        }
    }
    (headings, blocks)
}

#[test]
fn both_languages_have_the_same_headings_and_the_same_code() {
    let pages = pages();
    assert!(pages.contains(&"operating".to_owned()), "{pages:?}");
    for name in pages {
        let english = shape(&page(&format!("{name}.md")));
        let portuguese = shape(&page(&format!("{name}.pt-BR.md")));
        assert!(!english.0.is_empty(), "{name}");
        assert_eq!(english, portuguese, "{name}");
    }
}

/// The names of command and subcommand in a line, if it is one of this program.
fn command(line: &str) -> Vec<&str> {
    let after = |start: &str| line.split_once(start).map(|(_, rest)| rest);
    let ours = (line.strip_prefix("m "))
        .or_else(|| after("midiateca --data /var/lib/midiateca "))
        .or_else(|| after("midiateca --data /var/tmp/midiateca-trial "))
        .or_else(|| line.strip_prefix("sudo midiateca "))
        .or_else(|| line.strip_prefix("midiateca "));
    let is_name = |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase());
    let words = ours.unwrap_or("").split_whitespace();
    let names: Vec<_> = words.take_while(is_name).collect();
    // The names of shells are lower case too.
    match names.as_slice() {
        ["completions", ..] => vec!["completions"],
        _ => names,
    }
}

#[tokio::test]
async fn every_command_that_the_manual_shows_exists() {
    let mut tried = 0;
    for block in shape(&page("operating.md")).1 {
        for line in block.lines() {
            let mut words = command(line);
            if words.is_empty() {
                continue;
            }
            words.push("--help");
            let output = midiateca(Path::new("."), &words).await;
            assert_eq!(output.status.code(), Some(0), "{line}: {output:?}");
            tried += 1;
        }
    }
    assert!(tried > 20, "only {tried} commands were found");
}

#[tokio::test]
async fn shells_and_manual_know_every_command_and_need_no_data() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("none");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = midiateca(&data, &["completions", shell]).await;
        let script = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{shell}");
        for word in ["backup", "test-webhook", "servir", "with-key"] {
            assert!(script.contains(word), "{shell} does not know {word}");
        }
    }
    let output = midiateca(&data, &["man"]).await;
    let first = String::from_utf8(output.stdout).unwrap();
    let pages = folder.path().join("man1");
    let all = midiateca(&data, &["man", pages.to_str().unwrap()]).await;
    assert_eq!((all.status.code(), all.stdout.len()), (Some(0), 0));
    let help = midiateca(&data, &["--help"]).await;
    let help = String::from_utf8(help.stdout).unwrap();
    let commands = help.split("Commands:").nth(1).unwrap();
    let commands = commands.split("Options:").next().unwrap();
    let names = commands.lines().filter_map(|line| line.strip_prefix("  "));
    let names: Vec<_> = names
        .filter(|line| line.starts_with(|letter: char| letter.is_ascii_lowercase()))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(names.len() > 15, "{names:?}");
    for name in names {
        let page = pages.join(format!("midiateca-{name}.1"));
        assert!(page.is_file(), "{name} has no page");
        assert!(first.contains(&name.replace('-', "\\-")), "{name}");
    }
    assert!(pages.join("midiateca-instance-add.1").is_file());
    assert!(!data.exists(), "a data folder was made");
}

#[tokio::test]
async fn the_manual_has_the_same_pages_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    let mut pages = Vec::new();
    for lang in ["en", "pt-BR"] {
        let target = folder.path().join(lang);
        let target = target.to_str().unwrap();
        let output = midiateca(folder.path(), &["--lang", lang, "man", target]).await;
        assert!(output.status.success(), "{output:?}");
        let names = std::fs::read_dir(target).unwrap();
        let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        pages.push(names);
    }
    assert_eq!(pages[0], pages[1]);
}

#[test]
fn the_manual_pages_name_the_exit_codes_and_nothing_of_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path();
    let write = |lang: &str| {
        let to = target.join(lang);
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_midiateca"));
        command.env("MIDIATECA_DATA", target);
        let output = command.args(["--lang", lang, "man"]).arg(&to).output();
        assert!(output.unwrap().status.success());
        let text = |name: &str| std::fs::read_to_string(to.join(name)).unwrap();
        let names = std::fs::read_dir(&to).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let all: Vec<_> = names.map(|name| text(&name)).collect();
        (text("midiateca.1"), text("midiateca-serve.1"), all)
    };
    let (first, serve, _) = write("en");
    for page in [&first, &serve] {
        let section = ".SH \"EXIT STATUS\"\n0, success; 1, ";
        assert_eq!(page.matches(section).count(), 1, "{page}");
    }
    assert!(serve.contains("[alias: servir]"), "{serve}");
    assert!(serve.contains(env!("CARGO_PKG_VERSION")), "{serve}");
    let (first, serve, all) = write("pt-BR");
    assert!(!first.contains("Códigos de saída: "), "{first}");
    assert!(serve.contains("[também: servir]"), "{serve}");
    for page in all {
        let headings = page.lines().filter_map(|line| line.strip_prefix(".SH "));
        let english = ["NAME", "SYNOPSIS", "DESCRIPTION", "VERSION", "OPTIONS"];
        for heading in headings {
            assert!(!english.contains(&heading), "{heading}: {page}");
        }
        assert!(
            page.contains(".SH \"CÓDIGOS DE SAÍDA\"\n0, concluído; "),
            "{page}"
        );
        // The environment of the run is not in its pages.
        assert!(!page.contains(target.to_str().unwrap()), "{page}");
    }
}

#[tokio::test]
async fn shells_complete_the_kinds_and_statuses_there_are() {
    let output = midiateca(Path::new("."), &["completions", "bash"]).await;
    let script = String::from_utf8(output.stdout).unwrap();
    for list in [
        "image video audio document sticker",
        "pending downloading stored failed expired skipped",
    ] {
        assert!(script.contains(list), "{list}");
    }
}

/// The table of gateways of a document.
fn gateways(document: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(document);
    let text = std::fs::read_to_string(path).unwrap();
    let rows = text
        .lines()
        .skip_while(|line| !line.starts_with("| `--gateway` |"));
    rows.take_while(|line| line.starts_with('|'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_manual_has_the_readmes_table_of_gateways() {
    for (readme, manual) in [
        ("README.md", "docs/operating.md"),
        ("README.pt-BR.md", "docs/operating.pt-BR.md"),
    ] {
        let table = gateways(readme);
        // A heading, a line, and a row for each.
        assert_eq!(
            table.len(),
            2 + midiateca_service::gateway::Gateway::ALL.len(),
            "{readme}"
        );
        assert_eq!(table, gateways(manual), "{manual}");
    }
}
