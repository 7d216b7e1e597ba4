//! The terminal: taken as a whole, and given back whatever happens. Its keys.

use std::io::{self, IsTerminal as _};
use std::mem::ManuallyDrop;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::Show;
use crossterm::event::Event;
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::backend::CrosstermBackend;
use tokio::sync::mpsc;

/// Keys that wait to be looked at; a paste may bring more, which then wait in the terminal.
const KEYS: usize = 256;

/// Whether the terminal is ours at the moment.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// Why the screen cannot go on.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum Error {
    /// The terminal was given back, so that the message can be read.
    #[error("something in the program panicked")]
    Panicked,
    /// It cannot be taken, as where it is nobody's terminal.
    #[error("the terminal cannot be taken")]
    NotTaken(#[source] io::Error),
    /// Nobody could end the screen any more.
    #[error("the terminal's keys cannot be read")]
    NoKeys,
}

/// The terminal, ours for as long as this lives. What it draws with is never dropped, for that would panic at a
/// terminal that is gone; [`give_back`] does all that is left to do.
pub(super) struct Screen(ManuallyDrop<ratatui::DefaultTerminal>);

impl Screen {
    /// Takes the terminal: raw keys and the alternate screen. A panic anywhere gives it back before its message.
    pub fn enter() -> io::Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                give_back();
                before(panic);
            }));
        });
        IS_TAKEN.store(true, Ordering::SeqCst);
        let enter = || {
            enable_raw_mode()?;
            crossterm::execute!(io::stdout(), EnterAlternateScreen)?;
            ratatui::Terminal::new(CrosstermBackend::new(io::stdout()))
        };
        enter()
            .map(|terminal| Self(ManuallyDrop::new(terminal)))
            .inspect_err(|_| give_back())
    }

    /// Draws one frame. Fails when the terminal is gone, or was given back because something panicked.
    pub fn draw(&mut self, draw: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        if !IS_TAKEN.load(Ordering::SeqCst) {
            return Err(io::Error::other(Error::Panicked));
        }
        if !io::stdout().is_terminal() {
            return Err(io::ErrorKind::NotConnected.into());
        }
        self.0.draw(draw).map(drop)
    }

    /// Forgets what is shown, so that the next frame is drawn anew.
    pub fn forget(&mut self) -> io::Result<()> {
        self.0.clear()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the terminal back, once. One that is gone needs nothing.
fn give_back() {
    if IS_TAKEN.swap(false, Ordering::SeqCst) {
        let _ = disable_raw_mode();
        let _ = crossterm::execute!(io::stdout(), LeaveAlternateScreen, Show);
    }
}

/// What is typed, and when the terminal changes its size. Ends when the terminal can no longer be read.
///
/// The keys are waited for on a thread of their own that nobody waits for: at a terminal that was closed, crossterm
/// reads the end of it over and over and never returns.
pub(super) fn keys() -> io::Result<mpsc::Receiver<Event>> {
    let (sender, receiver) = mpsc::channel(KEYS);
    std::thread::Builder::new()
        .name("keys".to_owned())
        .spawn(move || {
            while let Ok(event) = crossterm::event::read() {
                if sender.blocking_send(event).is_err() {
                    return;
                }
            }
        })?;
    Ok(receiver)
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Read as _;
    use std::num::NonZeroU16;

    use portable_pty::{CommandBuilder, PtySize, native_pty_system};

    use super::*;

    const CRASH: &str = "cli::monitor::terminal::tests::crash";

    /// Run by the test below, on a terminal of its own.
    #[test]
    #[ignore = "it takes the terminal and panics"]
    fn crash() {
        let mut screen = Screen::enter().unwrap();
        let draw =
            |frame: &mut ratatui::Frame<'_>| frame.render_widget("all is well", frame.area());
        screen.draw(draw).unwrap();
        // Wherever it happens: the loop hears of it at its next frame.
        let elsewhere = std::thread::spawn(|| panic!("as planned"));
        assert!(elsewhere.join().is_err());
        assert!(screen.draw(draw).is_err());
    }

    #[test]
    fn a_crash_gives_the_terminal_back_before_it_is_told_of() {
        let pair = native_pty_system().openpty(PtySize::default()).unwrap();
        let before = format!("{:?}", pair.master.get_termios());
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args(["--exact", CRASH, "--ignored", "--nocapture"]);
        let mut child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (size, width) = (NonZeroU16::new(24), NonZeroU16::new(80));
        let mut parser = vt100::Parser::new(size.unwrap(), width.unwrap(), 0);
        let (mut buffer, mut was_taken) = ([0; 64], false);
        while !parser
            .screen()
            .contents()
            .contains("test result: ok. 1 passed")
        {
            let n = reader.read(&mut buffer).unwrap();
            parser.process(&buffer[..n]);
            was_taken |= parser.screen().alternate_screen();
        }
        assert!(child.wait().unwrap().success());
        let screen = parser.screen();
        assert!(was_taken && !screen.alternate_screen() && !screen.hide_cursor());
        let text = screen.contents();
        assert!(
            text.contains("as planned") && !text.contains("all is well"),
            "{text}"
        );
        assert_eq!(before, format!("{:?}", pair.master.get_termios()));
    }
}
