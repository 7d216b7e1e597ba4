//! Files that are ready at the same time are published together: one look into the database, and one sync of each
//! folder. A file that comes alone does not wait for others.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use wa_media::Verified;

use super::publish::Error;
use crate::db::Db;
use crate::media::naming::{self, Known, Wanted};
use crate::model::MediaId;
use crate::shutdown::Shutdown;
use crate::storage::layout::RelativePath;
use crate::storage::{self, NamedStaging, Published, Staging, Storage};

/// Groups that are published at once. A file waits for a group only while so many run.
const MOST_GROUPS: usize = 2;
/// The most files of a group.
const LARGEST_GROUP: usize = 64;

/// The verified bytes of a claimed media, and the name that they should get.
pub(super) struct Ready {
    pub id: MediaId,
    pub fence: i64,
    pub client: i64,
    pub staging: Staging,
    pub verified: Verified,
    pub path: RelativePath,
}

/// The result of publishing a [`Ready`].
pub(super) enum Grouped {
    /// It has its name.
    Published,
    /// The claim was lost, so it got no name.
    Lost,
    /// It got no name yet: another file has it, or one of the client has the same bytes, or it is large.
    Single {
        staging: Staging,
        same_bytes: Option<RelativePath>,
    },
}

type Answer = oneshot::Sender<Result<Grouped, Error>>;

/// Forms the groups; cheap to clone.
#[derive(Clone)]
pub struct Groups {
    db: Db,
    storage: Storage,
    shutdown: Shutdown,
    queue: Arc<Mutex<Queue<(Ready, Answer)>>>,
}

struct Queue<T> {
    waiting: VecDeque<T>,
    /// Tasks that publish groups.
    running: usize,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            running: 0,
        }
    }
}

impl<T> Queue<T> {
    /// Whether a further task has to be started, which is counted already.
    fn add(&mut self, one: T) -> bool {
        self.waiting.push_back(one);
        let has_place = self.running < MOST_GROUPS;
        self.running += usize::from(has_place);
        has_place
    }

    /// The next group of a task. Empty: the task has ended and is no longer counted. Both at once, because a file that
    /// is added in between would wait for a task that has ended.
    fn next(&mut self) -> Vec<T> {
        let count = self.waiting.len().min(LARGEST_GROUP);
        if count == 0 {
            self.running -= 1;
        }
        self.waiting.drain(..count).collect()
    }

    /// A task panicked. What waits for it gets an error.
    fn abandon(&mut self) {
        self.running -= 1;
        if self.running == 0 {
            self.waiting.clear();
        }
    }
}

/// A task that publishes groups; dropped while it is armed only by a panic.
struct Task<'a> {
    groups: &'a Groups,
    is_armed: bool,
}

impl Drop for Task<'_> {
    fn drop(&mut self) {
        if self.is_armed {
            self.groups.lock().abandon();
        }
    }
}

impl Groups {
    pub fn new(db: Db, storage: Storage, shutdown: Shutdown) -> Self {
        Self {
            db,
            storage,
            shutdown,
            queue: Arc::default(),
        }
    }

    /// Publishes the bytes unless they need more than a new name.
    pub(super) async fn publish(&self, ready: Ready) -> Result<Grouped, Error> {
        let (answer, answered) = oneshot::channel();
        let starts = self.lock().add((ready, answer));
        if starts {
            // Not part of the caller's task: a download that is stopped must not stop those of others.
            let groups = self.clone();
            self.shutdown.spawn(async move { groups.run().await });
        }
        let interrupted = |_| storage::Error::Io(std::io::ErrorKind::Interrupted.into());
        answered.await.map_err(interrupted)?
    }

    /// Publishes groups until none waits.
    async fn run(&self) {
        let mut task = Task {
            groups: self,
            is_armed: true,
        };
        loop {
            let group = self.lock().next();
            if group.is_empty() {
                task.is_armed = false;
                return;
            }
            self.publish_group(group).await;
        }
    }

    async fn publish_group(&self, group: Vec<(Ready, Answer)>) {
        let wanted: Vec<_> = group.iter().map(|(ready, _)| wanted(ready)).collect();
        let known = match naming::look_up(&self.db, &wanted).await {
            Ok(known) => known,
            Err(error) => {
                for (_, answer) in group {
                    // The caller was stopped.
                    let _ = answer.send(Err(error.clone().into()));
                }
                return;
            }
        };
        let (mut files, mut answers) = (Vec::new(), Vec::new());
        for ((ready, answer), known) in group.into_iter().zip(known) {
            match decide(ready, known) {
                ControlFlow::Continue(file) => {
                    files.push(file);
                    answers.push(answer);
                }
                ControlFlow::Break(grouped) => drop(answer.send(Ok(grouped))),
            }
        }
        let published = self.storage.publish_together(files).await;
        for (published, answer) in published.into_iter().zip(answers) {
            let grouped = published.map_err(Error::from).and_then(grouped);
            let _ = answer.send(grouped);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue<(Ready, Answer)>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wanted(ready: &Ready) -> Wanted<'_> {
    Wanted {
        id: &ready.id,
        fence: ready.fence,
        client: ready.client,
        sha256: ready.verified.sha256(),
        path: ready.path.as_str(),
    }
}

/// The file to publish, or what becomes of it instead.
fn decide(ready: Ready, known: Known) -> ControlFlow<Grouped, NamedStaging> {
    if !known.is_claimed {
        return ControlFlow::Break(Grouped::Lost);
    }
    if known.is_taken || known.same_bytes.is_some() || !ready.staging.is_small() {
        return ControlFlow::Break(Grouped::Single {
            staging: ready.staging,
            same_bytes: known.same_bytes.and_then(RelativePath::from_row),
        });
    }
    ControlFlow::Continue(NamedStaging {
        staging: ready.staging,
        verified: ready.verified,
        path: ready.path,
    })
}

fn grouped(published: Published) -> Result<Grouped, Error> {
    match published {
        Published::Done | Published::Linked => Ok(Grouped::Published),
        Published::Taken(Some(staging)) => Ok(Grouped::Single {
            staging,
            same_bytes: None,
        }),
        Published::Taken(None) => {
            let taken = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
            Err(storage::Error::from(taken).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiting_file_always_has_a_task_that_publishes_it() {
        for seed in crate::seeds::range(500) {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut queue = Queue::default();
            let mut tasks = 0;
            for step in 0..200 {
                if tasks == 0 || random.u32(..3) == 0 {
                    tasks += usize::from(queue.add(step));
                } else if random.u32(..20) == 0 {
                    queue.abandon();
                    tasks -= 1;
                } else if queue.next().is_empty() {
                    tasks -= 1;
                }
                assert_eq!(queue.running, tasks, "seed {seed}");
                assert!(tasks <= MOST_GROUPS);
                assert!(queue.waiting.is_empty() || tasks > 0, "seed {seed}");
            }
        }
    }
}
