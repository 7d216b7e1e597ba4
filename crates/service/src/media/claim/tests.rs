//! Random schedules of claims, renewals, settlements, crashes and commands, compared with a model after every step.

use std::time::Duration;

use crate::clock::{MINUTE, Millis, SECOND};
use crate::db::{Db, Error, Key, Tx, Value, values};
use crate::model::{InstanceId, MediaId, MediaStatus, Reason, Route, Verification};
use crate::queue::{self, Counts, Job, Lease, Quota, Settled, Settlement, Stored};

const SCHEDULES: u64 = 200;
const STEPS: usize = 40;
const LEASE: Millis = MINUTE;
const OWNERS: [&str; 3] = ["a", "b", "c"];
const INSTANCE: &str = "MODEL1";

/// An error that is planted into the simulated nodes, to prove that the model finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plant {
    Nothing,
    /// A node settles with the row's fence in place of its claim's.
    AnyFence,
    /// Leases lapse before their end.
    EarlyLapse,
    /// A restarted node releases the claims of all nodes.
    ReleaseAll,
}

/// The expected state of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ready,
    Waiting(Millis),
    Claimed { owner: usize, until: Millis },
    Stored,
    Failed,
    Dismissed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Expected {
    state: State,
    fence: i64,
}

/// A claim that a node believes to have. Nodes do not notice that a claim was lost, as after a long pause.
struct Belief {
    job: Job,
    media: usize,
    owner: usize,
}

struct World {
    random: fastrand::Rng,
    plant: Plant,
    now: Millis,
    expected: Vec<Expected>,
    beliefs: Vec<Belief>,
}

fn id(media: usize) -> MediaId {
    MediaId(format!("m{media}"))
}

fn lease(owner: usize, now: Millis) -> Lease {
    Lease {
        owner: OWNERS[owner].to_owned(),
        until: now + LEASE,
    }
}

fn stored(media: usize) -> Stored {
    Stored {
        route: Route::Cdn,
        mime: "image/jpeg".to_owned(),
        size_bytes: 1,
        sha256: [u8::try_from(media).unwrap(); 32],
        verified: Verification::Full,
        path: format!("p{media}"),
        is_shared: false,
    }
}

