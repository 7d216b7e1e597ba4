//! What `config` says.

words! {
    DEFAULT: "default", "padrão";
}
