//! A line that is typed on a terminal and not shown.

use std::io::{self, Write as _};

use crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use crossterm::terminal;

/// Gives the terminal its echo back, also after an error.
struct Raw;

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = terminal::disable_raw_mode();
        eprintln!("");
    }
}

/// Asks on stderr. Nothing is echoed from before the question is shown; Ctrl-C and Ctrl-D give it up.
pub(super) fn ask(question: &str) -> io::Result<String> {
    terminal::enable_raw_mode()?;
    let _raw = Raw;
    write!(io::stderr(), "{question}")?;
    io::stderr().flush()?;
    let mut line = String::new();
    loop {
        match event::read()? {
            Event::Paste(text) => line.push_str(&text),
            Event::Key(key) if key.kind != KeyEventKind::Release => match key.code {
                KeyCode::Enter => return Ok(line),
                KeyCode::Backspace => drop(line.pop()),
                KeyCode::Char('c' | 'd') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                    return Err(io::ErrorKind::Interrupted.into());
                }
                KeyCode::Char('u') if key.modifiers.contains(KeyModifiers::CONTROL) => line.clear(),
                KeyCode::Char('j' | 'm') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                    return Ok(line);
                }
                KeyCode::Char(letter) => line.push(letter),
                _ => {}
            },
            _ => {}
        }
    }
}