impl World {
    fn new(seed: u64, plant: Plant) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let count = random.usize(1..5);
        Self {
            random,
            plant,
            now: 1_000_000_000,
            expected: vec![
                Expected {
                    state: State::Ready,
                    fence: 0
                };
                count
            ],
            beliefs: Vec::new(),
        }
    }

    fn owner(&mut self) -> usize {
        self.random.usize(..OWNERS.len())
    }

    fn media(&mut self) -> usize {
        self.random.usize(..self.expected.len())
    }

    fn has(&self, belief: &Belief) -> bool {
        let expected = &self.expected[belief.media];
        matches!(expected.state, State::Claimed { .. }) && expected.fence == belief.job.fence
    }

    /// One step; returns its description.
    async fn step(&mut self, tx: &mut Tx) -> Result<String, String> {
        match self.random.u32(..100) {
            0..20 => self.claim(tx).await,
            20..50 => self.settle(tx).await,
            50..60 => self.renew(tx).await,
            60..70 => {
                self.now += self.random.i64(0..2 * LEASE);
                Ok(format!("the clock is {}", self.now))
            }
            70..85 => self.promote(tx).await,
            85..90 => self.restart(tx).await,
            _ => self.command(tx).await,
        }
    }

    async fn claim(&mut self, tx: &mut Tx) -> Result<String, String> {
        let owner = self.owner();
        let all = self.random.i64(1..4);
        let quota = Quota {
            all,
            repeats: all,
            only_inline: false,
        };
        let instance = InstanceId(INSTANCE.to_owned());
        let lease = lease(owner, self.now);
        let jobs = queue::claim(tx, &instance, quota, &lease, self.now);
        let jobs = jobs.await.unwrap();
        let ready = self.expected.iter().filter(|it| it.state == State::Ready);
        let wanted = ready.count().min(usize::try_from(all).unwrap_or_default());
        if jobs.len() != wanted {
            return Err(format!("{} claimed in place of {wanted}", jobs.len()));
        }
        let mut names = Vec::new();
        for job in jobs {
            let media = (0..self.expected.len()).find(|media| id(*media) == job.id);
            let media = media.ok_or("an unknown media was claimed")?;
            let expected = &mut self.expected[media];
            if expected.state != State::Ready || job.fence != expected.fence + 1 {
                return Err(format!("{} claimed in state {expected:?}", job.id.as_str()));
            }
            let until = self.now + LEASE;
            *expected = Expected {
                state: State::Claimed { owner, until },
                fence: job.fence,
            };
            names.push(job.id.as_str().to_owned());
            self.beliefs.push(Belief { job, media, owner });
        }
        Ok(format!("{} claims {names:?}", OWNERS[owner]))
    }

    async fn settle(&mut self, tx: &mut Tx) -> Result<String, String> {
        if self.beliefs.is_empty() {
            return Ok("nothing to settle".to_owned());
        }
        let at = self.random.usize(..self.beliefs.len());
        let belief = self.beliefs.swap_remove(at);
        let has_claim = self.has(&belief);
        let until = self.now + self.random.i64(1..MINUTE);
        let (settled, state) = match self.random.u32(..4) {
            0 => (Settled::Returned, State::Ready),
            1 => {
                let postponed = Settled::Postponed {
                    reason: Reason::CdnFailed,
                    until,
                    counts: Counts::AsFailure,
                };
                (postponed, State::Waiting(until))
            }
            2 => {
                let ended = Settled::Ended {
                    status: MediaStatus::Failed,
                    reason: Reason::CdnExpired,
                };
                (ended, State::Failed)
            }
            _ => (Settled::Stored(stored(belief.media)), State::Stored),
        };
        let mut job = belief.job.clone();
        if self.plant == Plant::AnyFence {
            let claimed = queue::claimed_in(tx).await.unwrap();
            let other = claimed.into_iter().find(|other| other.id == job.id);
            job = other.unwrap_or(job);
        }
        let settling = queue::settle(tx, &job, &settled, &[], self.now);
        let settlement = settling.await.unwrap();
        let wanted = if has_claim {
            self.expected[belief.media].state = state;
            Settlement::Done
        } else {
            Settlement::Lost
        };
        let step = format!(
            "{} settles m{} as {state:?}: {settlement:?}",
            OWNERS[belief.owner], belief.media
        );
        if settlement == wanted {
            Ok(step)
        } else {
            Err(format!("{step} in place of {wanted:?}"))
        }
    }

    async fn renew(&mut self, tx: &mut Tx) -> Result<String, String> {
        if self.beliefs.is_empty() {
            return Ok("nothing to renew".to_owned());
        }
        let at = self.random.usize(..self.beliefs.len());
        let (job, media, owner) = {
            let belief = &self.beliefs[at];
            (belief.job.clone(), belief.media, belief.owner)
        };
        let has_claim = self.has(&self.beliefs[at]);
        let until = self.now + LEASE;
        let renewed = queue::renew(tx, &job.id, job.fence, until).await;
        let renewed = renewed.unwrap();
        if has_claim {
            self.expected[media].state = State::Claimed { owner, until };
        }
        let step = format!("{} renews m{media}: {renewed}", OWNERS[owner]);
        if renewed == has_claim {
            Ok(step)
        } else {
            Err(step)
        }
    }

    async fn promote(&mut self, tx: &mut Tx) -> Result<String, String> {
        let now = match self.plant {
            Plant::EarlyLapse => self.now + LEASE / 2,
            _ => self.now,
        };
        queue::promote_due(tx, now).await.unwrap();
        for expected in &mut self.expected {
            match expected.state {
                State::Waiting(until) if until <= self.now => expected.state = State::Ready,
                State::Claimed { until, .. } if until < self.now => expected.state = State::Ready,
                _ => {}
            }
        }
        Ok("due media become ready".to_owned())
    }

    /// A node is killed, or it hangs and a new process takes its name.
    async fn restart(&mut self, tx: &mut Tx) -> Result<String, String> {
        let owner = self.owner();
        let released: &[usize] = match self.plant {
            Plant::ReleaseAll => &[0, 1, 2],
            _ => &[owner],
        };
        for other in released {
            let releasing = queue::release(tx, OWNERS[*other]).await;
            releasing.unwrap();
        }
        for expected in &mut self.expected {
            if matches!(expected.state, State::Claimed { owner: of, .. } if of == owner) {
                expected.state = State::Ready;
            }
        }
        let is_killed = self.random.bool();
        if is_killed {
            self.beliefs.retain(|belief| belief.owner != owner);
        }
        Ok(format!("{} restarts, killed: {is_killed}", OWNERS[owner]))
    }

    /// A command of an operator, or a repair.
    async fn command(&mut self, tx: &mut Tx) -> Result<String, String> {
        let media = self.media();
        let kind = self.random.u32(..5);
        let name = ["requeue", "dismiss", "lost", "restore", "put back"][kind as usize];
        let ran = self.run(tx, kind, media).await;
        ran.unwrap();
        Ok(format!("{name} m{media}"))
    }

    async fn run(&mut self, tx: &mut Tx, kind: u32, media: usize) -> Result<(), Error> {
        let of = id(media);
        let expected = &mut self.expected[media];
        match kind {
            0 => {
                queue::requeue(tx, &of, self.now).await?;
                if !matches!(expected.state, State::Stored | State::Claimed { .. }) {
                    expected.state = State::Ready;
                }
            }
            1 => {
                queue::dismiss(tx, &of).await?;
                if expected.state == State::Failed {
                    expected.state = State::Dismissed;
                }
            }
            2 => {
                queue::requeue_lost(tx, &of, self.now).await?;
                if expected.state == State::Stored {
                    expected.state = State::Ready;
                }
            }
            3 => {
                let file = stored(media);
                if queue::restore(tx, &file.path, &file.sha256)
                    .await?
                    .is_some()
                {
                    *expected = Expected {
                        state: State::Stored,
                        fence: expected.fence + 1,
                    };
                }
            }
            _ => {
                let until = self.now + MINUTE;
                let Some(belief) = self.beliefs.pop() else {
                    return Ok(());
                };
                queue::put_back(tx, &belief.job.id, belief.job.fence, until).await?;
                if self.has(&belief) {
                    self.expected[belief.media].state = State::Waiting(until);
                }
            }
        }
        Ok(())
    }

    /// Compares every row with its expected state.
    async fn compare(&self, tx: &mut Tx) -> Result<(), String> {
        let sql = "select id, status, next_attempt_at, lease_owner, lease_until, fence from media order by id";
        let rows = tx.rows(sql, values![]).await.unwrap();
        if rows.len() != self.expected.len() {
            return Err("a row is missing".to_owned());
        }
        for (row, expected) in rows.iter().zip(&self.expected) {
            let found = || -> Result<Option<Expected>, Error> {
                let until = row.int_or_none("lease_until")?;
                let owner = row.text_or_none("lease_owner")?;
                let owner = owner.and_then(|name| OWNERS.iter().position(|other| *other == name));
                let next = row.int_or_none("next_attempt_at")?;
                let state = match (row.text("status")?.as_str(), next, owner, until) {
                    ("pending", None, None, None) => State::Ready,
                    ("pending", Some(until), None, None) => State::Waiting(until),
                    ("downloading", None, Some(owner), Some(until)) => {
                        State::Claimed { owner, until }
                    }
                    ("stored", None, None, None) => State::Stored,
                    ("failed", None, None, None) => State::Failed,
                    ("dismissed", None, None, None) => State::Dismissed,
                    _ => return Ok(None),
                };
                let fence = row.int("fence")?;
                Ok(Some(Expected { state, fence }))
            };
            let found = found().unwrap();
            if found != Some(*expected) {
                return Err(format!("{found:?} in place of {expected:?}"));
            }
        }
        Ok(())
    }

    /// Nothing is lost: once all leases and waits are over, each media that has not ended can be claimed and stored.
    async fn finish(&mut self, tx: &mut Tx) -> Result<(), String> {
        self.beliefs.clear();
        self.now += 10 * LEASE;
        self.promote(tx).await?;
        let is_open = |it: &Expected| it.state == State::Ready;
        let open = self.expected.iter().filter(|it| is_open(it)).count();
        let ended =
            |it: &Expected| matches!(it.state, State::Stored | State::Failed | State::Dismissed);
        if open + self.expected.iter().filter(|it| ended(it)).count() != self.expected.len() {
            return Err("a media is stuck".to_owned());
        }
        let quota = Quota {
            all: i64::MAX,
            repeats: i64::MAX,
            only_inline: false,
        };
        let instance = InstanceId(INSTANCE.to_owned());
        let lease = lease(0, self.now);
        let jobs = queue::claim(tx, &instance, quota, &lease, self.now);
        let jobs = jobs.await.unwrap();
        if jobs.len() == open {
            Ok(())
        } else {
            Err(format!("{} of {open} can be claimed", jobs.len()))
        }
    }
}

