//! Lists the files of the catalogues, so that a new one is compiled in.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

mod text_keys;

fn main() {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("set by cargo"));
    let mut lists = String::new();
    for (name, language) in [("EN_US", "en-US"), ("PT_BR", "pt-BR")] {
        writeln!(lists, "const {name}: &[(&str, &str)] = &[").expect("a string takes it");
        for file in text_keys::catalogue(&root.join("i18n").join(language)) {
            println!("cargo::rerun-if-changed={}", file.display());
            let topic = text_keys::topic(&file);
            writeln!(lists, "    ({topic:?}, include_str!({})),", quoted(&file))
                .expect("a string takes it");
        }
        lists.push_str("];\n");
    }
    let keys = text_keys::OF_THE_SERVICE.map(|topic| {
        let file = root.join(format!("i18n/en-US/{topic}.ftl"));
        text_keys::module(&file, "pub(crate)", "crate::i18n::TextKey")
    });
    let keys = keys.concat();
    std::fs::write(out.join("text_keys.rs"), keys).expect("OUT_DIR can be written");
    std::fs::write(out.join("catalogues.rs"), lists).expect("OUT_DIR can be written");
}

fn quoted(path: &Path) -> String {
    format!("{:?}", path.to_str().expect("the path is UTF-8"))
}
