//! What an export will be, by what can be seen without reading: how many files, how many bytes, and whether there is
//! room for them.

use std::path::Path;

use super::super::super::context::Context;
use super::super::super::words::export as words;
use super::PAGE;
use super::report::{Report, Tally};
use super::sink::Outcome;
use super::source::Wrong;
use super::target::Target;
use midiateca_service::app::App;
use midiateca_service::media::{self, Filter, MediaView};
use midiateca_service::storage;

/// What a file takes beside its bytes: its lines in the manifest, and a header or the rest of a block.
const BESIDE_BYTES: u64 = 4_096;

#[derive(Default)]
pub(super) struct Plan {
    pub tally: Tally,
    needed_bytes: u64,
}

impl Plan {
    /// Walks all that is meant; tells the report, if there is one, what is wrong already.
    pub async fn of(
        app: &App,
        filter: &Filter,
        target: &Target,
        report: Option<&Report<'_>>,
    ) -> anyhow::Result<Self> {
        let mut plan = Self::default();
        let mut after = String::new();
        while !app.shutdown.has_begun() {
            let page = media::stored(&app.db, filter, &after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.id);
            for media in page {
                let outcome = glance(app, target, &media);
                plan.tally.count(&media, outcome);
                plan.needed_bytes += match outcome {
                    Outcome::Written => BESIDE_BYTES + size_of(&media),
                    Outcome::Kept | Outcome::Wrong(_) => BESIDE_BYTES,
                };
                if let (Some(report), Outcome::Wrong(wrong)) = (report, outcome) {
                    report.wrong(&media, wrong);
                }
            }
        }
        Ok(plan)
    }

    /// Refuses early what would not fit.
    pub fn check_room(&self, context: &Context, target: &Target) -> anyhow::Result<()> {
        let Some(ground) = target.ground() else {
            return Ok(());
        };
        let free = storage::free_bytes_at(&ground)?;
        if free >= self.needed_bytes {
            return Ok(());
        }
        let (needed, free) = (
            indicatif::HumanBytes(self.needed_bytes),
            indicatif::HumanBytes(free),
        );
        let shown = target.shown();
        let values: [(&str, &dyn std::fmt::Display); 3] =
            [("needed", &needed), ("free", &free), ("target", &shown)];
        let refusal = context.lang.fill(words::NO_ROOM, &values);
        Err(std::io::Error::new(std::io::ErrorKind::StorageFull, refusal).into())
    }
}

fn size_of(media: &MediaView) -> u64 {
    media
        .size
        .and_then(|size| u64::try_from(size).ok())
        .unwrap_or(0)
}

fn glance(app: &App, target: &Target, media: &MediaView) -> Outcome {
    let Some(path) = media.path.as_deref() else {
        return Outcome::Wrong(Wrong::Missing);
    };
    let length = |path: &Path| path.metadata().ok().map(|found| found.len());
    if let Target::Folder(root) = target
        && length(&root.join(path)) == Some(size_of(media))
    {
        return Outcome::Kept;
    }
    match app.vault.size_bytes(path) {
        None => Outcome::Wrong(Wrong::Missing),
        Some(found) if found != size_of(media) => Outcome::Wrong(Wrong::OtherLength),
        Some(_) => Outcome::Written,
    }
}