async fn fill(tx: &mut Tx, count: usize, now: Millis) -> Result<(), Error> {
    tx.run("delete from media", values![]).await?;
    let sql = "insert into media (id, instance, client, gateway, message_id, slot, delivery, kind, key_kind, from_me, is_group, voice_note,
                 received_at, file_time, media_key_malformed, inline, status, deadline)
               values ($1, $2, 1, 'wapi', $1, 0, '', 'image', 'image', 0, 0, 0, $3, $3, 0, 0, 'pending', $4)";
    for media in 0..count {
        let deadline = now + 1_000_000 * SECOND + i64::try_from(media).unwrap_or(0);
        let values: Vec<Value> = values![id(media).as_str(), INSTANCE, now, deadline];
        tx.run(sql, values).await?;
    }
    Ok(())
}

/// Runs one schedule; the error has its steps.
async fn run(db: &Db, seed: u64, plant: Plant) -> Result<(), String> {
    let schedule = async move |tx: &mut Tx| -> Result<Result<(), String>, Error> {
        let mut world = World::new(seed, plant);
        fill(tx, world.expected.len(), world.now).await?;
        let mut steps = Vec::new();
        for n in 0..=STEPS {
            let step = match n {
                STEPS => world.finish(tx).await.map(|()| "the end".to_owned()),
                _ => world.step(tx).await,
            };
            let compared = match step {
                Ok(step) => {
                    steps.push(step);
                    match n {
                        STEPS => Ok(()),
                        _ => world.compare(tx).await,
                    }
                }
                Err(error) => Err(error),
            };
            if let Err(error) = compared {
                let steps = steps.join("\n");
                return Ok(Err(format!("seed {seed}, {plant:?}:\n{steps}\n{error}")));
            }
        }
        Ok(Ok(()))
    };
    let ran = db.write(Key::Everything, schedule).await;
    // A refused statement is no difference that the model found.
    ran.unwrap_or_else(|error| panic!("seed {seed}: {error}"))
}

