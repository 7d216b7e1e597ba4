//! Taking over another system's data.

/// The Django system that midiateca replaces.
pub mod multichat;
