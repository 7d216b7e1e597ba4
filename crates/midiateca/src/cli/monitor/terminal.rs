//! The terminal: the alternate screen, restored in every case, and the keys.

use std::io::{self, IsTerminal as _};
use std::mem::ManuallyDrop;

use crossterm::cursor::Show;
use crossterm::event::Event;
use crossterm::terminal::is_raw_mode_enabled;
use tokio::sync::mpsc;

use crate::cli::complaint::Failure;

/// Keys that wait to be handled. More than these, as of a paste, wait in the terminal.
const KEYS: usize = 256;

/// The terminal while it shows the screen. ratatui's terminal is never dropped, because that panics if the terminal is
/// gone; [`restore`] does the rest.
pub(super) struct Screen(ManuallyDrop<ratatui::DefaultTerminal>);

impl Screen {
    /// Switches to raw keys and the alternate screen. A panic in any thread restores the terminal before its message.
    pub fn enter() -> io::Result<Self> {
        let terminal = ratatui::try_init().inspect_err(|_| restore())?;
        Ok(Self(ManuallyDrop::new(terminal)))
    }

    /// Draws one frame. Fails if the terminal is gone, or was restored because of a panic.
    pub fn draw(&mut self, draw: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        if !is_raw_mode_enabled()? {
            return Err(io::Error::other(Failure::Panicked));
        }
        if !io::stdout().is_terminal() {
            return Err(io::ErrorKind::NotConnected.into());
        }
        self.0.draw(draw).map(drop)
    }

    pub fn clear(&mut self) -> io::Result<()> {
        self.0.clear()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// After a panic only the cursor is left to show. Errors mean that the terminal is gone.
fn restore() {
    if is_raw_mode_enabled().unwrap_or(false) {
        let _ = ratatui::try_restore();
    }
    let _ = crossterm::execute!(io::stdout(), Show);
}

/// Keys and changes of the terminal's size. Ends when the terminal can no longer be read.
///
/// They are read on a thread that is never joined: on a terminal that was closed, crossterm reads its end again and again
/// and never returns.
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

    /// The test's own name, and the variable with which it runs itself on a terminal of its own.
    const NAME: &str =
        "cli::monitor::terminal::tests::a_panic_restores_the_terminal_before_its_message";
    const ON_TERMINAL: &str = "MIDIATECA_TEST_ON_TERMINAL";

    fn crash() {
        let mut screen = Screen::enter().expect("the terminal is taken");
        let draw =
            |frame: &mut ratatui::Frame<'_>| frame.render_widget("all is well", frame.area());
        screen.draw(draw).expect("the terminal shows it");
        // In another thread: the loop ends at its next frame.
        let elsewhere = std::thread::spawn(|| panic!("as planned"));
        assert!(elsewhere.join().is_err());
        assert!(screen.draw(draw).is_err());
    }

    #[test]
    fn a_panic_restores_the_terminal_before_its_message() {
        if std::env::var_os(ON_TERMINAL).is_some() {
            return crash();
        }
        let pair = native_pty_system().openpty(PtySize::default()).unwrap();
        let before = format!("{:?}", pair.master.get_termios());
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args(["--exact", NAME, "--nocapture"]);
        command.env(ON_TERMINAL, "1");
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
