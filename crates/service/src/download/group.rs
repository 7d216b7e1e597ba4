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

/// What became of a [`Ready`].
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
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<(Ready, Answer)>,
    running: usize,
}

/// Counts a running group until it is dropped.
struct Place<'a>(&'a Groups);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.lock().running -= 1;
    }
}

impl Groups {
    pub fn new(db: Db, storage: Storage, shutdown: Shutdown) -> Self {
        Self {
            db,
            storage,
            shutdown,
            state: Arc::default(),
        }
    }

    /// Publishes the bytes unless they need more than a new name.
    pub(super) async fn publish(&self, ready: Ready) -> Result<Grouped, Error> {
        let (answer, answered) = oneshot::channel();
        let is_first = {
            let mut state = self.lock();
            state.waiting.push_back((ready, answer));
            let has_place = state.running < MOST_GROUPS;
            state.running += usize::from(has_place);
            has_place
        };
        if is_first {
            // Not part of the caller's task: a download that is stopped must not stop those of others.
            let groups = self.clone();
            self.shutdown.spawn(async move { groups.run().await });
        }
        let interrupted = |_| storage::Error::Io(std::io::ErrorKind::Interrupted.into());
        answered.await.map_err(interrupted)?
    }

    /// Publishes groups until none waits.
    async fn run(&self) {
        let _place = Place(self);
        loop {
            let group: Vec<_> = {
                let mut state = self.lock();
                let count = state.waiting.len().min(LARGEST_GROUP);
                state.waiting.drain(..count).collect()
            };
            if group.is_empty() {
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

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
        Published::Done => Ok(Grouped::Published),
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
