//! The loop of the full screen: keys, news and the clock come in, frames go out. It ends on q, Esc or Ctrl-C, on
//! SIGTERM, and when the terminal is gone; however it ends, the terminal is given back first.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::Event;
use tokio::sync::{mpsc, watch};

use super::draw::{self, Skin};
use super::state::{Notice, State, Step};
use super::terminal::{self, Screen};
use crate::cli::Ending;
use crate::cli::complaint;
use crate::cli::context::Context;
use midiateca_service::app::{AllowedStorage, App};
use midiateca_service::model::MediaId;
use midiateca_service::ops::live::{self, Sampler, Update};
use midiateca_service::ops::retry;
use midiateca_service::shutdown;

/// The clock in the first line goes on at least so often.
const TICK: Duration = Duration::from_millis(500);
/// Updates and results that wait to be shown.
const WAITING: usize = 16;

pub(super) async fn run(context: Context) -> anyhow::Result<Ending> {
    // Before the screen is taken, so that an error is shown as by other commands.
    let app = context
        .open_existing_allowing(AllowedStorage::Unused)
        .await?;
    let skin = Skin {
        lang: context.lang,
        has_color: context.color.is_on(&std::io::stdout()),
    };
    let data = context.data.display().to_string();
    let (wanted, wanted_there) = watch::channel(live::Options::default());
    let (results, retried) = mpsc::channel(WAITING);
    let (news, updates) = mpsc::channel(WAITING);
    let source = live::Source {
        db: app.db.clone(),
        storage: app.storage.clone(),
    };
    let deps = live::Deps {
        data: app.data.clone(),
        config: app.config.clone(),
        clock: app.clock.clone(),
        coordination: app.coordination.clone(),
        tasks: app.shutdown.clone(),
    };
    let sampler = Sampler::new(deps, source, wanted_there, news);
    let mut desk = Desk {
        state: State::new(data, skin.lang, app.clock.now()),
        app: Arc::clone(&app),
        source: sampler.source(),
        skin,
        wanted,
        results,
        retried,
        updates,
    };
    let outcome = match Screen::enter() {
        Ok(screen) => {
            let sampling = app.shutdown.spawn(sampler.run());
            let outcome = desk.watch(screen).await;
            app.shutdown.begin();
            drop(desk);
            // One that panicked has said so.
            let _ = sampling.await;
            outcome
        }
        Err(error) if is_gone(&error) => Err(error),
        Err(error) => Err(io::Error::new(
            error.kind(),
            terminal::Error::NotTaken(error),
        )),
    };
    app.shutdown.begin();
    app.shutdown.finished().await;
    match outcome {
        Err(error) if is_gone(&error) => Ok(Ending::Fine),
        outcome => Ok(outcome.map(|()| Ending::Fine)?),
    }
}

/// Whether nobody is left to be told anything.
fn is_gone(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, NotConnected};
    // EIO is what a terminal says whose other end was closed.
    matches!(error.kind(), BrokenPipe | NotConnected)
        || cfg!(unix) && error.raw_os_error() == Some(5)
}

struct Desk {
    app: Arc<App>,
    /// The database that is shown.
    source: watch::Receiver<live::Source>,
    state: State,
    skin: Skin,
    wanted: watch::Sender<live::Options>,
    results: mpsc::Sender<Notice>,
    retried: mpsc::Receiver<Notice>,
    updates: mpsc::Receiver<Update>,
}

impl Desk {
    async fn watch(&mut self, mut screen: Screen) -> io::Result<()> {
        let stop = shutdown::stop_signal();
        let hangup_signal = shutdown::hangup_signal();
        tokio::pin!(stop, hangup_signal);
        let mut keys = terminal::keys()?;
        let mut tick = tokio::time::interval(TICK);
        loop {
            self.state.now = self.app.clock.now();
            screen.draw(|frame| draw::draw(frame, &self.state, self.skin))?;
            let step = tokio::select! {
                biased;
                () = &mut stop => Step::End,
                () = &mut hangup_signal => return Err(io::ErrorKind::NotConnected.into()),
                event = keys.recv() => match event {
                    Some(event) => self.key(event),
                    None => return Err(io::Error::other(terminal::Error::NoKeys)),
                },
                Some(update) = self.updates.recv() => {
                    self.state.apply(update);
                    Step::Stay
                }
                Some(notice) = self.retried.recv() => {
                    self.state.notify(notice);
                    Step::Stay
                }
                _ = tick.tick() => Step::Stay,
            };
            match self.go_on(step, &mut keys) {
                Step::End => return Ok(()),
                Step::Redraw => screen.forget()?,
                Step::Stay | Step::Retry(_) => {}
            }
        }
    }

    /// In a task, because a write may have to wait for another process.
    fn retry(&self, id: MediaId) {
        let live::Source { db, storage } = self.source.borrow().clone();
        let (clock, results) = (self.app.clock.clone(), self.results.clone());
        let lang = self.skin.lang;
        self.app.shutdown.spawn(async move {
            let outcome = retry::retry(&db, &storage, &clock, &id, false).await;
            let outcome = outcome.map_err(|error| complaint::why(&error, lang));
            let _ = results.send(Notice::Retried(id, outcome)).await;
        });
    }

    fn key(&mut self, event: Event) -> Step {
        match event {
            Event::Key(key) => self.state.key(key),
            _ => Step::Stay,
        }
    }

    /// Takes at once whatever else was typed, so that a paste does not cost a frame for each letter.
    fn go_on(&mut self, mut step: Step, keys: &mut mpsc::Receiver<Event>) -> Step {
        loop {
            if let Step::Retry(id) = &step {
                self.retry(id.clone());
            }
            if step == Step::End {
                return step;
            }
            match keys.try_recv() {
                Ok(event) => step = self.key(event),
                Err(_) => break,
            }
        }
        self.wanted.send_if_modified(|wanted| {
            let is_other = *wanted != self.state.wanted;
            wanted.clone_from(&self.state.wanted);
            is_other
        });
        step
    }
}
