//! The messages of an accepted delivery that are not filed.

use serde::Serialize;

/// Counts of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct LeftOut {
    /// With media that no reader finds, or that have neither message id nor instance.
    pub unreadable: i64,
    /// Of another instance than the address.
    pub other_instance: i64,
}

impl LeftOut {
    pub fn is_nothing(self) -> bool {
        self == Self::default()
    }
}