async fn database(folder: &tempfile::TempDir) -> Db {
    let path = folder.path().join("t.db");
    let db = Db::open(&path, Duration::from_secs(1)).await.unwrap();
    db.write(Key::Everything, async |tx| {
        let sql = "insert into clients (id, name, created_at) values (1, 'Model', 0)";
        tx.run(sql, values![]).await?;
        let sql = "insert into instances (id, client, gateway, api_base, hook_hash, created_at) values ($1, 1, 'wapi', 'x', $2, 0)";
        tx.run(sql, values![INSTANCE, [0; 32]]).await
    })
    .await
    .unwrap();
    db
}

#[tokio::test]
async fn claims_follow_the_model_in_every_schedule() {
    let folder = tempfile::tempdir().unwrap();
    let db = database(&folder).await;
    for seed in crate::seeds::range(SCHEDULES) {
        run(&db, seed, Plant::Nothing).await.unwrap();
    }
    db.close().await;
}

#[tokio::test]
async fn the_model_finds_planted_errors() {
    let folder = tempfile::tempdir().unwrap();
    let db = database(&folder).await;
    for plant in [Plant::AnyFence, Plant::EarlyLapse, Plant::ReleaseAll] {
        let mut found = None;
        for seed in 1..=SCHEDULES {
            if let Err(error) = run(&db, seed, plant).await {
                found = Some(error);
                break;
            }
        }
        assert!(found.is_some(), "{plant:?} was not found");
    }
    db.close().await;
}
