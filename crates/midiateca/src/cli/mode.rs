//! How this run answers.

use std::sync::OnceLock;

#[derive(Clone, Copy, Default)]
pub(crate) struct Mode {
    pub is_json: bool,
    /// Whether text for people on stdout has colors.
    pub is_colored: bool,
}

static MODE: OnceLock<Mode> = OnceLock::new();

/// A run has one mode, from its options.
pub(crate) fn set_mode(mode: Mode) {
    MODE.get_or_init(|| mode);
}

pub(super) fn mode() -> Mode {
    MODE.get().copied().unwrap_or_default()
}

pub(crate) fn is_json() -> bool {
    mode().is_json
}
