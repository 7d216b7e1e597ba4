//! A gateway is a folder and a variant of one enum.

use std::fs;

use midiateca_service::gateway::Gateway;

use super::{files, roots};

/// The variants but W-API, whose addresses and rows the original system has.
fn variants() -> Vec<String> {
    let others = Gateway::ALL
        .into_iter()
        .filter(|gateway| *gateway != Gateway::Wapi);
    others.map(|gateway| format!("{gateway:?}")).collect()
}

fn named_in(text: &str) -> Vec<String> {
    let is_named = |variant: &String| text.contains(&format!("Gateway::{variant}"));
    variants().into_iter().filter(is_named).collect()
}

#[test]
fn no_other_module_of_the_service_names_a_gateway() {
    let others = files()
        .into_iter()
        .filter(|(module, _)| !["gateway", "cli"].contains(&module.as_str()));
    let wrong: Vec<_> = others
        .map(|(module, text)| (module, named_in(text.split("#[cfg(test)]").next().unwrap())))
        .filter(|(_, named)| !named.is_empty())
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    assert_eq!(named_in("if gateway == Gateway::Waha {"), ["Waha"]);
}

#[test]
fn every_gateway_has_its_folder_with_one_trait_in_each_file() {
    let root = roots()[0].join("gateway");
    let traits = [
        ("read", "Read"),
        ("authenticate", "Authenticate"),
        ("download", "Download"),
        ("admin", "Admin"),
    ];
    for gateway in Gateway::ALL {
        // 360dialog passes on what Meta sends.
        let name = match gateway {
            Gateway::Dialog360 => "meta".to_owned(),
            other => other.as_str().replace('-', "_"),
        };
        let own = fs::read_to_string(root.join(format!("{name}.rs"))).unwrap();
        for (file, of) in traits {
            let begin = format!("impl {of} for ");
            let text = fs::read_to_string(root.join(format!("{name}/{file}.rs")));
            match text {
                Ok(text) => assert!(text.contains(&begin), "{name}/{file}.rs"),
                // A trait of which it needs nothing.
                Err(_) => assert!(own.contains(&begin), "{name}.rs lacks {of}"),
            }
        }
    }
}
