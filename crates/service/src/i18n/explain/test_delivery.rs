//! Errors of a test delivery.

use super::super::Language;
use super::super::keys::errors as words;
use super::Cause;
use super::ground::{coordination, db};
use crate::ops::test_delivery::Error;

pub(super) fn test_delivery(error: &Error, lang: Language) -> Cause {
    match error {
        Error::Db(error) => db(error, lang),
        Error::Coordination(error) => coordination(error, lang),
        Error::Body(_) => Cause::new(lang, words::DELIVERY_NOT_WRITTEN, &[]),
        Error::MediaDeleted => Cause::new(lang, words::MEDIA_DELETED, &[]),
    }
}
