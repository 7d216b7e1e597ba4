//! Constants for the texts of the command line (see `text_keys.rs` in the service), and the version.

use std::path::PathBuf;

#[path = "../service/text_keys.rs"]
mod text_keys;
#[path = "build_version.rs"]
mod version;

fn main() {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("set by cargo"));
    version::emit(&root.join("../.."));
    let has_demo = std::env::var_os("CARGO_FEATURE_DEMO").is_some();
    let mut modules = String::new();
    for file in text_keys::catalogue(&root.join("../service/i18n/en-US")) {
        println!("cargo::rerun-if-changed={}", file.display());
        let topic = text_keys::topic(&file);
        let is_ours = ![&text_keys::BY_CODE[..], &text_keys::OF_THE_SERVICE]
            .concat()
            .contains(&topic.as_str());
        if is_ours && (has_demo || topic != "demo") {
            modules += &text_keys::module(&file, "pub(crate)", "crate::cli::words::TextKey");
        }
    }
    std::fs::write(out.join("text_keys.rs"), modules).expect("OUT_DIR can be written");
}
