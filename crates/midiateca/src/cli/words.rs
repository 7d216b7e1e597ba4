//! The keys of the texts that the command line shows, a module per topic. The build makes them from the English catalogue
//! in `crates/service/i18n`: a key that does not exist does not compile, and one that is not used is a warning.

pub(crate) use midiateca_service::i18n::TextKey;

include!(concat!(env!("OUT_DIR"), "/text_keys.rs"));
