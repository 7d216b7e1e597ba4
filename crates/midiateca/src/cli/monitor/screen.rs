//! The loop of the full screen: keys, updates and the time come in, frames go out. It ends on q, Esc, Ctrl-C and SIGTERM,
//! and when the terminal is gone; the terminal is restored first in each case.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::Event;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::draw;
use super::state::{Notice, State, Step};
use super::terminal::{self, Screen};
use crate::cli::{Context, Ending, complaint, complaint::Failure};
use midiateca_service::access::Actor;
use midiateca_service::app::{AllowedStorage, App};
use midiateca_service::model::MediaId;
use midiateca_service::ops::live::{self, Sampler, Update};
use midiateca_service::ops::retry;
use midiateca_service::shutdown;

/// How often the time on the screen is updated at least.
const TICK: Duration = Duration::from_millis(500);
const WAITING: usize = 16;

pub(super) async fn run(context: &Context) -> anyhow::Result<Ending> {
    // Before the screen is taken, so that an error is shown as by other commands.
    let app = context.open_existing(AllowedStorage::Unused).await?;
    let data = context.data.display().to_string();
    let mut state = State::new(data, context.lang, app.clock.now());
    state.has_color = context.color.is_on(&io::stdout());
    let (wanted, options) = watch::channel(live::Options::default());
    let (sender, updates) = mpsc::channel(WAITING);
    let (deps, source) = app.live_deps();
    let sampler = Sampler::new(deps, source, options, sender);
    let mut monitor = Monitor {
        app: Arc::clone(&app),
        actor: context.actor.clone(),
        source: sampler.source(),
        state,
        wanted,
        retries: JoinSet::new(),
        updates,
    };
    let result = match Screen::enter() {
        Ok(screen) => {
            let sampler = app.shutdown.spawn(sampler.run());
            let result = monitor.run(screen).await;
            while monitor.retries.join_next().await.is_some() {}
            app.shutdown.begin();
            drop(monitor);
            // A panic was reported by the hook.
            let _ = sampler.await;
            result
        }
        Err(error) if is_gone(&error) => Err(error),
        Err(error) => Err(io::Error::new(error.kind(), Failure::NoTerminal(error))),
    };
    app.shutdown.begin();
    app.shutdown.finished().await;
    match result {
        Err(error) if is_gone(&error) => Ok(Ending::Fine),
        result => Ok(result.map(|()| Ending::Fine)?),
    }
}

/// Whether the terminal was closed.
fn is_gone(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, NotConnected};
    // EIO is the error of a terminal whose other end was closed.
    matches!(error.kind(), BrokenPipe | NotConnected)
        || cfg!(unix) && error.raw_os_error() == Some(5)
}

struct Monitor {
    app: Arc<App>,
    actor: Actor,
    source: watch::Receiver<live::LiveSource>,
    state: State,
    wanted: watch::Sender<live::Options>,
    retries: JoinSet<Notice>,
    updates: mpsc::Receiver<Update>,
}

impl Monitor {
    async fn run(&mut self, mut screen: Screen) -> io::Result<()> {
        let stop = shutdown::stop_signal();
        let hangup_signal = shutdown::hangup_signal();
        tokio::pin!(stop, hangup_signal);
        let mut keys = terminal::keys()?;
        let mut tick = tokio::time::interval(TICK);
        loop {
            self.state.now = self.app.clock.now();
            screen.draw(|frame| draw::draw(frame, &self.state))?;
            let step = tokio::select! {
                biased;
                () = &mut stop => return Ok(()),
                () = &mut hangup_signal => return Err(io::ErrorKind::NotConnected.into()),
                event = keys.recv() => match event {
                    Some(event) => self.events(event, &mut keys),
                    None => return Err(io::Error::other(Failure::NoKeys)),
                },
                Some(update) = self.updates.recv() => {
                    self.state.apply(update);
                    Step::Stay
                }
                Some(Ok(notice)) = self.retries.join_next() => {
                    self.state.notify(notice);
                    Step::Stay
                }
                _ = tick.tick() => Step::Stay,
            };
            match step {
                Step::End => return Ok(()),
                Step::Redraw => screen.clear()?,
                Step::Stay | Step::Retry(_) => {}
            }
        }
    }

    /// Handles an event and all that wait, so that a paste does not cost a frame per letter.
    fn events(&mut self, first: Event, keys: &mut mpsc::Receiver<Event>) -> Step {
        let (mut next, mut step) = (Some(first), Step::Stay);
        while let Some(event) = next {
            if let Event::Key(key) = event {
                step = self.state.key(key);
            }
            match &step {
                Step::End => return step,
                Step::Retry(id) => self.retry(id.clone()),
                Step::Stay | Step::Redraw => {}
            }
            next = keys.try_recv().ok();
        }
        self.wanted.send_if_modified(|wanted| {
            let is_other = *wanted != self.state.wanted;
            wanted.clone_from(&self.state.wanted);
            is_other
        });
        step
    }

    /// In a task, because a write may wait for another process.
    fn retry(&mut self, id: MediaId) {
        let live::LiveSource { db, storage } = self.source.borrow().clone();
        let (clock, lang) = (self.app.clock.clone(), self.state.lang);
        let actor = self.actor.clone();
        self.retries.spawn(async move {
            let result = retry::one(&db, &storage, &clock, &actor, &id).await;
            Notice::Retried(id, result.map_err(|error| complaint::why(&error, lang)))
        });
    }
}
