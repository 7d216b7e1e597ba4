//! The paused programs in the database, where `doctor` and the next server read them.

use std::time::Duration;

use super::Derived;
use super::schedule::ProgramPause;
use crate::coordination::checkpoint::Checkpoint;
use crate::db::{self, Db, Key};
use crate::shutdown::CancellationToken;
use crate::telemetry;

/// After a failed write.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// Those of the running server; without one, those that it left.
pub async fn known(db: &Db) -> Result<Vec<ProgramPause>, db::Error> {
    let known = Checkpoint::ProgramPauses.load(db, "").await?;
    Ok(known.unwrap_or_default())
}

/// Takes over those of the server before, and writes them down when they change, until the shutdown.
pub async fn keep(derived: Derived, cancelled: CancellationToken) {
    let mut logged = loop {
        match known(&derived.db).await {
            Ok(known) => break known,
            Err(error) => {
                let error = telemetry::chain(&error);
                tracing::warn!(error, "the pauses of programs cannot be read");
            }
        }
        tokio::select! {
            () = cancelled.cancelled() => return,
            () = derived.clock.sleep(RETRY_AFTER) => {}
        }
    };
    derived.schedule().restore(&logged);
    let mut pauses = derived.schedule().pauses();
    loop {
        let now = pauses.borrow_and_update().clone();
        log(&logged, &now);
        logged.clone_from(&now);
        let written = write(&derived, now).await;
        if let Err(error) = &written {
            let error = telemetry::chain(error);
            tracing::warn!(error, "the pauses of programs cannot be written");
        }
        let again = async {
            if written.is_err() {
                derived.clock.sleep(RETRY_AFTER).await;
            } else {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = cancelled.cancelled() => return,
            changed = pauses.changed() => if changed.is_err() { return },
            () = again => {}
        }
    }
}

fn log(before: &[ProgramPause], now: &[ProgramPause]) {
    for pause in now.iter().filter(|pause| !before.contains(pause)) {
        tracing::warn!(
            kind = pause.kind.as_str(),
            client = pause.client,
            timeouts = pause.timeouts,
            "a program timed out several times in a row and is paused"
        );
    }
}

async fn write(derived: &Derived, pauses: Vec<ProgramPause>) -> Result<(), db::Error> {
    if known(&derived.db).await? == pauses {
        return Ok(());
    }
    let now = derived.clock.now();
    let writing = derived.db.write(Key::Nothing, async move |tx| {
        let checkpoint = Checkpoint::ProgramPauses;
        if pauses.is_empty() {
            checkpoint.delete(tx, "").await
        } else {
            checkpoint.save(tx, "", &pauses, now).await
        }
    });
    writing.await
}
