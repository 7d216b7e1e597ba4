//! Schemas of codes whose types are another crate's.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use super::{MediaKind, Verification, schema_of_codes};

/// The kind of a media.
pub struct Kind;

impl PartialSchema for Kind {
    fn schema() -> RefOr<Schema> {
        schema_of_codes(&MediaKind::ALL.map(MediaKind::as_str))
    }
}

impl ToSchema for Kind {
    fn name() -> std::borrow::Cow<'static, str> {
        "MediaKind".into()
    }
}

/// How the bytes of a media were verified.
pub struct Proof;

impl PartialSchema for Proof {
    fn schema() -> RefOr<Schema> {
        schema_of_codes(&Verification::ALL.map(Verification::as_str))
    }
}

impl ToSchema for Proof {
    fn name() -> std::borrow::Cow<'static, str> {
        "Verification".into()
    }
}
