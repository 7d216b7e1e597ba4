//! Which media an operation works on.

use crate::db::{Db, Error};
use crate::media::{self, Filter, Media};
use crate::model::{MediaId, MediaStatus};

/// Media by id, and all of some statuses that a filter selects.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    pub media: Vec<MediaId>,
    pub statuses: Vec<MediaStatus>,
    /// Its status is not used.
    pub filter: Filter,
}

impl Selection {
    /// The ids: those that were named, then those of each status for which `accepts` is true.
    pub(super) async fn ids(
        self,
        db: &Db,
        accepts: impl Fn(&Media) -> bool,
    ) -> Result<Vec<MediaId>, Error> {
        let mut ids = self.media;
        for status in self.statuses {
            let filter = Filter {
                status: Some(status),
                ..self.filter.clone()
            };
            let found = media::list(db, &filter, u32::MAX).await?;
            let accepted = found.into_iter().filter(&accepts);
            ids.extend(accepted.map(|media| media.id));
        }
        Ok(ids)
    }
}
