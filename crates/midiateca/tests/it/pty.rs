//! The real program on a pseudo-terminal, and the screen that a person would see there.

use std::io::{Read as _, Write as _};
use std::num::NonZeroU16;
use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};
use std::time::Duration;

use portable_pty::{
    Child, CommandBuilder, ExitStatus, MasterPty, PtyPair, PtySize, native_pty_system,
};

const PATIENCE: Duration = Duration::from_secs(60);

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize {
        rows,
        cols: columns,
        ..PtySize::default()
    }
}

fn nonzero(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).unwrap()
}

/// What is on the screen, and a bell for when it changes.
struct Shown {
    screen: Mutex<vt100::Parser>,
    changed: Condvar,
}

/// A program on a terminal of its own.
pub struct Terminal {
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn std::io::Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    shown: Arc<Shown>,
    /// How the terminal was set before the program ran, in words.
    settings: String,
}

/// A command with the surroundings of a test.
pub fn command(program: &str, arguments: &[&str]) -> CommandBuilder {
    let mut command = CommandBuilder::new(program);
    command.args(arguments);
    command.env("TERM", "xterm-256color");
    command.env("LANG", "C");
    for name in ["LC_ALL", "LC_MESSAGES", "NO_COLOR", "RUST_LOG"] {
        command.env_remove(name);
    }
    command
}

fn open(columns: u16, rows: u16) -> PtyPair {
    native_pty_system().openpty(size(columns, rows)).unwrap()
}

impl Terminal {
    /// Starts the command on a terminal of that size.
    pub fn start(command: CommandBuilder, columns: u16, rows: u16) -> Self {
        let pair = open(columns, rows);
        let settings = format!("{:?}", pair.master.get_termios());
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let parser = vt100::Parser::new(nonzero(rows), nonzero(columns), 0);
        let shown = Arc::new(Shown {
            screen: Mutex::new(parser),
            changed: Condvar::new(),
        });
        let (mut reader, seen) = (pair.master.try_clone_reader().unwrap(), Arc::clone(&shown));
        std::thread::spawn(move || {
            let mut buffer = [0; 4_096];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                let screen = seen.screen.lock();
                let mut screen = screen.unwrap_or_else(PoisonError::into_inner);
                screen.process(&buffer[..n]);
                drop(screen);
                seen.changed.notify_all();
            }
            seen.changed.notify_all();
        });
        Self {
            writer: pair.master.take_writer().unwrap(),
            master: pair.master,
            child,
            shown,
            settings,
        }
    }

    /// Waits until the screen is as wanted, and gives its text.
    pub fn wait_until(&self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) -> String {
        let guard = self
            .shown
            .screen
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (guard, _) = self
            .shown
            .changed
            .wait_timeout_while(guard, PATIENCE, |parser| !wanted(parser.screen()))
            .unwrap();
        let text = guard.screen().contents();
        assert!(wanted(guard.screen()), "no {what} on\n{text}");
        text
    }

    /// Waits until the screen shows all of these.
    pub fn wait_for(&self, texts: &[&str]) -> String {
        self.wait_until(&format!("{texts:?}"), |screen| {
            let contents = screen.contents();
            texts.iter().all(|text| contents.contains(text))
        })
    }

    /// Types.
    pub fn press(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    /// Makes the terminal another size.
    pub fn resize(&self, columns: u16, rows: u16) {
        let mut screen = self.shown.screen.lock().unwrap();
        screen
            .screen_mut()
            .set_size(nonzero(rows), nonzero(columns));
        self.master.resize(size(columns, rows)).unwrap();
    }

    /// Asks the program to end, as `kill` does.
    pub fn terminate(&self) {
        let pid = self.child.process_id().unwrap().to_string();
        let kill = std::process::Command::new("kill").arg(pid).status();
        assert!(kill.unwrap().success());
    }

    /// Waits for the end, after which the terminal must be as it was.
    pub fn ended(self) -> (ExitStatus, String) {
        let status = wait(self.child);
        let settings = format!("{:?}", self.master.get_termios());
        assert_eq!(self.settings, settings, "the terminal was left otherwise");
        (status, self.shown.after())
    }
}

impl Shown {
    /// What is left on the screen once the program has ended.
    fn after(&self) -> String {
        let guard = self.screen.lock().unwrap();
        let (guard, _) = self
            .changed
            .wait_timeout_while(guard, PATIENCE, |parser| {
                parser.screen().alternate_screen() || parser.screen().hide_cursor()
            })
            .unwrap();
        let screen = guard.screen();
        assert!(
            !screen.alternate_screen(),
            "the alternate screen was left on"
        );
        assert!(!screen.hide_cursor(), "the cursor was left hidden");
        screen.contents()
    }
}

/// Waits for a process, but not for ever.
fn wait(mut child: Box<dyn Child + Send + Sync>) -> ExitStatus {
    let mut killer = child.clone_killer();
    let (end, ended) = mpsc::channel();
    std::thread::spawn(move || end.send(child.wait().unwrap()));
    ended.recv_timeout(PATIENCE).unwrap_or_else(|_| {
        killer.kill().unwrap();
        panic!("the program does not end")
    })
}

/// Starts the command, and closes the terminal under it as soon as that shows `text`.
pub fn close_under(command: CommandBuilder, text: &str) -> ExitStatus {
    let pair = open(80, 24);
    let child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().unwrap();
    let mut parser = vt100::Parser::new(nonzero(24), nonzero(80), 0);
    let mut buffer = [0; 4_096];
    while !parser.screen().contents().contains(text) {
        let n = reader.read(&mut buffer).unwrap();
        parser.process(&buffer[..n]);
    }
    drop((reader, pair.master));
    wait(child)
}
