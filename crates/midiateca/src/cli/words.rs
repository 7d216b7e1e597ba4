//! The keys of the texts that the command line shows, a module per topic. The build makes them from the English catalogue
//! in `crates/service/i18n`: a key that does not exist does not compile, and one that is not used is a warning.

pub(crate) use midiateca_service::i18n::TextKey;
/// The former name.
pub(crate) use midiateca_service::i18n::TextKey as Words;

include!(concat!(env!("OUT_DIR"), "/text_keys.rs"));

/// A text that is found by its English form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    pub en: &'static str,
    pub pt: &'static str,
}

/// `"English", "Portuguese";`, any number of times.
macro_rules! texts {
    ($( $en:literal, $pt:literal; )*) => {
        pub(crate) const TEXTS: &[crate::cli::words::Pair] = &[$( crate::cli::words::Pair { en: $en, pt: $pt } ),*];
    };
}

pub(crate) mod help;
