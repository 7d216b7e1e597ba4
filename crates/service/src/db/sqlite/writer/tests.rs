//! Random schedules of writes that succeed, fail, panic, are abandoned or find the database locked, compared with what
//! is in the database afterwards. The committer runs on the test's own thread, so a seed always gives the same schedule.

use std::path::Path;

use super::super::connection::Access;
use super::super::migrations;
use super::super::state::State;
use super::*;
use crate::db::committer::Committer;
use crate::db::{Key, values};

const SCHEDULES: u64 = 100;
/// The row that exists before the schedule.
const FIRST: i64 = 0;
const BUSY_TIMEOUT: Duration = Duration::ZERO;

/// What a write does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Insert,
    /// Adds an event too, which is numbered at the end of the group.
    InsertWithEvent,
    /// Its row exists already.
    Repeat,
    FailAfterInsert,
    PanicAfterInsert,
    /// Planted: commits for itself, and fails.
    CommitAndFail,
}

impl Deed {
    fn succeeds(self) -> bool {
        matches!(self, Self::Insert | Self::InsertWithEvent)
    }
}

struct Scheduled {
    n: i64,
    deed: Deed,
    /// Whether its caller is gone before the answer.
    is_abandoned: bool,
}

/// Writes that are queued together, and whether another process has locked the database.
struct Turn {
    writes: Vec<Scheduled>,
    is_locked: bool,
}

fn plan(seed: u64, has_plant: bool) -> Vec<Turn> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut n = 0;
    let mut turn = |random: &mut fastrand::Rng| {
        let writes = (0..random.usize(1..7)).map(|_| {
            n += 1;
            let deed = match random.u32(..12) {
                0 => Deed::FailAfterInsert,
                1 => Deed::PanicAfterInsert,
                2 => Deed::Repeat,
                3 if has_plant => Deed::CommitAndFail,
                4..8 => Deed::InsertWithEvent,
                _ => Deed::Insert,
            };
            Scheduled {
                n,
                deed,
                is_abandoned: random.u32(..8) == 0,
            }
        });
        let writes = writes.collect();
        Turn {
            writes,
            is_locked: random.u32(..10) == 0,
        }
    };
    let turns = random.usize(1..8);
    (0..turns).map(|_| turn(&mut random)).collect()
}

async fn perform(tx: &mut Tx, n: i64, deed: Deed) -> Result<(), Error> {
    let sql = "insert into clients (id, name, created_at) values ($1, $2, 0)";
    let of = if deed == Deed::Repeat { FIRST } else { n };
    if deed == Deed::InsertWithEvent {
        let sql =
            "insert into events (at, kind, client, data) values (0, 'media.stored', $1, '{}')";
        tx.defer(async move |tx| tx.run(sql, values![n]).await.map(drop));
    }
    tx.run(sql, values![of, format!("client {n}")]).await?;
    match deed {
        Deed::FailAfterInsert => Err(Error::Panicked),
        // Without the hook, which prints a backtrace.
        Deed::PanicAfterInsert => std::panic::resume_unwind(Box::new("as planned")),
        Deed::CommitAndFail => {
            tx.run("commit", Vec::new()).await?;
            tx.run("begin immediate", Vec::new()).await?;
            Err(Error::Panicked)
        }
        _ => Ok(()),
    }
}

fn writer(path: &Path, appends: watch_channel::Sender<u64>) -> Writer {
    let connection = Connection::open(path, Access::Create, BUSY_TIMEOUT).unwrap();
    connection.prepare_to_write().unwrap();
    migrations::apply(&connection).unwrap();
    connection
        .batch("pragma synchronous = off; insert into clients (id, name, created_at) values (0, 'first', 0)")
        .unwrap();
    let watch = Watch::new(path, &connection).unwrap();
    let readers = Readers::new(path.to_owned(), BUSY_TIMEOUT, State::default());
    Writer::new(connection, watch, readers, appends)
}

/// Queues the writes of each turn, waits for their answers, and compares.
async fn produce(committer: &Committer, path: &Path, turns: Vec<Turn>) -> Result<(), String> {
    let reader = Connection::open(path, Access::Write, BUSY_TIMEOUT).unwrap();
    let (mut present, mut events) = (vec![FIRST], Vec::new());
    for (at, turn) in turns.into_iter().enumerate() {
        if turn.is_locked {
            reader.batch("begin immediate").unwrap();
        }
        let mut answers = Vec::new();
        for Scheduled {
            n,
            deed,
            is_abandoned,
        } in turn.writes
        {
            let write = committer.write(Key::Nothing, async move |tx: &mut Tx| {
                perform(tx, n, deed).await
            });
            let mut write = Box::pin(write);
            // Queued, but not answered yet.
            assert!(futures_util::poll!(&mut write).is_pending());
            answers.push((n, deed, (!is_abandoned).then_some(write)));
        }
        for (n, deed, write) in answers {
            let succeeds = deed.succeeds() && !turn.is_locked;
            if let Some(write) = write {
                let answer = write.await;
                if answer.is_ok() != succeeds {
                    return Err(format!("turn {at}: {deed:?} {n} answered {answer:?}"));
                }
            }
            if succeeds {
                present.push(n);
                events.extend((deed == Deed::InsertWithEvent).then_some(n));
            }
        }
        // Answered after the writes whose callers are gone.
        let verified = committer.verify().await;
        if turn.is_locked {
            reader.batch("rollback").unwrap();
        } else {
            verified.map_err(|error| error.to_string())?;
        }
        let numbers = |sql: &str| -> Vec<i64> {
            let rows = reader.rows(sql, &[]).unwrap();
            rows.iter().map(|row| row.int("n").unwrap()).collect()
        };
        let found = numbers("select id as n from clients order by id");
        if found != present {
            return Err(format!("turn {at}: rows {found:?} in place of {present:?}"));
        }
        let found = numbers("select client as n from events order by seq");
        if found != events {
            return Err(format!(
                "turn {at}: events {found:?} in place of {events:?}"
            ));
        }
    }
    Ok(())
}

async fn run(seed: u64, has_plant: bool) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.db");
    let (committer, orders, appends) = Committer::without_thread();
    let writer = writer(&path, appends);
    let producing = async {
        let produced = produce(&committer, &path, plan(seed, has_plant)).await;
        committer.close().await;
        produced
    };
    let ((), produced) = tokio::join!(writer.commit_groups(orders), producing);
    produced.map_err(|error| format!("seed {seed}: {error}"))
}

#[tokio::test]
async fn a_write_is_in_the_database_exactly_if_it_was_answered_with_success() {
    for seed in crate::seeds::range(SCHEDULES) {
        run(seed, false).await.unwrap();
    }
}

#[tokio::test]
async fn a_planted_commit_is_found() {
    for seed in 1..=SCHEDULES {
        if run(seed, true).await.is_err() {
            return;
        }
    }
    panic!("the planted commit was not found");
}
