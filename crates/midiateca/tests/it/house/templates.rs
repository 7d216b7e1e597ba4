//! Templates ask the types of what they show. A code that is written out in a template is not checked by the compiler: a
//! misspelled one is never equal to anything.

use std::fs;
use std::path::Path;

/// Lines that compare with a text.
fn comparisons(template: &str) -> Vec<&str> {
    let compares = |line: &&str| {
        let mut tags = line.split("{%").skip(1).chain(line.split("{{").skip(1));
        tags.any(|tag| {
            let tag = tag.split(['%', '}']).next().unwrap_or_default();
            ["== \"", "!= \"", "\" ==", "\" !=", ".is(\""]
                .iter()
                .any(|comparison| tag.contains(comparison))
        })
    };
    template.lines().filter(compares).collect()
}

#[test]
fn templates_compare_no_codes_as_text() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../service/templates");
    let mut folders = vec![folder];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let template = fs::read_to_string(&path).unwrap();
            let found = comparisons(&template);
            assert!(found.is_empty(), "{}: {found:?}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 30);
}

#[test]
fn a_planted_comparison_is_found() {
    for planted in [
        "{% if status == \"stored\" %}",
        "<b>{% else if media.is(\"status\", \"stored\") %}</b>",
        "{% if name != \"day\" %}",
        "{% if \"day\" == name %}",
    ] {
        assert_eq!(comparisons(planted), [planted]);
    }
    for fine in [
        "<a class=\"x\" href=\"/?a==b\">",
        "{% if media.is_stored() %}",
        "{% if client.text(\"client\") == user.text(\"client\") %}",
    ] {
        assert_eq!(comparisons(fine), Vec::<&str>::new(), "{fine}");
    }
}
